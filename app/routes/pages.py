"""The pages: Jinja templates around JSON that their scripts read."""

import json
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as PathParameter
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.orm import Session
from starlette.responses import FileResponse, HTMLResponse, Response

from app import areas, card, releases
from app.attributes import ATTRIBUTES, Language
from app.card.stored import digest_of, examples
from app.errors import PhotoNotFound
from app.exports.built import Built
from app.exports.texts import count, number
from app.routes import basemap, caching
from app.routes.areas import layers
from app.routes.assets import address
from app.routes.attributes import ALL
from app.routes.releases import release_out
from app.routes.sessions import SnapshotDep
from app.routes.tilejson import described
from app.schemas import PageData
from app.settings import Settings
from app.tables import Release

ROOT = Path(__file__).parents[2]
YEAR_S = 31_536_000
MOST_ROWS = 400
LANGUAGES: tuple[Language, ...] = ("es", "en")

router = APIRouter(include_in_schema=False)


def get_language(request: Request, lang: Annotated[str | None, Query()] = None) -> Language:
    """Of the address, else of the cookie, else Spanish; a language we don't have is no error."""
    for wanted in (lang, request.cookies.get("lang")):
        for language in LANGUAGES:
            if wanted == language:
                return language
    return "es"


LanguageDep = Annotated[Language, Depends(get_language)]


def get_release_if_any(
    session: SnapshotDep, release: Annotated[str | None, Query()] = None
) -> Release | None:
    return releases.active(session) if release is None else releases.get(session, release)


ReleaseIfAny = Annotated[Release | None, Depends(get_release_if_any, scope="function")]


@router.get("/", response_class=HTMLResponse)
def map_page(
    request: Request, session: SnapshotDep, release: ReleaseIfAny, lang: LanguageDep
) -> Response:
    return _data_page(
        request, session, release, lang, "map", areas=_table(request, session, release)
    )


@router.get("/gallery", response_class=HTMLResponse)
def gallery_page(
    request: Request, session: SnapshotDep, release: ReleaseIfAny, lang: LanguageDep
) -> Response:
    return _data_page(request, session, release, lang, "gallery")


@router.get("/about", response_class=HTMLResponse)
def about_page(
    request: Request, session: SnapshotDep, release: ReleaseIfAny, lang: LanguageDep
) -> Response:
    shown = None if release is None else release_out(request, session, release)
    values = {
        "page": "about",
        "release": shown,
        "card": None if release is None else _card(request, release, lang),
        "demo": shown is not None and shown.demo,
    }
    return render(request, "about.html", lang, values)


def _card(request: Request, release: Release, lang: Language) -> tuple[card.Section, ...] | None:
    """All but what the page says itself; none of imported scores, which nothing was trained for."""
    if not release.metrics:
        return None
    settings: Settings = request.app.state.settings
    there = examples(release.manifest, settings.release_dir / release.name)

    def address(photo: str) -> str | None:
        digest = digest_of(release.manifest, photo)
        return f"/about/examples/{release.name}/{digest}.jpg" if photo in there else None

    manifest = {**release.manifest, "name": release.name, "metrics": release.metrics}
    sections = card.sections(manifest, lang, address)
    return tuple(section for section in sections if section.key != "not")


@router.get("/about/examples/{name}/{digest}.jpg")
def example(
    request: Request,
    session: SnapshotDep,
    name: str,
    digest: Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """A small copy of a photo that a release was judged on, where the release says it may be."""
    settings: Settings = request.app.state.settings
    release = releases.get(session, name)
    for photo, file in examples(release.manifest, settings.release_dir / release.name).items():
        if digest_of(release.manifest, photo) == digest:
            headers = {"Cache-Control": "public, max-age=31536000, immutable"}
            return FileResponse(file, media_type="image/jpeg", headers=headers)
    raise PhotoNotFound(f"Release {name} holds no example {digest} here.")


def render(
    request: Request,
    template: str,
    lang: Language,
    values: Mapping[str, Any],
    status: int = 200,
) -> HTMLResponse:
    """A page in a language, which the next page remembers when the address named it."""
    settings: Settings = request.app.state.settings
    templates: Environment = request.app.state.templates
    content = templates.get_template(template).render(
        lang=lang,
        t=translator(lang, city=settings.city_name),
        attributes=ATTRIBUTES,
        city_name=settings.city_name,
        path=request.url.path,
        **values,
    )
    response = HTMLResponse(content, status, {"Cache-Control": "no-cache", "Vary": "Cookie"})
    if request.query_params.get("lang") == lang:
        response.set_cookie("lang", lang, max_age=YEAR_S, samesite="lax")
    return response


def environment(built: Built, folder: Path = ROOT / "templates") -> Environment:
    """A name that a template mistypes is an error, not an empty word."""
    found = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["asset"] = lambda name: address(built, name)
    found.globals |= {"count": count, "number": number}
    return found


def translator(lang: Language, **always: str) -> Any:
    """t(key, **values): the page's text with its {values}; a key that is missing is an error."""
    texts = _texts(lang)

    def translate(key: str, **values: object) -> str:
        text = texts[key]
        for name, value in {**always, **values}.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text

    return translate


@cache
def _texts(lang: Language) -> Mapping[str, str]:
    path = ROOT / "static" / "src" / "texts" / f"{lang}.json"
    texts: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return texts


def _table(request: Request, session: Session, release: Release | None) -> dict[str, Any] | None:
    """Label and rows of the first layer, for who has no JavaScript; worked out once a version.

    None without a release or areas, and of more areas than anybody reads in a table.
    """
    layer = next((layer for layer in areas.layers(session) if not layer.is_city), None)
    if release is None or layer is None or layer.areas > MOST_ROWS:
        return None
    kept: caching.Kept = request.app.state.kept
    rows = kept.get(
        ("table", caching.version_of(release), layer.key, layer.created_at),
        lambda: sorted(areas.figures(session, release, layer.key), key=_by_name),
    )
    return {"label": layer.label, "rows": rows}


def _by_name(row: areas.AreaFigures) -> str:
    """Ñuñoa comes after all that begin with N."""
    return unicodedata.normalize("NFKD", row.name)


def _data_page(
    request: Request,
    session: Session,
    release: Release | None,
    lang: Language,
    page: str,
    **more: Any,
) -> Response:
    settings: Settings = request.app.state.settings
    data = PageData(
        lang=lang,
        attributes=ALL,
        layers=layers(session),
        release=None if release is None else described(request, session, release),
        basemap=basemap.described(settings),
        city_name=settings.city_name,
        demo=release is not None and releases.is_demo(release),
    )
    values = {"page": page, "page_data": data.model_dump(mode="json"), "demo": data.demo, **more}
    return render(request, f"{page}.html", lang, values)
