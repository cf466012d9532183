"""How far the queue is, for who watches a worker that runs until all is done."""

from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from app import queue
from app.db import SessionFactory, driver_errors


class Progress:
    """A bar on the terminal where `shown`; otherwise the log says the same, a line a job."""

    def __init__(self, sessions: SessionFactory, shown: bool) -> None:
        self._sessions = sessions
        self._bar: Bar | None = None
        if shown:
            self._bar = Bar(
                SpinnerColumn(),
                TextColumn("Scoring photos"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
            )
            self._task = self._bar.add_task("", total=None)
        self._done = 0

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def scored(self, photos: int) -> None:
        """More may come in meanwhile: the total is what is done and what is queued now."""
        if self._bar is None:
            return
        self._done += photos
        with driver_errors(), self._sessions.begin() as session:
            left = queue.live_photos(session) - photos
        total = self._done + max(0, left)
        self._bar.update(self._task, completed=self._done, total=total)
