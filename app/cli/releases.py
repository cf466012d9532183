"""`mirada releases …`: which are there, which is shown, scoring with a new one."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app import opening

if TYPE_CHECKING:
    from app.releases import Comparison

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
    """Queue all photos to be scored with a release; of one that was begun, what is missing."""
    from app import queue, releases, scores

    with opening.sessions(opening.settings()) as factory:
        with factory.begin() as session:
            release = releases.get(session, name)
            if release.state == "registered" or new_references:
                n = scores.begin(session, release, new_references=new_references).n
                queued = f"{n} reference photos are queued, all others follow after them"
            else:
                queued = f"{scores.again(session, release)} photos are queued"
            workers = queue.live_workers(session)
        print(queued)
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
def compare(
    name: Name,
    other: Annotated[
        str | None,
        typer.Option("--with", help="Another release than the active one."),
    ] = None,
) -> None:
    """Print what would change on the map with a release: correlations, areas, photos."""
    from app import releases

    with opening.sessions(opening.settings()) as factory, factory() as session:
        # Several statements, one state.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        found = releases.compare(
            session, releases.get(session, name), releases.get(session, other), photos=3
        )
    for line in _compared(found):
        print(line)


def _compared(found: "Comparison") -> Iterator[str]:
    """A figure's change reads `before → after`."""
    yield f"{found.other} → {found.release}: {found.n} photos have scores of both"
    for n, whose in ((found.only_before, found.other), (found.only_after, found.release)):
        if n:
            yield f"  {n} more have scores of {whose} only"
    for key, of in found.attributes.items():
        same = "–" if of.rank_correlation is None else f"{of.rank_correlation:.3f}"
        means = f"{of.mean_before:.1f} → {of.mean_after:.1f}"
        yield f"{key}: rank correlation {same}, mean {means}, a photo moves by {of.move:.1f}"
        for layer in found.layers:
            for area in layer.moves[key][:3]:
                yield (
                    f"  {layer.key} {area.name}: rank {area.rank_before} → {area.rank_after} of "
                    f"{area.of}, mean {area.mean_before:.1f} → {area.mean_after:.1f}"
                )
        for photo in found.photos[key]:
            yield f"  photo {photo.id}: {photo.before:.1f} → {photo.after:.1f}"


@app.command()
def delete(name: Name) -> None:
    """Delete a release with its scores; photos stay. Not the one that is shown."""
    from app import releases

    settings = opening.settings()
    with opening.sessions(settings) as factory:
        releases.remove(factory, name, settings.release_dir)
        print(f"release {name} is gone")
