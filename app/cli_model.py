"""`mirada model …`: train rankers, judge a release, score a folder of photos.

torch takes seconds to import and is not installed beside the web, so everything of `model/` that
needs it is imported by the command that runs.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from model.errors import ModelError

if TYPE_CHECKING:
    from model.config import Config

app = typer.Typer(help="Train rankers, judge a release, score photos.", no_args_is_help=True)
errors = Console(stderr=True)

Votes = Annotated[
    Path,
    typer.Argument(
        help="votes.csv or votes.tsv of Place Pulse, or a CSV with left,right,winner,attribute."
    ),
]
Photos = Annotated[Path, typer.Argument(help="Folder with the photos, named by their ids.")]
ReleaseFolder = Annotated[Path, typer.Argument(help="Folder of the release.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1; CUDA where there is one.")]


@app.command()
def train(
    votes: Votes,
    photos: Photos,
    out: Annotated[Path, typer.Option(help="Folder to write the release to; must not exist.")],
    config: Annotated[Path | None, typer.Option(help="TOML file; see docs/model.md.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the release; its folder's.")] = None,
    demo: Annotated[
        bool, typer.Option(help="Mark the release as trained on drawn scenes.")
    ] = False,
) -> None:
    """Train one ranker per attribute and write a release.

    Killed, the same command goes on where it was. Under torchrun all processes train together.
    """
    with _plainly():
        from model.training import make

        with _progress() as progress:
            wrote = make(
                votes,
                photos,
                out,
                _config(config),
                name=name or out.name,
                demo=demo,
                progress=progress,
                notice=_notice,
            )
        if wrote:
            from model.releases import manifest

            described = manifest.describe(out)
            _print_figures(described["votes"], described["metrics"])
            typer.echo(f"Release {described['name']} is in {out}.")


@app.command()
def evaluate(
    release: ReleaseFolder,
    votes: Votes,
    photos: Photos,
    config: Annotated[
        Path | None, typer.Option(help="TOML file; [votes], [loss], [evaluation].")
    ] = None,
    trained: Annotated[
        bool, typer.Option("--include-trained", help="Also photos that the release was made with.")
    ] = False,
    predictions: Annotated[
        Path | None, typer.Option(help="CSV to write each vote with its difference to.")
    ] = None,
    device: Device = None,
) -> None:
    """Judge a release by votes on photos that it was not trained on.

    A photo is known by its name: give no photos of the training under other names.
    """
    with _plainly():
        from model.judging.judge import judge_release
        from model.releases.release import load

        with _progress() as progress:
            judged = judge_release(
                load(release),
                votes,
                photos,
                _config(config),
                include_trained=trained,
                device=device,
                progress=progress,
            )
        if predictions is not None:
            judged.votes.to_csv(predictions, index=False)
        for reason, number in judged.left_out.items():
            typer.echo(f"{number} votes left out: {reason}")
        title = {"title": "Also on photos that training saw"} if trained else {}
        _print_figures(judged.described, judged.metrics, **title)


@app.command()
def score(
    release: ReleaseFolder,
    photos: Photos,
    out: Annotated[Path, typer.Option(help="File to write, .csv or .parquet.")],
    device: Device = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Photos at a time.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads that decode.")] = None,
) -> None:
    """Write the raw outputs of all photos in a folder; unreadable ones are listed at the end.

    Started again after it was stopped, it goes on where it was.
    """
    with _plainly():
        from model.releases.release import load
        from model.scoring import outputs
        from model.scoring.scorer import Scorer

        scorer = Scorer(load(release), device=device, batch=batch, threads=threads)
        with _progress(_Speed()) as progress:
            written = outputs.write(out, photos, scorer, progress)
        before = f", {written.before} of them before" if written.before else ""
        typer.echo(
            f"{written.photos} photos scored into {out}{before}; {written.unreadable} unreadable."
        )
        for example in written.examples:
            typer.echo(f"  {example}")
        if written.unreadable:
            typer.echo(f"All unreadable photos, with the reasons, are in {written.reasons}.")


@app.command()
def describe(release: ReleaseFolder) -> None:
    """Print what a release says of itself, as JSON."""
    with _plainly():
        from model.releases import manifest

        typer.echo(json.dumps(manifest.describe(release), indent=2, ensure_ascii=False))


@app.command()
def card(
    release: ReleaseFolder,
    out: Annotated[Path, typer.Option(help="File to write, .html or .md.")],
    language: Annotated[
        Literal["es", "en"], typer.Option(help="Spanish or English.", case_sensitive=False)
    ] = "es",
) -> None:
    """Write the model card of a release; needs neither torch nor a network."""
    with _plainly():
        from app import card as cards
        from app.card.stored import examples
        from model.releases import manifest as manifests

        if out.suffix not in (".html", ".md"):
            raise ModelError(f"{out} must end in .html or .md.")
        manifest = manifests.describe(release)
        manifests.check_files(release, manifest)
        if out.suffix == ".md":
            text = cards.markdown(manifest, language)
        else:
            small = examples(manifest, release)
            text = cards.html(
                manifest, language, {photo: file.read_bytes() for photo, file in small.items()}
            )
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ModelError(f"{out} cannot be written: {error.strerror}.") from None
        typer.echo(f"The card of {manifest['name']} is in {out}.")


def _config(path: Path | None) -> "Config":
    from model.config import Config, load

    return Config() if path is None else load(path)


@contextmanager
def _plainly() -> Iterator[None]:
    """What the user can mend is told in its own sentence, without a traceback."""
    try:
        yield
    except ModelError as error:
        errors.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "torchvision", "safetensors"):
            raise
        errors.print(
            f"This command needs {error.name}, which comes with the extra `worker`: "
            "pip install 'mirada[worker]'.",
            markup=False,
        )
        raise typer.Exit(1) from None


class _Speed(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.1f} {task.description}/s")


@contextmanager
def _progress(*further: ProgressColumn) -> Iterator[Callable[[str, int, int], None]]:
    """One bar per stage, on the error stream; nothing where that is no terminal."""
    columns = (TextColumn("{task.description:>12}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, *further, TimeRemainingColumn(), console=errors) as bars:
        stages: dict[str, Any] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = bars.add_task(stage, total=total)
            bars.update(stages[stage], completed=done)

        yield show


def _notice(sentence: str) -> None:
    errors.print(sentence, markup=False, highlight=False, soft_wrap=True)


def _print_figures(
    votes: dict[str, dict[str, Any]],
    metrics: dict[str, dict[str, Any]],
    title: str = "On photos that training never saw",
) -> None:
    from model import printing

    console = Console()
    for table in (printing.of_votes(votes), printing.of_metrics(metrics, title)):
        console.print(table)
    if (cities := printing.of_cities(metrics)) is not None:
        console.print(cities)
