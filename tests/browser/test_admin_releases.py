"""An admin changes what the map shows: register, score, compare, show, go back, delete.

Server and worker are real processes on a database of their own.
"""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from app import accounts, totals
from app.attributes import KEYS
from app.db import make_engine, session_factory
from app.tables import Photo
from tests.browser import axe
from tests.browser.city import fill
from tests.browser.conftest import SIZES, serving
from tests.builders import make_release, write_scores
from tests.conftest import ROOT, copied
from tests.rankers import write_release

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SLOW_MS = 90_000
WORKER = [sys.executable, "-c", "from app.cli import main; main()", "worker"]


@dataclass(frozen=True)
class Office:
    address: str
    url: str
    data_dir: Path
    password: str
    photos: int

    def worker(self) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "MIRADA_DATABASE_URL": self.url,
            "MIRADA_DATA_DIR": str(self.data_dir),
        }
        return subprocess.Popen(WORKER, cwd=ROOT, env=environment)


@pytest.fixture(scope="module")
def office(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """`demo` is shown, `ratings` has other scores of the same photos, `nueva` waits in a folder."""
    with copied(server_url) as url:
        data_dir = tmp_path_factory.mktemp("office")
        city = fill(url, data_dir)
        write_release(data_dir / "trained", "nueva")
        rng = random.Random(5)
        engine = make_engine(url)
        with session_factory(engine).begin() as session:
            password = accounts.create(session, "rosa")
            ratings = make_release(session, "ratings", manifest={"source": "Encuesta"})
            scores = {
                photo_id: {key: rng.randrange(1001) for key in KEYS}
                for photo_id in session.scalars(select(Photo.id))
            }
            write_scores(session, ratings, {i: dict(values) for i, values in scores.items()})
            totals.publish(session)
        engine.dispose()
        with serving(url, data_dir, tmp_path_factory.mktemp("server")) as address:
            yield Office(address, url, data_dir, password, city.photos)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    context.set_default_timeout(20_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def sign_in(page: Page, office: Office) -> None:
    page.goto(f"{office.address}/admin")
    page.get_by_label("Nombre").fill("rosa")
    page.get_by_label("Contraseña").fill(office.password)
    page.get_by_role("button", name="Entrar").click()
    page.get_by_role("link", name="Versiones").click()
    expect(page.get_by_role("heading", name="Versiones", exact=True)).to_be_visible()


def row(page: Page, name: str) -> Locator:
    return page.locator(f'tr[data-release="{name}"]')


def shown_on_the_map(page: Page, office: Office) -> str:
    release: str = page.request.get(f"{office.address}/tiles.json").json()["release"]
    return release


def test_a_release_through_its_life(page: Page, office: Office) -> None:
    sign_in(page, office)
    expect(row(page, "demo")).to_contain_text("en el mapa")
    page.get_by_role("button", name="Inscribir nueva").click()
    expect(row(page, "nueva")).to_contain_text("inscrita")
    expect(page.get_by_text("No hay ninguna carpeta nueva.")).to_be_visible()

    row(page, "nueva").get_by_role("button", name="Puntuar").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("el mapa sigue igual")
    question.get_by_role("button", name="Cancelar").click()
    expect(row(page, "nueva")).to_contain_text("inscrita")
    row(page, "nueva").get_by_role("button", name="Puntuar").click()
    question.get_by_role("button", name="Puntuar").click()
    expect(question).to_be_hidden()
    expect(row(page, "nueva")).to_contain_text("puntuando")
    expect(row(page, "nueva")).to_contain_text("0 de 222 fotos de referencia")
    expect(page.locator("#workers")).to_contain_text("make worker")
    worker = office.worker()
    try:
        expect(row(page, "nueva")).to_contain_text("lista", timeout=SLOW_MS)
        expect(row(page, "nueva")).to_contain_text(
            f"222 de 222{office.photos - 222} lugares sin foto"
        )
        expect(row(page, "nueva").get_by_role("button")).to_have_text(["Mostrar", "Borrar"])
        assert shown_on_the_map(page, office) == "demo"
    finally:
        worker.terminate()
        assert worker.wait(timeout=30) == 0

    row(page, "nueva").get_by_role("button", name="Mostrar").click()
    yes = question.get_by_role("button", name="Mostrar", exact=True)
    expect(question).to_contain_text(f"{office.photos - 222} fotos quedarían sin puntaje.")
    expect(yes).to_be_disabled()
    question.get_by_label("Mostrar de todos modos").check()
    yes.click()
    expect(row(page, "nueva")).to_contain_text("en el mapa")
    assert shown_on_the_map(page, office) == "nueva"

    page.get_by_role("button", name="Volver a demo").click()
    question.get_by_role("button", name="Volver a demo").click()
    expect(row(page, "demo")).to_contain_text("en el mapa")
    assert shown_on_the_map(page, office) == "demo"
    expect(page.get_by_role("button", name="Volver a")).to_have_count(0)

    row(page, "nueva").get_by_role("button", name="Borrar").click()
    expect(question).to_contain_text("No se puede deshacer.")
    question.get_by_role("button", name="Borrar").click()
    expect(row(page, "nueva")).to_have_count(0)
    expect(page.get_by_role("button", name="Inscribir nueva")).to_be_visible()


def test_what_is_wrong_is_said_and_the_question_stays(page: Page, office: Office) -> None:
    sign_in(page, office)
    page.route("**/activate", lambda route: route.abort("connectionreset"))
    row(page, "ratings").get_by_role("button", name="Mostrar").click()
    question = page.get_by_role("dialog")
    question.get_by_role("button", name="Mostrar", exact=True).click()
    expect(question.get_by_role("alert")).to_contain_text("no hay conexión con el servidor")
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(row(page, "demo")).to_contain_text("en el mapa")


def test_two_releases_are_compared(page: Page, office: Office) -> None:
    sign_in(page, office)
    row(page, "ratings").get_by_role("link", name="Comparar").click()
    expect(page.get_by_role("heading", name="ratings")).to_be_visible()
    expect(page.get_by_label("Comparada con")).to_have_value("demo")
    comparison = page.locator("#comparison")
    expect(comparison).to_contain_text(f"{office.photos} fotos tienen puntajes de las dos.")
    expect(page.locator(".agreements tbody tr")).to_have_count(6)
    expect(page.locator(".moves tbody tr")).to_have_count(5)
    photos = page.locator(".moved-photos li")
    expect(photos).to_have_count(6)
    first = photos.first.inner_text()
    page.get_by_role("button", name="bonita").click()
    expect(page.get_by_role("button", name="bonita")).to_be_focused()
    expect(page.locator(".agreements tr.is-current")).to_contain_text("bonita")
    assert photos.first.inner_text() != first
    for photo in page.locator(".moved-photos img").all():
        photo.scroll_into_view_if_needed()
        expect(photo).to_have_js_property("complete", True)
        assert photo.evaluate("img => img.naturalWidth") > 0


@pytest.mark.parametrize("lang", ["es", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_the_pages_fit_and_can_be_used_by_everybody(
    page: Page, office: Office, size: str, lang: str
) -> None:
    sign_in(page, office)
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="light" if lang == "es" else "dark")
    for path, ready in (("/admin/releases", "#rows tr"), ("/admin/releases/ratings", ".moves tr")):
        page.goto(f"{office.address}{path}?lang={lang}")
        expect(page.locator(ready).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        axe.check(page, path)
