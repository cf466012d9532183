"""The progress bar of an import; on anything but a terminal it draws nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

Step = Callable[[str, int, int | None], None]
"""(what is done now, how much of it is done, of how many; None while nobody knows)."""


@contextmanager
def bar() -> Iterator[Step]:
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as it:
        task = it.add_task("", total=None)

        def step(what: str, done: int, total: int | None) -> None:
            it.update(task, description=what, completed=done, total=total)

        yield step


def silent(what: str, done: int, total: int | None) -> None:
    """For callers without a terminal."""
