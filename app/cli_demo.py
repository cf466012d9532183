"""`mirada demo …`: the demo city, drawn, trained on, scored, and on the map."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app import opening
from app.demo import city
from app.errors import MiradaError

app = typer.Typer(help="The demo city: drawn street scenes.", no_args_is_help=True)
console = Console()
errors = Console(stderr=True)

Places = Annotated[int, typer.Option(min=1, help="Places of the city.")]
Scenes = Annotated[int, typer.Option(min=2, help="Scenes to train on, of no place.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same city.")]


@app.command()
def up(places: Places = 3000, scenes: Scenes = 2000, seed: Seed = city.SEED) -> None:
    """Draw, train, score and serve; leaves the map and a worker running (`mirada stop`)."""
    from app.demo import up as demo

    settings = opening.settings()
    with opening.sessions(settings) as sessions:
        run = demo.Up(settings, sessions, places=places, scenes=scenes, seed=seed)
        demo.run(run)
    if run.missed:
        raise typer.Exit(1)


@app.command()
def report() -> None:
    """Print whether the rankers found what was drawn; ends with 1 where a bound is missed."""
    from app.demo import findings, up
    from app.demo.report import table

    settings = opening.settings()
    with opening.sessions(settings) as sessions, sessions() as session:
        found = findings.gather(
            session, settings.data_dir / "demo", release=up.RELEASE, layer=up.LAYER
        )
    console.print(table(found))
    if any(one.missed() for one in found):
        raise typer.Exit(1)


@app.command()
def draw(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; goes on where it stopped.")],
    seed: Seed = city.SEED,
    places: Places = 3000,
    scenes: Scenes = 2000,
    votes: Annotated[int, typer.Option(min=1, help="Votes per attribute.")] = city.VOTES,
    workers: Annotated[int, typer.Option(min=1, help="Processes that draw.")] = 2,
) -> None:
    """Draw photos of a city, and scenes with simulated votes to train on."""
    columns = (TextColumn("scenes"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=errors) as bar:
            task = bar.add_task("scenes")
            city.write(
                folder,
                seed=seed,
                places=places,
                scenes=scenes,
                votes=votes,
                workers=workers,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    except MiradaError as error:
        errors.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from None
    console.print(
        f"{folder}: {places} drawn places with manifest.csv, {scenes} scenes to train on, and "
        f"{votes} simulated votes per attribute."
    )
