"""What an admin may drop on a batch's page: forty files, a folder, a zip; and what breaks off."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.browser.forty import EXPECTED, PHOTOS, street_photos, write_forty
from tests.browser.office import (
    SLOW_MS,
    Office,
    drop,
    make_batch,
    open_office,
    rows,
    sign_in,
    verdicts,
    visiting,
    write_files,
)
from tests.rankers import jpeg
from tests.upload import zips

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ACCEPTED = PHOTOS + sum(verdict == "aceptada" for verdict, _ in EXPECTED.values())
# Keeps what the bars of #sending and #scoring have shown, [value, of], each once.
WATCH = """() => {
    window.shown = { sending: [], scoring: [] };
    for (const [id, list] of Object.entries(window.shown)) {
        const look = () => {
            const bar = document.querySelector(`#${id} progress`);
            const now = bar && JSON.stringify([bar.value, bar.max]);
            if (now && list.at(-1) !== now) list.push(now);
        };
        new MutationObserver(look).observe(document.getElementById(id), { childList: true });
    }
}"""


@pytest.fixture(scope="module")
def office(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(server_url, tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with visiting(browser) as page:
        yield page


def photos_sent(page: Page) -> list[str]:
    """Addresses of the page's requests that brought a photo, from now on."""
    sent: list[str] = []

    def listen(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/files"):
            sent.append(request.url)

    page.on("request", listen)
    return sent


def shown(page: Page, what: str) -> list[list[int]]:
    """[value, of] of each state of a bar."""
    states: list[str] = page.evaluate(f"window.shown.{what}")
    return [json.loads(state) for state in states]


def photo_of(page: Page, name: str) -> int:
    link = page.locator("#rows tr", has_text=name).get_by_role("link").get_attribute("href") or ""
    number = re.search(r"photo=(\d+)", link)
    assert number is not None, link
    return int(number[1])


def test_forty_files_from_the_drop_to_the_map(page: Page, office: Office, tmp_path: Path) -> None:
    photos, special = write_forty(tmp_path / "fotos")
    sign_in(page, office)
    make_batch(page, "Cuarenta")
    sent = photos_sent(page)
    page.evaluate(WATCH)
    drop(page, [*photos, *special])
    expect(page.locator("#rows tr")).to_have_count(40, timeout=SLOW_MS)
    expect(page.locator("#sending")).to_contain_text("40 archivos enviados", timeout=SLOW_MS)
    found = rows(page)
    for name, (verdict, why) in EXPECTED.items():
        assert found[name][0] == verdict, name
        assert found[name][1].startswith(why), name
    assert all(found[f"calle_{n:02d}.jpg"][0] == "aceptada" for n in range(PHOTOS))
    for label, number in {"Aceptadas": ACCEPTED, "Retenidas": 1, "Duplicadas": 1}.items():
        expect(page.get_by_role("button", name=f"{label} {number}", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Rechazadas 5", exact=True)).to_be_visible()
    assert len(sent) == 40
    states = shown(page, "sending")
    assert states == sorted(states)
    assert states[-1][1] == 40
    assert len(states) > 10

    page.get_by_role("button", name="Cerrar lote").click()
    expect(page.locator("#state")).to_have_text("puntuando")
    worker = office.start("worker")
    try:
        expect(page.locator("#state")).to_have_text("listo", timeout=SLOW_MS)
        expect(page.locator("#scoring")).to_contain_text(f"Puntuadas las {ACCEPTED} fotos")
        expect(page.locator("#scoring")).to_contain_text("Están en el mapa.", timeout=SLOW_MS)
    finally:
        worker.terminate()
        assert worker.wait(timeout=30) == 0
    assert shown(page, "scoring")[-1] == [ACCEPTED, ACCEPTED]
    expect(page.get_by_text("Puntuada.")).to_have_count(ACCEPTED)
    _upright(page, office)
    _find_on_the_map(page, office)


def _upright(page: Page, office: Office) -> None:
    answer = page.request.get(f"{office.address}/photos/{photo_of(page, 'girada.jpg')}/image")
    assert Image.open(io.BytesIO(answer.body())).size == (300, 400)


def _find_on_the_map(page: Page, office: Office) -> None:
    """Through the batch's link and the dots, and through the link of a row."""
    wanted = photo_of(page, "calle_15.jpg")
    row = page.locator("#rows tr", has_text="calle_15.jpg").get_by_role("link")
    in_this_tab = row.get_attribute("href") or ""
    page.get_by_role("link", name="Ver en el mapa").click()
    caption = page.locator("#legend .legend-caption")
    expect(caption).to_contain_text(f"{ACCEPTED} fotos a la vista, por su puntaje")
    photo: dict[str, Any] = page.request.get(f"{office.address}/api/photos/{wanted}").json()
    page.goto(f"{office.address}/?show=photos&at=18/{photo['lat']}/{photo['lon']}")
    expect(page.locator("#legend .legend-caption")).to_have_text(re.compile("^[1-9].* a la vista"))
    page.mouse.click(720, 450)
    dialog = page.locator("dialog#photo")
    expect(dialog.locator(".bar")).to_have_count(6)
    expect(page).to_have_url(re.compile(rf"photo={wanted}\b"))
    page.goto(f"{office.address}{in_this_tab}")
    expect(dialog.locator(".bar")).to_have_count(6)
    image = dialog.locator(".photo-figure img").first
    expect(image).to_be_visible()
    assert image.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }")


def test_a_folder_goes_on_in_another_tab_and_nothing_is_sent_twice(
    page: Page, office: Office, tmp_path: Path
) -> None:
    folder = tmp_path / "lote"
    folder.mkdir()
    (folder / "notas.txt").write_text("nada")
    write_files(folder / "norte", 4000, 12)
    write_files(folder / "sur", 4100, 12)
    sign_in(page, office)
    make_batch(page, "Carpeta")
    batch = page.url
    arrived = 0

    def a_few(route: Route) -> None:
        nonlocal arrived
        arrived += 1
        if arrived <= 7:
            route.continue_()
        else:
            route.abort("connectionreset")  # The tab is closed while these wait to be tried again.

    page.route(re.compile(r"/files$"), a_few)
    drop(page, [folder])
    expect(page.locator("#rows tr")).to_have_count(7, timeout=SLOW_MS)
    page.close(run_before_unload=False)

    again = page.context.new_page()
    sent = photos_sent(again)
    again.goto(batch)
    expect(again.locator("#rows tr")).to_have_count(7)
    drop(again, [folder])
    expect(again.locator("#sending")).to_contain_text("17 archivos enviados", timeout=SLOW_MS)
    expect(again.locator("#sending")).to_contain_text("7 archivos ya habían llegado")
    expect(again.locator("#sending")).to_contain_text("1 archivo no es foto ni manifiesto")
    expect(again.locator("#rows tr")).to_have_count(24)
    assert len(sent) == 17
    assert sorted(verdicts(again)) == sorted(
        f"lote/{side}/{n:03d}.jpg" for side in ("norte", "sur") for n in range(12)
    )
    assert set(verdicts(again).values()) == {"aceptada"}


def test_a_zip_of_real_photos_and_of_all_that_may_be_in_one(
    page: Page, office: Office, tmp_path: Path
) -> None:
    photos = street_photos(36)[30:]
    members = {f"calle/{n}.jpg": photo.data for n, photo in enumerate(photos)}
    lines = [f"calle/{n}.jpg,{photo.lat},{photo.lon}" for n, photo in enumerate(photos)]
    members |= {
        "manifiesto.csv": "\n".join(["filename,lat,lon", *lines]).encode(),
        "../../fuera.jpg": jpeg(4200),
        "cortada.jpg": jpeg(4201)[:900],
        "bomba.jpg": bytes(20 * zips.MIB),
        "otro.zip": zips.packed({"x.jpg": jpeg(4202)}),
        "__MACOSX/calle/._0.jpg": b"x",
    }
    archive = tmp_path / "todo.zip"
    archive.write_bytes(zips.packed(members))
    with zipfile.ZipFile(archive, "a") as file:
        link = zipfile.ZipInfo("enlace.jpg")
        link.create_system = 3
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
    sign_in(page, office)
    make_batch(page, "Zip")
    sent = photos_sent(page)
    drop(page, [archive])
    expect(page.locator("#sending")).to_contain_text("8 archivos enviados", timeout=SLOW_MS)
    expect(page.locator("#rows tr")).to_have_count(8)
    found = verdicts(page)
    assert {path: found[path] for path in ("fuera.jpg", "cortada.jpg")} == {
        "fuera.jpg": "retenida",
        "cortada.jpg": "rechazada",
    }
    assert [found[f"calle/{n}.jpg"] for n in range(6)] == ["aceptada"] * 6
    expect(page.locator("#sending .notice-bad summary")).to_have_text("3 archivos no se enviaron")
    left = page.locator("#sending .notice-bad li")
    expect(left).to_have_count(3)
    expect(left.filter(has_text="bomba.jpg")).to_contain_text("100 veces")
    expect(left.filter(has_text="otro.zip")).to_contain_text("no se abre")
    expect(left.filter(has_text="enlace.jpg")).to_contain_text("enlace")
    expect(page.locator("#sending")).to_contain_text("1 archivo no es foto ni manifiesto")
    assert len(sent) == 8

    page.reload()
    expect(page.locator("#rows tr")).to_have_count(8)
    drop(page, [archive])
    expect(page.locator("#sending")).to_contain_text(
        "8 archivos ya habían llegado", timeout=SLOW_MS
    )
    assert len(sent) == 8
