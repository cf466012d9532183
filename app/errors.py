"""Errors are words of the domain; `HTTP_STATUS` is the one place that gives them a status.

A message says what was wrong, where, and what to do: it is shown to people as it stands.
"""


class MiradaError(Exception):
    """Root of all errors that a person can act upon. `code` is stable and part of the API."""

    code = "error"


class BadRequest(MiradaError):
    """A parameter is out of its range or contradicts another."""

    code = "bad-request"


class NotFound(MiradaError):
    """The thing that was named is not there."""

    code = "not-found"


class PhotoNotFound(NotFound):
    code = "photo-not-found"


class ReleaseNotFound(NotFound):
    code = "release-not-found"


class NoActiveRelease(NotFound):
    """Nothing has been scored yet, so there is nothing to show."""

    code = "no-active-release"


class LayerNotFound(NotFound):
    code = "layer-not-found"


class AreaNotFound(NotFound):
    code = "area-not-found"


class TileNotFound(NotFound):
    """z, x, y out of range, or a release or version that does not exist."""

    code = "tile-not-found"


class ReportNotFound(NotFound):
    code = "report-not-found"


class BatchNotFound(NotFound):
    code = "batch-not-found"


class Conflict(MiradaError):
    """The request contradicts what is already stored."""

    code = "conflict"


class DuplicatePhoto(Conflict):
    code = "duplicate-photo"


class NameTaken(Conflict):
    code = "name-taken"


class ScoresMissing(Conflict):
    """Activating the release would leave `missing` photos without a score."""

    code = "scores-missing"

    def __init__(self, message: str, missing: int) -> None:
        super().__init__(message)
        self.missing = missing


class RejectedFile(MiradaError):
    """An uploaded file that cannot become a photo; `reason` is a stable verdict code."""

    code = "rejected-file"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class BadFile(MiradaError):
    """A file to import that cannot be read at all, or is of another kind."""

    code = "bad-file"


class BadRelease(MiradaError):
    """A release folder that is corrupt, foreign, or of a newer format."""

    code = "bad-release"


class NotSignedIn(MiradaError):
    code = "not-signed-in"


class Forbidden(MiradaError):
    code = "forbidden"


class TooManyAttempts(MiradaError):
    code = "too-many-attempts"


class Busy(MiradaError):
    """All connections of a pool are taken; the same request may succeed a moment later."""

    code = "busy"


class DatabaseUnavailable(MiradaError):
    """The database cannot be used now: away, too old, without PostGIS, or not migrated."""

    code = "database-unavailable"


class DatabaseAway(DatabaseUnavailable):
    code = "database-away"


class DatabaseTooOld(DatabaseUnavailable):
    code = "database-too-old"


class PostgisMissing(DatabaseUnavailable):
    code = "postgis-missing"


class NotMigrated(DatabaseUnavailable):
    code = "not-migrated"


class PhotoStoreUnavailable(MiradaError):
    """The photo store cannot be used now; what was under way can be done again."""

    code = "photo-store-unavailable"


class PhotoStoreAway(PhotoStoreUnavailable):
    """It does not answer, it refuses us, or not one file is there that should be."""

    code = "photo-store-away"


class PhotoStoreForeign(PhotoStoreUnavailable):
    """It is marked as the store of another database."""

    code = "photo-store-foreign"


class StorageFull(MiradaError):
    """A disk is full, the database's or the photo store's: the same succeeds once there is room."""

    code = "storage-full"


class SetupMissing(MiradaError):
    """Something of the system that Mirada stands on is not installed."""

    code = "setup-missing"


HTTP_STATUS: dict[type[MiradaError], int] = {
    BadRequest: 422,
    NotFound: 404,
    Conflict: 409,
    RejectedFile: 422,
    BadFile: 422,
    BadRelease: 422,
    NotSignedIn: 401,
    Forbidden: 403,
    TooManyAttempts: 429,
    Busy: 429,
    DatabaseUnavailable: 503,
    PhotoStoreUnavailable: 503,
    StorageFull: 507,
    SetupMissing: 500,
}


def http_status(error: MiradaError) -> int:
    """The status of the nearest class of the error that has one; 500 for none."""
    return next((HTTP_STATUS[c] for c in type(error).__mro__ if c in HTTP_STATUS), 500)
