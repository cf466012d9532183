"""`make faults`, or `python -m tests.faults --seed 7 --photos 1000`: everything is killed, often.

Ends with 1 where anything was lost, came twice or was left over; then logs and data are kept.
"""

import argparse
import random
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.faults import trial


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, help="of the plan and the photos; drawn if absent")
    parser.add_argument("--photos", type=int, help="files to upload")
    parser.add_argument("--short", action="store_true", help="the plan of `make test`")
    given = parser.parse_args()
    form = trial.SHORT if given.short else trial.FULL
    if given.photos is not None:
        form = replace(form, photos=given.photos)
    seed = random.randrange(10**6) if given.seed is None else given.seed
    folder = Path(tempfile.mkdtemp(prefix="mirada-faults-"))
    # The account of PostgreSQL must be able to pass.
    folder.chmod(0o755)
    print(f"seed {seed}, {form.photos} photos, in {folder}", flush=True)
    outcome = trial.run(folder, form, seed, lambda line: print(line, flush=True))
    print(outcome.table())
    if outcome.wrong:
        print(f"seed {seed}: {len(outcome.wrong)} checks failed; logs and data are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


sys.exit(main())
