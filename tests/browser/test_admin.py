"""An admin with a browser: signs in, drops files, sees verdicts, progress and the map.

Server and worker are real processes on a database of their own.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from app import totals
from app.db import make_engine, session_factory
from tests.browser.office import (
    SLOW_MS,
    Office,
    make_batch,
    open_office,
    sign_in,
    verdicts,
    visiting,
    write_files,
)
from tests.rankers import jpeg

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def office(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(server_url, tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with visiting(browser) as page:
        yield page


def test_a_wrong_password_is_said_so(page: Page, office: Office) -> None:
    page.goto(f"{office.address}/admin?lang=en")
    page.get_by_label("Name").fill("rosa")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    expect(page.get_by_label("Name")).to_have_value("rosa")


def test_files_get_verdicts_are_scored_and_come_to_the_map(
    page: Page, office: Office, tmp_path: Path
) -> None:
    sign_in(page, office)
    make_batch(page, "Julio")
    expect(page.locator("#workers")).to_contain_text("make worker")

    files = write_files(tmp_path / "fotos", first=0, number=12)
    (tmp_path / "copia.jpg").write_bytes(jpeg(0))
    (tmp_path / "rota.jpg").write_bytes(jpeg(700)[:900])
    (tmp_path / "texto.jpg").write_text("no soy una foto")
    (tmp_path / "sin_lugar.jpg").write_bytes(jpeg(701))
    (tmp_path / "notas.txt").write_text("nada")
    strange = ["rota.jpg", "texto.jpg", "sin_lugar.jpg", "notas.txt"]
    page.locator("#files").set_input_files([*files, *(str(tmp_path / name) for name in strange)])
    expect(page.locator("#rows tr")).to_have_count(15, timeout=SLOW_MS)
    expect(page.locator("#sending")).to_contain_text("15 archivos enviados")
    expect(page.locator("#sending")).to_contain_text("12 filas leídas")
    expect(page.locator("#sending")).to_contain_text("1 archivo no es foto ni manifiesto")
    page.locator("#files").set_input_files(str(tmp_path / "copia.jpg"))
    expect(page.locator("#rows tr")).to_have_count(16, timeout=SLOW_MS)
    found = verdicts(page)
    assert {name: found[name] for name in [*strange[:3], "copia.jpg"]} == {
        "rota.jpg": "rechazada",
        "texto.jpg": "rechazada",
        "sin_lugar.jpg": "retenida",
        "copia.jpg": "duplicada",
    }
    assert list(found.values()).count("aceptada") == 12
    page.get_by_role("button", name="Rechazadas 2").click()
    expect(page.locator("#rows tr")).to_have_count(2)
    expect(page.locator("#rows")).to_contain_text("El archivo está cortado o dañado.")

    page.reload()
    expect(page.locator("#rows tr")).to_have_count(16, timeout=SLOW_MS)
    expect(page.locator("#scoring")).to_contain_text("0 de 12 puntuadas")
    page.get_by_role("button", name="Cerrar lote").click()
    expect(page.locator("#state")).to_have_text("puntuando")
    worker = office.start("worker")
    try:
        expect(page.locator("#workers")).to_be_hidden(timeout=SLOW_MS)
        expect(page.locator("#state")).to_have_text("listo", timeout=SLOW_MS)
        expect(page.locator("#scoring")).to_contain_text("Puntuadas las 12 fotos")
        expect(page.locator("#scoring")).to_contain_text("Están en el mapa.", timeout=SLOW_MS)
    finally:
        worker.terminate()
        assert worker.wait(timeout=30) == 0
    expect(page.get_by_text("Puntuada.")).to_have_count(12)

    photo = page.locator("#rows a").last.get_attribute("href") or ""
    number = re.search(r"photo=(\d+)", photo)
    assert number is not None
    scored = page.request.get(f"{office.address}/api/photos/{number[1]}").json()
    assert len(scored["scores"]) == 6
    page.get_by_role("link", name="Ver en el mapa").click()
    page.wait_for_url(re.compile(r"show=photos&at=|at="))
    expect(page.locator("#map")).to_be_visible()
    engine = make_engine(office.url)
    with session_factory(engine)() as session:
        assert totals.check(session) == []
    engine.dispose()


def test_a_connection_that_breaks_loses_no_file_and_sends_none_twice(
    page: Page, office: Office, tmp_path: Path
) -> None:
    sign_in(page, office)
    make_batch(page, "Agosto")
    broken = 0

    def break_some(route: Route) -> None:
        nonlocal broken
        broken += 1
        if broken in (1, 4):
            route.abort("connectionreset")
        elif broken == 2:
            route.fulfill(status=503, json={"code": "database-away", "detail": "away"})
        elif broken == 3:
            # It arrived, but the answer did not.
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(re.compile(r"/files$"), break_some)
    page.locator("#files").set_input_files(write_files(tmp_path / "a", first=100, number=8))
    expect(page.locator("#sending")).to_contain_text("8 archivos enviados", timeout=SLOW_MS)
    expect(page.locator("#rows tr")).to_have_count(8)
    assert set(verdicts(page).values()) == {"aceptada"}
    expect(page.get_by_role("button", name="Aceptadas 8")).to_be_visible()
    assert broken == 12


def test_held_photos_are_placed_by_a_manifest_that_comes_later(
    page: Page, office: Office, tmp_path: Path
) -> None:
    sign_in(page, office)
    make_batch(page, "Septiembre")
    *photos, manifest = write_files(tmp_path / "b", first=200, number=3)
    page.locator("#files").set_input_files(photos)
    expect(page.get_by_role("button", name="Retenidas 3")).to_be_visible(timeout=SLOW_MS)
    page.locator("#files").set_input_files(manifest)
    expect(page.locator("#sending")).to_contain_text("3 fotos retenidas ubicadas", timeout=SLOW_MS)
    expect(page.get_by_role("button", name="Aceptadas 3")).to_be_visible(timeout=SLOW_MS)


def test_the_batch_page_works_in_english_and_by_keyboard(page: Page, office: Office) -> None:
    sign_in(page, office)
    page.goto(f"{office.address}/admin?lang=en")
    page.get_by_label("Title").fill("October")
    page.get_by_label("Who took the photos").fill("Somebody")
    page.get_by_label("Licence").fill("CC0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="October")).to_be_visible()
    expect(page.get_by_text("images not public")).to_be_visible()
    page.get_by_role("button", name="Sign out").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_progress_comes_back_after_the_server_could_not_answer(page: Page, office: Office) -> None:
    sign_in(page, office)
    make_batch(page, "Noviembre")
    away = True

    def answer(route: Route) -> None:
        if away:
            route.fulfill(status=503, json={"code": "database-away", "detail": "away"})
        else:
            route.continue_()

    page.route(re.compile(r"/events$"), answer)
    page.reload()
    batch = page.url.rpartition("/")[2].partition("?")[0]
    address = f"{office.address}/api/admin/batches/{batch}/files"
    page.request.post(
        address,
        headers={"Origin": office.address},
        multipart={
            "file": {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg(900)},
            "lat": "-33.45",
            "lon": "-70.65",
        },
    )
    expect(page.locator("#scoring")).to_contain_text("Aún no hay fotos aceptadas.")
    away = False
    expect(page.locator("#scoring")).to_contain_text("0 de 1 puntuadas", timeout=SLOW_MS)


def test_a_photo_is_taken_down_and_a_batch_cancelled_and_deleted(
    page: Page, office: Office, tmp_path: Path
) -> None:
    sign_in(page, office)
    make_batch(page, "Diciembre")
    page.locator("#files").set_input_files(write_files(tmp_path, 1200, 2))
    expect(page.locator("#rows tr")).to_have_count(2)
    dialog = page.get_by_role("dialog")
    page.locator("#rows tr").first.get_by_role("button").click()
    dialog.get_by_role("button", name="Volver").click()
    expect(dialog).to_be_hidden()
    page.locator("#rows tr").first.get_by_role("button").click()
    dialog.get_by_label("Motivo").fill("lo pidió un vecino")
    dialog.get_by_role("button", name="Retirar").click()
    expect(page.locator("#rows")).to_contain_text("Esta foto fue retirada")
    expect(page.locator("#scoring")).to_contain_text("0 de 1 puntuadas")
    page.get_by_role("button", name="Cancelar lote").click()
    dialog.get_by_role("button", name="Cancelar lote").click()
    expect(page.locator("#state")).to_have_text("cancelado")
    expect(page.locator("#drop-note")).to_have_text("No recibe más archivos.")
    page.get_by_role("button", name="Eliminar lote").click()
    dialog.get_by_role("button", name="Eliminar lote").click()
    expect(page.get_by_role("heading", name="Lotes", exact=True)).to_be_visible()
    expect(page.get_by_text("Diciembre")).to_have_count(0)
