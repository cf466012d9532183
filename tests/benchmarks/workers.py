"""Whether two workers do twice the work of one: `python -m tests.benchmarks.workers`.

Two `mirada worker` processes, each bound to a core, share one queue. In every round each scores
the batch alone, and then both score it together; the figure is the rate of both over the sum of
the rates of each alone, in the median of the rounds.
"""

import os
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sqlalchemy import select

from app import queue
from app.tables import Release
from tests.benchmarks.batch import Batch, add_release, run
from tests.benchmarks.bounds import Bounds
from tests.benchmarks.installation import Installation, Process

PHOTOS, ROUNDS = 576, 5
NOBODY = 0
"""No photo has this id."""


@dataclass(frozen=True)
class Round:
    """Photos a second; shares: how many photos each worker scored when both did."""

    one: float
    other: float
    both: float
    shares: list[int]

    @property
    def ratio(self) -> float:
        return self.both / (self.one + self.other)


@contextmanager
def occupied(stand: Installation, release_id: int) -> Iterator[None]:
    """Whichever worker is free first has a job meanwhile that waits for a lock, and costs nothing.

    So the other is alone, and both stay as they are: loaded, warm and known to the queue.
    """
    with stand.sessions.begin() as holder:
        holder.execute(select(Release.id).where(Release.id == release_id).with_for_update())
        with stand.sessions.begin() as session:
            before = queue.running_jobs(session)
            queue.defer_scoring(session, release_id, [NOBODY], priority=queue.UPKEEP_PRIORITY)
        stand.wait("a worker has the job", lambda: running(stand) == before + 1)
        yield


def running(stand: Installation) -> int:
    with stand.sessions() as session:
        return queue.running_jobs(session)


def measure_round(
    stand: Installation, batch: Batch, workers: list[Process], idlers: list[int]
) -> Round:
    number = len(batch.photo_ids)
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(occupied(stand, idlers[0]))
        one = number / batch.score(1)
        # The worker that was alone is the only one that is free.
        second.enter_context(occupied(stand, idlers[1]))
        first.close()
        stand.wait("the first worker is free", lambda: running(stand) == 1)
        other = number / batch.score(1)
        second.close()
        stand.wait("both workers are free", lambda: running(stand) == 0)
        before = [worker.photos() for worker in workers]
        both = number / batch.score()
        after = [worker.photos() for worker in workers]
    shares = [now - was for now, was in zip(after, before, strict=True)]
    return Round(one, other, both, shares)


def measure(stand: Installation, batch: Batch, rounds: int) -> list[Round]:
    cores = sorted(os.sched_getaffinity(0))[:2]
    # On a machine of one core there is nothing to gain, and it is said by the figure.
    workers = [stand.start("worker", core=core) for core in (cores * 2)[:2]]
    stand.wait("both workers are there", lambda: live(stand) == 2)
    idlers = [add_release(stand, name) for name in ("idle-1", "idle-2")]
    # Once to warm up: torch is loaded with the first photos.
    found = [measure_round(stand, batch, workers, idlers) for _ in range(rounds + 1)]
    return found[1:]


def live(stand: Installation) -> int:
    with stand.sessions() as session:
        return queue.live_workers(session)


def report(rounds: list[Round], number: int, source: str) -> Bounds:
    ratios = [each.ratio for each in rounds]
    bounds = Bounds(f"Two workers, a core each: {number} photos {source}, {len(rounds)} rounds")
    for name, rates in (
        ("one alone", [each.one for each in rounds]),
        ("the other alone", [each.other for each in rounds]),
        ("both", [each.both for each in rounds]),
    ):
        bounds.told(f"{name}, photos/s", statistics.median(rates))
    shares = ", ".join("+".join(map(str, each.shares)) for each in rounds)
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    bounds.at_least("both / sum of each", statistics.median(ratios), 0.9, f"rounds {spread}")
    twice = max(abs(sum(each.shares) - number) for each in rounds)
    bounds.at_most("photos scored twice", twice, 0, f"by each: {shares}")
    return bounds


def main(arguments: list[str] | None = None) -> int:
    return run("workers", __doc__, arguments, PHOTOS, ROUNDS, measure, report)


if __name__ == "__main__":
    sys.exit(main())
