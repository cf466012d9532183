"""Many people look at a map while a batch is scored: `python -m tests.benchmarks.viewers`.

1.2 million synthetic photos, nginx with the project's configuration in front of the web process,
and a worker that scores a batch with the release that is looked at, so that new versions are
published meanwhile. locust makes the viewers; all runs on the cores of one machine. It needs nginx,
and makes an environment for locust under `.mirada/locust` the first time.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from sqlalchemy import select, text, update

from app import batches, queue
from app.attributes import KEYS
from app.batches import BatchIn
from app.demo import synth
from app.photos.insert import insert
from app.tables import Release, cell_total
from tests import nginx
from tests.benchmarks import environment, street
from tests.benchmarks.__main__ import load_areas
from tests.benchmarks.batch import SIDE_PX, stored
from tests.benchmarks.bounds import Bounds
from tests.benchmarks.installation import Installation, installed
from tests.benchmarks.model import make_release
from tests.benchmarks.street import StreetPhoto
from tests.benchmarks.tiles import Steps
from tests.benchmarks.web import Health, Web, free_port

PHOTOS, VIEWERS, SECONDS = 1_200_000, 200, 60
BATCH = 10_000
"""More photos than a worker scores within the time, so that it is busy throughout."""
ALONE_S = 20
ZOOM = 13
LOCUSTFILE = Path(__file__).parent / "locustfile.py"


@dataclass(frozen=True)
class Looked:
    """took_ms: of each answer by kind, infinite for one that failed. scored: photos meanwhile."""

    took_ms: dict[str, list[float]]
    health_ms: list[float]
    scored: int
    published: int

    @property
    def failed(self) -> int:
        return sum(ms == float("inf") for each in self.took_ms.values() for ms in each)


def prepare(stand: Installation, photos: int, taken: Sequence[StreetPhoto]) -> None:
    """The synthetic release gets networks, so that a batch is scored with it."""
    with stand.sessions() as session:
        load_areas(session)
    synth.make(stand.sessions, photos)
    make_release(stand.settings.release_dir / synth.RELEASE, KEYS, SIDE_PX)
    with stand.sessions.begin() as session:
        session.execute(update(Release).where(Release.name == synth.RELEASE).values(kind="rankers"))
        batch = batches.create(session, BatchIn(title="b", source="bench", licence="none"))
        with_numbers = enumerate(islice(cycle(taken), BATCH))
        insert(session, [stored(stand, photo, n, batch.id, False) for n, photo in with_numbers])
        batches.complete(session, batch.id)


def write_places(stand: Installation, path: Path) -> None:
    """Where viewers begin: tiles in proportion to nothing but that photos are in them."""
    with stand.sessions() as session:
        cells = select(cell_total.c.x, cell_total.c.y).where(cell_total.c.z == ZOOM)
        tiles = [list(row) for row in session.execute(cells.order_by(cell_total.c.q))]
    path.write_text(json.dumps({"zoom": ZOOM, "tiles": tiles}), encoding="utf-8")


@contextmanager
def proxied(stand: Installation, web: Web) -> Iterator[int]:
    folder = stand.folder / "nginx"
    folder.mkdir()
    port = free_port()
    sites = nginx.filled(str(port), f"127.0.0.1:{web.port}", folder)
    with nginx.running(folder, port, sites):
        yield port


def look(stand: Installation, web: Web, port: int, viewers: int, seconds: int) -> Looked:
    home = environment.folder("locust")
    places, said = stand.folder / "places.json", stand.folder / "said.json"
    write_places(stand, places)
    before = state(stand)
    with Health(web) as health:
        # It ends with 1 where a request failed, which is a figure here.
        run = subprocess.run(
            [
                *(home / "bin" / "locust", "-f", LOCUSTFILE, "--headless", "--only-summary"),
                *("--users", str(viewers), "--spawn-rate", str(max(1, viewers // 5))),
                *("--run-time", f"{seconds}s", "--host", f"http://127.0.0.1:{port}"),
            ],
            env=os.environ | {"VIEWERS_PLACES": str(places), "VIEWERS_SAID": str(said)},
            capture_output=True,
            text=True,
            check=False,
        )
    if not said.exists():
        raise RuntimeError(f"locust said nothing:\n{run.stderr[-3000:]}")
    took_ms = json.loads(said.read_text(encoding="utf-8"))
    said.unlink()
    after = state(stand)
    return Looked(took_ms, health.took_ms, after[0] - before[0], after[1] - before[1])


def state(stand: Installation) -> tuple[int, int]:
    """How many photos of the batch are scored, and the version of the release."""
    scored = text("""
        SELECT count(*) FROM score JOIN photo ON photo.id = photo_id WHERE batch_id IS NOT NULL
    """)
    with stand.sessions() as session:
        version = select(Release.version).where(Release.name == synth.RELEASE)
        return session.scalar(scored) or 0, session.scalar(version) or 0


def measure(stand: Installation, given: argparse.Namespace, bounds: Bounds) -> None:
    steps = Steps()
    taken, source = street.photos(given.folder, 576)
    steps.say(f"{given.photos:,} photos are made")
    prepare(stand, given.photos, taken)
    web = stand.serve()
    with proxied(stand, web) as port:
        steps.say(f"one viewer alone for {ALONE_S} s")
        alone = look(stand, web, port, 1, ALONE_S)
        stand.start("worker")
        stand.wait("the worker scores", lambda: state(stand)[0] > 0)
        steps.say(f"{given.viewers} viewers for {given.seconds} s, while {source} are scored")
        crowd = look(stand, web, port, given.viewers, given.seconds)
        with stand.sessions() as session:
            is_busy = queue.live_jobs(session) > 0
    if not is_busy:
        raise RuntimeError("The batch was done before the viewers were.")
    report(bounds, alone, crowd, given.seconds)


def report(bounds: Bounds, alone: Looked, crowd: Looked, seconds: int) -> None:
    bounds.told("photos scored meanwhile, a second", crowd.scored / seconds)
    bounds.told("versions published meanwhile", crowd.published)
    for kind, took_ms in crowd.took_ms.items():
        failed = sum(ms == float("inf") for ms in took_ms)
        note = f"median {statistics.median(took_ms):.1f} ms, {failed} failed"
        bounds.told(f"{kind}: answers a second", len(took_ms) / seconds, note)
    bounds.at_most("requests that failed", crowd.failed + alone.failed, 0)
    one = statistics.median(alone.took_ms["tile"])
    p99 = float(np.percentile(crowd.took_ms["tile"], 99))
    note = f"{p99:.0f} ms / {one:.1f} ms, of {len(crowd.took_ms['tile']):,} tiles"
    bounds.at_most("tiles: p99 of all / p50 of one viewer", p99 / one, 20, note)
    slowest = f"{len(crowd.health_ms)} times, slowest {max(crowd.health_ms):.0f} ms"
    bounds.at_most("/healthz, median ms", statistics.median(crowd.health_ms), 100, slowest)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.viewers", description=__doc__)
    parser.add_argument("--photos", type=int, default=PHOTOS)
    parser.add_argument("--viewers", type=int, default=VIEWERS)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    street.add_option(parser)
    given = parser.parse_args(arguments)
    if nginx.executable() is None:
        parser.error("it needs nginx: run `make setup`")
    bounds = Bounds(f"{given.viewers} viewers of {given.photos:,} photos for {given.seconds} s")
    with installed() as stand:
        measure(stand, given, bounds)
    bounds.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
