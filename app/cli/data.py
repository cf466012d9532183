"""`mirada import`, `layers`, `photos`: what goes in, and what goes away."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app import opening

if TYPE_CHECKING:
    from app.imports.summary import Summary

imports = typer.Typer(help="Bring in areas, photos and scores.", no_args_is_help=True)
layers = typer.Typer(help="List and drop layers of areas.", no_args_is_help=True)
photos = typer.Typer(help="Take photos away.", no_args_is_help=True)

Licence = Annotated[str | None, typer.Option(help="Under which terms, in words.")]
Attribution = Annotated[str | None, typer.Option(help="Whom to name beside each photo.")]


@imports.command("areas")
def import_areas(
    file: Annotated[
        Path | None,
        typer.Argument(help="Any map file: GeoJSON, GeoPackage, shapefile, GeoParquet …"),
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Key of the layer, such as `comuna`.")] = None,
    code_column: Annotated[str | None, typer.Option(help="Column of the areas' codes.")] = None,
    name_column: Annotated[str | None, typer.Option(help="Column of the areas' names.")] = None,
    dissolve: Annotated[
        str | None,
        typer.Option(help="COLUMN or COLUMN:N: unite what shares (the first N characters of) it."),
    ] = None,
    names: Annotated[
        str | None, typer.Option(help="CSV:CODE_COLUMN:NAME_COLUMN: names from a table.")
    ] = None,
    names_from: Annotated[
        str | None, typer.Option(help="Names from a loaded layer with the same codes.")
    ] = None,
    label_es: Annotated[str | None, typer.Option(help="What the pages call it.")] = None,
    label_en: Annotated[str | None, typer.Option(help="What the English pages call it.")] = None,
    source: Annotated[str | None, typer.Option(help="Where the polygons come from.")] = None,
    licence: Licence = None,
    crs: Annotated[
        str | None, typer.Option(help="Reference system of a file that names none: EPSG:32719.")
    ] = None,
    file_layer: Annotated[str | None, typer.Option(help="Which layer of a GeoPackage.")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="`comunas-rm`: the comunas of Santiago's region.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Load a layer anew.")] = False,
) -> None:
    """Load a layer of areas; every photo gets its area in it."""
    from app.errors import BadRequest
    from app.imports import areas, polygons, recipes
    from app.imports.progress import bar

    if recipe is not None:
        if file is not None:
            raise BadRequest("Name a file or a recipe, not both.")
        known = recipes.recipe(recipe)
        wanted = areas.by_recipe(known, layer, replace=replace)
    elif file is None or layer is None:
        raise BadRequest("Name a file and its --layer, or a --recipe.")
    else:
        known = None
        wanted = areas.Wanted(
            path=file,
            layer=layer,
            code_column=code_column,
            name_column=name_column,
            dissolve=None if dissolve is None else polygons.Dissolve.parse(dissolve),
            names=None if names is None else areas.parse_names(names),
            names_from=names_from,
            label_es=label_es,
            label_en=label_en,
            source=source,
            licence=licence,
            crs=crs,
            file_layer=file_layer,
            replace=replace,
        )
    settings = opening.settings()
    with opening.sessions(settings) as factory, bar() as step:
        summary = areas.run(factory, wanted, city_name=settings.city_name, step=step)
    if known is not None:
        summary.notes.append(known.note)
    _say(summary)


@imports.command("photos")
def import_photos(
    folder: Annotated[Path, typer.Argument(help="Folder with JPEG, PNG or WebP files.")],
    manifest: Annotated[
        Path | None,
        typer.Option(
            help="CSV with filename,lat,lon and, if known, captured_at,heading_deg,source,"
            "licence,attribution; without it positions come from EXIF."
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Names the photos with their file names; the folder's name.")
    ] = None,
    licence: Licence = None,
    attribution: Attribution = None,
) -> None:
    """Import a folder of photos and queue them for scoring."""
    from app.imports import photos as importing
    from app.imports.progress import bar
    from app.photos.location import open_store

    settings = opening.settings()
    with opening.sessions(settings) as factory, bar() as step:
        summary = importing.run(
            factory,
            open_store(settings.photo_location),
            folder,
            manifest,
            source=source,
            licence=licence,
            attribution=attribution,
            step=step,
        )
    _say(summary)


@imports.command("scores")
def import_scores(
    file: Annotated[
        Path,
        typer.Argument(help="CSV with photo_key (or key, filename), lat, lon and attributes."),
    ],
    release: Annotated[str, typer.Option(help="Name of the release that they become.")],
    source: Annotated[str, typer.Option(help="Whose scores these are, in words.")],
    licence: Licence = None,
    attribution: Attribution = None,
) -> None:
    """Import precomputed scores as a release with a scale of its own."""
    from app.imports import scores
    from app.imports.progress import bar

    with opening.sessions(opening.settings()) as factory, bar() as step:
        summary = scores.run(
            factory,
            file,
            release=release,
            source=source,
            licence=licence,
            attribution=attribution,
            step=step,
        )
    _say(summary)


@layers.command("list")
def list_layers() -> None:
    """Print each layer with its number of areas."""
    from app import areas

    with opening.sessions(opening.settings()) as factory, factory() as session:
        for each in areas.layers(session):
            source = f", {each.source}" if each.source else ""
            print(f"{each.key}: {each.areas} areas, «{each.label['es']}»{source}")


@layers.command("drop")
def drop_layer(key: Annotated[str, typer.Argument(help="Key of the layer.")]) -> None:
    """Delete a layer with its areas; photos stay."""
    from app import totals

    with opening.sessions(opening.settings()) as factory:
        with factory.begin() as session:
            totals.drop_layer(session, key)
        print(f"layer {key} is gone")


@photos.command("delete")
def delete_photos(
    ids: Annotated[list[int], typer.Argument(help="Ids of photos.")],
    refuse: Annotated[
        bool, typer.Option("--refuse", help="Never accept the same files again.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why they are refused.")] = "taken down",
) -> None:
    """Delete photos with their files and scores."""
    from app.photos.delete import delete
    from app.photos.location import open_store

    settings = opening.settings()
    with opening.sessions(settings) as factory:
        with factory.begin() as session:
            number = delete(
                session, ids, open_store(settings.photo_location), refuse=refuse, reason=reason
            )
        print(f"{number} of {len(set(ids))} photos deleted")


def _say(summary: "Summary") -> None:
    for line in summary.lines():
        print(line)
