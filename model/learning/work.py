"""What every fit of one training shares."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from model.config import Config
from model.learning.checkpoint import Keeper
from model.learning.distributed import Group
from model.learning.features import Progress
from model.learning.journal import Journal


@dataclass(frozen=True)
class Work:
    """folder: for states and logs; None in a process that keeps none.

    A fit is named by its attribute, or `together`.
    """

    config: Config
    group: Group
    folder: Path | None
    progress: Progress
    _turn: Lock = field(default_factory=Lock)

    def keeper(self, fit: str) -> Keeper:
        path = None if self.folder is None else self.folder / f"{fit}.state"
        return Keeper(path, self.config.fitting.checkpoint_s)

    def journal(self, fit: str) -> Journal:
        return Journal(fit, None if self.folder is None else self.folder / f"{fit}.csv")

    def teller(self, fit: str) -> Callable[[int, int], None]:
        """Progress of one fit; fits may run side by side."""

        def tell(done: int, total: int) -> None:
            with self._turn:
                self.progress(fit, done, total)

        return tell
