"""`mirada releases …`: which are there, which is shown, scoring with a new one."""

from pathlib import Path
from typing import Annotated

import typer

from app import opening

app = typer.Typer(help="Register, score, show and delete releases.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the release.")]
AllowMissing = Annotated[
    bool, typer.Option("--allow-missing", help="Even if photos would be without scores.")
]


@app.command("list")
def list_releases() -> None:
    """Print the releases; the one with a star is shown."""
    from app import releases

    with opening.sessions(opening.settings()) as factory, factory() as session:
        active = releases.active(session)
        photos = releases.published(session)
        for each in releases.listing(session):
            star = "*" if active is not None and each.id == active.id else " "
            demo = ", drawn scenes" if releases.is_demo(each) else ""
            print(
                f"{star} {each.name}: {each.kind}{demo}, {each.state}, "
                f"{photos.get(each.id, 0)} photos on the map"
            )


@app.command()
def register(
    folder: Annotated[Path, typer.Argument(help="Folder that `mirada model train` wrote.")],
) -> None:
    """Check a release folder and copy it into the store."""
    from app import releases

    settings = opening.settings()
    with opening.sessions(settings) as factory:
        with factory.begin() as session:
            release = releases.register(session, folder, settings.release_dir)
        print(f"release {release.name} is {release.state}")


@app.command()
def score(
    name: Name,
    new_references: Annotated[
        bool,
        typer.Option("--new-references", help="Choose reference photos of its own for the scale."),
    ] = False,
) -> None:
    """Queue all photos to be scored with a registered release."""
    from app import queue, releases, scores

    with opening.sessions(opening.settings()) as factory:
        with factory.begin() as session:
            release = releases.get(session, name)
            references = scores.begin(session, release, new_references=new_references)
            workers = queue.live_workers(session)
        print(f"{references.n} reference photos are queued, all others follow after them")
        if workers == 0:
            print("no worker runs: start one with `mirada worker`")


@app.command()
def activate(name: Name, allow_missing: AllowMissing = False) -> None:
    """Show a release on the map."""
    from app import releases

    with opening.sessions(opening.settings()) as factory:
        with factory.begin() as session:
            release = releases.activate(session, name, allow_missing)
        print(f"release {release.name} is shown")


@app.command()
def rollback(allow_missing: AllowMissing = False) -> None:
    """Show the release again that was shown before."""
    from app import releases

    with opening.sessions(opening.settings()) as factory:
        with factory.begin() as session:
            release = releases.roll_back(session, allow_missing)
        print(f"release {release.name} is shown again")


@app.command()
def delete(name: Name) -> None:
    """Delete a release with its scores; photos stay. Not the one that is shown."""
    from app import releases

    settings = opening.settings()
    with opening.sessions(settings) as factory:
        with factory.begin() as session:
            releases.delete(session, name)
        with factory() as session:
            releases.delete_folder(session, name, settings.release_dir)
        print(f"release {name} is gone")
