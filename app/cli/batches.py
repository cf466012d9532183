"""`mirada batches`: list batches, score one again, take one back."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app import opening

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.batches import Progress
    from app.tables import Batch

app = typer.Typer(help="List, score, cancel and delete batches.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(metavar="ID", help="Number of the batch, as in its address.")]


@app.command("list")
def list_batches(
    before: Annotated[int | None, typer.Option(min=1, help="Those older than this batch.")] = None,
) -> None:
    """Print the newest 200 batches, or those before one."""
    from app import batches

    with opening.sessions(opening.settings()) as factory, factory() as session:
        for batch in batches.listing(session, before):
            counts = batch.counts
            print(
                f"{batch.id}: {batch.title}, {batch.state}, {counts.files} files, "
                f"{counts.accepted} accepted, {counts.scored} scored"
            )


@app.command()
def show(batch: Id) -> None:
    """Print what became of a batch's files, and how far its scoring is."""
    from app import batches

    with opening.sessions(opening.settings()) as factory, factory() as session:
        _print(batches.progress(session, batch))


@app.command()
def verdicts(
    batch: Id,
    out: Annotated[Path, typer.Option(help="File to write, .csv.")],
) -> None:
    """Write the verdict of each file as CSV."""
    from app import batches
    from app.batches import verdict_table

    with opening.sessions(opening.settings()) as factory:
        with factory() as session:
            files = batches.progress(session, batch).counts.files
        with out.open("xb") as file:
            file.writelines(verdict_table.lines(factory, batch))
        print(f"{files} verdicts of batch {batch} are in {out}")


@app.command()
def complete(batch: Id) -> None:
    """Take no more files, and score all that were accepted."""
    from app import batches

    _change(batches.complete, batch)


@app.command()
def score(batch: Id) -> None:
    """Score now what has come so far; an open batch goes on taking files."""
    from app import batches

    _change(batches.score, batch)


@app.command()
def retry(batch: Id) -> None:
    """Score again what could not be read or was given up."""
    from app import batches

    _change(batches.retry, batch)


@app.command()
def cancel(batch: Id) -> None:
    """Stop a batch: no more files, no more scores; what was scored stays."""
    from app import batches

    with opening.sessions(opening.settings()) as factory:
        with factory.begin() as session:
            batches.cancel(session, batch)
        print(f"batch {batch} is cancelled")


@app.command()
def delete(
    batch: Id,
    allow_again: Annotated[
        bool, typer.Option("--allow-again", help="Accept the same files again.")
    ] = False,
    reason: Annotated[
        str, typer.Option(help="Why the files are refused from now on.")
    ] = "its batch was taken down",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a batch with its photos, files and scores. Started again, it goes on."""
    from app import batches
    from app.batches.removal import photos_left
    from app.photos.location import open_store

    settings = opening.settings()
    with opening.sessions(settings) as factory:
        with factory() as session:
            title = batches.get(session, batch).title
            number = photos_left(session, batch)
        if not yes:
            typer.confirm(f"Delete batch {batch} «{title}» with its {number} photos?", abort=True)
        with factory.begin() as session:
            batches.begin_deletion(session, batch, refuse=not allow_again, reason=reason)
        batches.delete(factory, open_store(settings.photo_location), batch)
        print(f"batch {batch} is deleted, {number} photos")


def _change(act: "Callable[[Session, int], Batch]", batch: int) -> None:
    from app import batches
    from app.db import driver_errors

    with opening.sessions(opening.settings()) as factory:
        with driver_errors(), factory.begin() as session:
            act(session, batch)
        with factory() as session:
            _print(batches.progress(session, batch))


def _print(progress: "Progress") -> None:
    """Without a live worker, also what starts one."""
    counts = progress.counts
    print(f"batch {progress.id}: {progress.title}, {progress.state}")
    for name, number in counts.model_dump().items():
        print(f"  {name}: {number}")
    if progress.jobs and not progress.workers:
        print("no worker is alive to score them; start one with: mirada worker")
