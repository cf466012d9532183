"""From an empty folder to a verdict: installation, photos, plan, run, checks."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app import cluster
from app.settings import Settings
from tests.faults import checks
from tests.faults import folder as folders
from tests.faults.checks import Check
from tests.faults.installation import Installation
from tests.faults.line import Line
from tests.faults.plan import Kills, draw
from tests.faults.run import NotFinished, Run


@dataclass(frozen=True)
class Form:
    """photos: files to upload, per_s: at this pace. down_s: for so long at most is a process dead.

    side_px: what the networks see, which says how long a job takes. quick: workers are taken for
    dead after 3 s and not after 30 s. limit_s: for the run.
    """

    photos: int
    per_s: float
    kills: Kills
    down_s: float
    side_px: int
    quick: bool
    limit_s: float


FULL = Form(1000, 6.0, Kills(worker=20, database=3, web=3, client=3), 3.0, 384, False, 560)
SHORT = Form(48, 10.0, Kills(worker=3, database=1, web=1, client=1), 0.7, 160, True, 240)


@dataclass
class Outcome:
    """facts: what happened, for who reads it. checks: what had to be so."""

    facts: list[tuple[str, object]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    @property
    def wrong(self) -> list[Check]:
        return [check for check in self.checks if not check.holds]

    def table(self) -> str:
        lines = [f"{what:<58} {value}" for what, value in self.facts]
        lines += ["", f"{'checked':<58} found"]
        for check in self.checks:
            found = f"{check.found}"
            shown = found if len(found) <= 60 else f"{found[:57]}…"
            verdict = "" if check.holds else f"   WRONG, not {check.wanted}"
            lines.append(f"{check.what:<58} {shown}{verdict}")
        return "\n".join(lines)


def run(folder: Path, form: Form, seed: int, tell: Callable[[str], None]) -> Outcome:
    """folder: empty, and open to the account that PostgreSQL runs as."""
    began = time.monotonic()
    sent = folders.make(folder / "photos", form.photos, seed)
    outcome = Outcome()
    with ExitStack() as stack:
        installation = stack.enter_context(_installation(folder, form))
        line = stack.enter_context(Line(installation.port, form.per_s))
        plan = draw(seed, form.kills, form.down_s)
        running = Run(installation, sent, line, plan, form.limit_s, tell)
        try:
            running()
            outcome.checks.append(Check("the batch", "finished", "finished"))
        except NotFinished as error:
            outcome.checks.append(Check("the batch", str(error), "finished"))
        finally:
            running.client.stop()
            outcome.checks.append(_stopped(installation))
        outcome.facts += _facts(running, line, installation)
        outcome.checks += _plan_done(running, form.kills)
        outcome.checks += checks.all_of(installation, sent, line)
    outcome.facts.append(("seconds in all", round(time.monotonic() - began)))
    return outcome


@contextmanager
def _installation(folder: Path, form: Form) -> Iterator[Installation]:
    settings = Settings(data_dir=folder / "data")
    try:
        installation = Installation(folder, settings, side_px=form.side_px, quick=form.quick)
        yield installation
        installation.engine.dispose()
    finally:
        cluster.remove(settings.data_dir)


def _stopped(installation: Installation) -> Check:
    try:
        installation.stop()
    except subprocess.TimeoutExpired as error:
        return Check("stopping", str(error), "when asked")
    return Check("stopping", "when asked", "when asked")


def _plan_done(running: Run, kills: Kills) -> list[Check]:
    """All of it came to pass, and half of the workers were hit while they worked."""
    report = running.report
    done = [Check(f"{kind} killed", report.kills[kind], n) for kind, n in vars(kills).items()]
    enough = all(2 * report.hits[kind] >= n for kind, n in vars(kills).items())
    return [*done, Check("at least half of each kind hit work", enough, True)]


def _facts(running: Run, line: Line, installation: Installation) -> list[tuple[str, object]]:
    report = running.report
    ends = {
        process.name: process.own_ends
        for process in (installation.web, *installation.workers, running.client)
        if process.own_ends
    }
    sent = [
        sum(answer.status is not None for answer in answers)
        for answers in line.acknowledged.values()
    ]
    return [
        ("seconds until everything was ready", round(report.prepared_s)),
        ("seconds from the first photo to the end", round(report.took_s)),
        ("kills that met work", dict(report.hits)),
        ("jobs of killed workers given back", checks.recovered_jobs(installation)),
        ("requests cut off", line.cut),
        ("answers by status", dict(sorted(line.statuses.items()))),
        ("files that were sent and answered again", sum(n - 1 for n in sent if n > 1)),
        ("files that no row knew before the sweep", checks.orphans(installation)),
        ("processes that ended by themselves, with their status", ends or "none"),
    ]
