"""What can go wrong with votes, photos, networks and releases, as sentences for the user."""


class ModelError(Exception):
    """Its text says what was wrong, where, and what to do."""


class VotesError(ModelError):
    """A votes file that cannot be read, or that leaves too few votes to train or judge."""


class PhotosError(ModelError):
    """A folder of photos that cannot be used."""


class ConfigError(ModelError):
    """A training configuration with an unknown key or a value out of range."""


class WeightsError(ModelError):
    """Pretrained weights that could not be had, or do not fit the network."""


class ReleaseError(ModelError):
    """A release folder that is corrupt, foreign, newer than this program, or in the way."""


class DeviceError(ModelError):
    """A device that is not there, or whose memory does not hold a single photo."""


class UnreadablePhoto(ModelError):
    """One photo that gave no pixels. `code` is `missing`, `unreadable` or `too-large`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
