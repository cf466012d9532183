"""A server for an admin with a browser, and what she does on its pages."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app import accounts, releases, scores
from app.db import make_engine, session_factory
from app.exports.built import DIST
from app.photos.files import PhotoFiles
from app.settings import Settings
from app.tables import ActiveRelease
from tests.conftest import ROOT, copied
from tests.rankers import add_photos, jpeg, write_release

MIRADA = [sys.executable, "-c", "from app.cli import main; main()"]
SLOW_MS = 60_000


@dataclass(frozen=True)
class Office:
    address: str
    url: str
    password: str
    environment: dict[str, str]

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*MIRADA, *command], cwd=ROOT, env=self.environment)


@contextmanager
def open_office(server_url: str, data_dir: Path) -> Iterator[Office]:
    """A server whose release waits for a worker to score its reference photos."""
    if not (DIST / "manifest.json").is_file():
        pytest.skip("needs the built front end: run `make assets`")
    with copied(server_url) as url:
        password = _fill(url, data_dir)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = os.environ | {
            "MIRADA_DATABASE_URL": url,
            "MIRADA_DATA_DIR": str(data_dir),
            "MIRADA_BASEMAP_URL": "",
        }
        made = Office(f"http://127.0.0.1:{port}", url, password, environment)
        server = made.start("serve", "--port", str(port))
        try:
            _wait(f"{made.address}/readyz", server)
            yield made
        finally:
            server.terminate()
            server.wait(timeout=20)


def _fill(url: str, data_dir: Path) -> str:
    settings = Settings(data_dir=data_dir)
    engine = make_engine(url)
    with session_factory(engine).begin() as session:
        add_photos(session, PhotoFiles(settings.photo_dir), 20, first=5000)
        folder = write_release(data_dir / "trained", "first")
        release = releases.register(session, folder, settings.release_dir)
        scores.begin(session, release)
        session.add(ActiveRelease(release_id=release.id))
        password = accounts.create(session, "rosa")
    engine.dispose()
    return password


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    raise AssertionError("the server did not start")


@contextmanager
def visiting(browser: Browser) -> Iterator[Page]:
    """A page of a new visitor; no script of it may fail or be refused by the page's policy."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(20_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda said: errors.append(said.text) if "Content Security" in said.text else None,
    )
    try:
        yield page
    finally:
        context.close()
    assert errors == []


def sign_in(page: Page, office: Office) -> None:
    page.goto(f"{office.address}/admin")
    page.get_by_label("Nombre").fill("rosa")
    page.get_by_label("Contraseña").fill(office.password)
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("heading", name="Lotes", exact=True)).to_be_visible()


def make_batch(page: Page, title: str) -> None:
    page.get_by_label("Título").fill(title)
    page.get_by_label("Quién tomó las fotos").fill("Municipalidad")
    page.get_by_label("Licencia").fill("CC BY 4.0")
    page.get_by_label("Las caras y patentes están difuminadas").check()
    page.get_by_role("button", name="Crear lote").click()
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()


def drop(page: Page, paths: Sequence[Path]) -> None:
    """Files and folders from a file manager onto the page, as the system hands them over."""
    page.locator("#drop-title").scroll_into_view_if_needed()
    box = page.locator("#drop-title").bounding_box()
    assert box is not None
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    files = [str(path) for path in paths]
    data = {"items": [], "files": files, "dragOperationsMask": 1}
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, **at, "data": data})
    devtools.detach()


def write_files(folder: Path, first: int, number: int) -> list[str]:
    """Photos without a position, and a manifest that has them all."""
    folder.mkdir(exist_ok=True)
    lines = ["filename,lat,lon,captured_at,heading_deg"]
    paths = []
    for index in range(number):
        path = folder / f"{index:03d}.jpg"
        path.write_bytes(jpeg(first + index))
        lines.append(f"{path.name},{-33.45 + index * 0.001},-70.65,2025-07-01T12:00:00Z,90")
        paths.append(str(path))
    manifest = folder / "manifiesto.csv"
    manifest.write_text("\n".join(lines))
    return [*paths, str(manifest)]


def verdicts(page: Page) -> dict[str, str]:
    return {path: verdict for path, (verdict, _) in rows(page).items()}


def rows(page: Page) -> dict[str, tuple[str, str]]:
    """Verdict and detail by path, as the table shows them."""
    cells = page.locator("#rows tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((cell) => cell.innerText.trim()))"
    )
    return {row[1]: (row[2], row[3]) for row in cells}
