"""`mirada batches`: list batches, cancel one, take one back."""

from typing import Annotated

import typer

from app import opening

app = typer.Typer(help="List, cancel and delete batches.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(metavar="ID", help="Number of the batch, as in its address.")]


@app.command("list")
def list_batches() -> None:
    """Print the last 200 batches, the newest first."""
    from app import batches

    with opening.sessions(opening.settings()) as factory, factory() as session:
        for batch in batches.listing(session):
            counts = batch.counts
            print(
                f"{batch.id}: {batch.title}, {batch.state}, {counts.files} files, "
                f"{counts.accepted} accepted, {counts.scored} scored"
            )


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
