"""The `mirada` command.

What a command needs is imported by the command itself: geopandas, alembic and the web server take
a second or more, and `mirada --help` should not.
"""

import signal
import sys
from typing import Annotated

import typer

from app import cli_model
from app.cli import accounts, batches, data, exports, releases, reports, service, tiles
from app.cli.synth import synth
from app.cli.upload import upload
from app.errors import MiradaError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
service.add_to(app)
app.add_typer(data.imports, name="import")
app.add_typer(data.layers, name="layers")
app.add_typer(data.photos, name="photos")
app.add_typer(batches.app, name="batches")
app.add_typer(exports.app, name="export")
app.add_typer(releases.app, name="releases")
app.add_typer(reports.app, name="reports")
app.add_typer(tiles.app, name="tiles")
app.add_typer(service.database, name="db")
app.add_typer(cli_model.app, name="model")
app.add_typer(accounts.app, name="admin")
app.command()(synth)
app.command()(upload)


@app.command(
    "demo",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def demo(context: typer.Context) -> None:
    """The demo city: drawn street scenes."""
    # It draws and maps, so its module imports what nobody else should wait for.
    from app import cli_demo

    cli_demo.app(context.args, prog_name="mirada demo")


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(version("mirada"))
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Mirada maps how a city looks to people."""


def main() -> None:
    """Ends with 1 and one sentence for what a person can act upon; other errors are ours."""
    # As with Ctrl-C, what is open is closed, and processes that help this one end with it.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        app()
    except Exception as error:
        sentence = _in_words(error)
        if sentence is None:
            raise
        print(f"mirada: {sentence}", file=sys.stderr)
        raise SystemExit(1) from None


def _in_words(error: Exception) -> str | None:
    if isinstance(error, MiradaError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    if "sqlalchemy" in sys.modules:
        from sqlalchemy.exc import DBAPIError
        from sqlalchemy.exc import TimeoutError as PoolTimeout

        from app.db import domain_error

        if isinstance(error, DBAPIError | PoolTimeout):
            return str(domain_error(error) or "") or None
    return None
