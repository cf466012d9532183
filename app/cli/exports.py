"""`mirada export`: files to keep or to pass on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app import opening

if TYPE_CHECKING:
    from app.attributes import Language

app = typer.Typer(help="Write files for others.", no_args_is_help=True)


@app.command("map")
def export_map(
    out: Annotated[Path, typer.Option(help="HTML file to write.")] = Path("map.html"),
    release: Annotated[str | None, typer.Option(help="The active one by default.")] = None,
    language: Annotated[str, typer.Option(help="es or en.")] = "es",
) -> None:
    """Write one HTML file with the areas coloured by each attribute."""
    from app import releases
    from app.exports import map as folium_map

    spoken = _language(language)
    with opening.sessions(opening.settings()) as factory, factory() as session:
        folium_map.write(session, releases.get(session, release), out, spoken)
    print(out)


@app.command("overview")
def export_overview(
    out: Annotated[Path, typer.Option(help="PNG or SVG file to write.")] = Path("overview.png"),
    release: Annotated[str | None, typer.Option(help="The active one by default.")] = None,
    language: Annotated[str, typer.Option(help="es or en.")] = "es",
) -> None:
    """Write one sheet with the areas coloured by each attribute, for print or slides."""
    from app import releases
    from app.errors import BadRequest
    from app.exports import overview

    spoken = _language(language)
    if out.suffix.lower() not in (".png", ".svg"):
        raise BadRequest(f"--out {out} must end in .png or .svg.")
    settings = opening.settings()
    with opening.sessions(settings) as factory, factory() as session:
        found = releases.get(session, release)
        overview.write(session, found, out, spoken, settings.city_name)
    print(out)


def _language(given: str) -> "Language":
    from app.errors import BadRequest

    if given not in ("es", "en"):
        raise BadRequest(f"--language {given} must be es or en.")
    return "en" if given == "en" else "es"
