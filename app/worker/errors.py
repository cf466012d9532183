"""What can end a job, and whether it is tried again: each class of error has its own answer."""

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

from app.errors import (
    BadRelease,
    Busy,
    Conflict,
    DatabaseUnavailable,
    MiradaError,
    NotFound,
    PhotoStoreUnavailable,
    StorageFull,
)

LONGEST_WAIT_S = 300
SCALE_WAIT_S = 10
SURPRISES = 3

PASSING = (DatabaseUnavailable, Busy, StorageFull)
"""What is waited for, however long it takes."""


class JobReturned(MiradaError):
    """The worker was asked to stop; what it has not scored goes back to the queue."""

    code = "job-returned"


class ReleaseMissing(BadRelease):
    """The folder of a registered release is not in the release store, or is damaged."""

    code = "release-missing"


class ScaleAwaited(MiradaError):
    """The first pass over the reference photos of the release is not finished."""

    code = "scale-awaited"


class ScoringFailed(MiradaError):
    """Jobs were given up; the log says why."""

    code = "scoring-failed"


class Retries(BaseRetryStrategy):
    """A lost database, a full disk or an absent store passes; a missing release does not.

    What nobody foresaw is tried three times, since a device may have had a bad moment.
    """

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        match exception:
            case JobReturned():
                return RetryDecision(retry_in={"seconds": 0})
            case ScaleAwaited():
                return RetryDecision(retry_in={"seconds": SCALE_WAIT_S})
            case (
                DatabaseUnavailable() | Busy() | StorageFull() | PhotoStoreUnavailable() | OSError()
            ):
                wait_s = min(2 ** min(job.attempts, 10), LONGEST_WAIT_S)
                return RetryDecision(retry_in={"seconds": wait_s})
            case BadRelease() | NotFound() | Conflict():
                return None
        if job.attempts + 1 >= SURPRISES:
            return None
        return RetryDecision(retry_in={"seconds": 2})
