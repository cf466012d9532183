"""What the uploading command makes of every answer, and of none."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from app import accounts
from app.cli.upload import answers, api, given
from app.db import SessionFactory
from tests.conftest import ROOT
from tests.rankers import jpeg
from tests.upload.conftest import Asgi, Command, Server, environment

Rows = Callable[[], list[tuple[str, str, str | None]]]
Batches = Callable[[], list[tuple[str, str]]]
TERMS = ["--source", "Municipalidad", "--licence", "CC BY 4.0"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "julio"
    folder.mkdir()
    for number in range(30):
        (folder / f"{number:02d}.jpg").write_bytes(jpeg(number))
    return folder


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses that were due, none of them waited for."""
    due: list[float] = []
    pause_s = api.pause_s

    def noted(attempt: int, retry_after_s: float = 0) -> float:
        due.append(pause_s(attempt, retry_after_s))
        return 0.001

    monkeypatch.setattr(api, "pause_s", noted)
    return due


def answering(status: int, body: object = None, **headers: str) -> Callable[..., Any]:
    async def fault(number: int, app: Asgi, scope: Any, receive: Any, send: Any) -> None:
        lines = [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": json.dumps(body or {}).encode()})

    return fault


def test_a_token_that_is_unknown_is_said_so_and_never_shown(
    mirada: Command, folder: Path, token: str, batches: Batches
) -> None:
    for wrong in (token + "x", "mirada_é", "two words", "line\nbreak"):
        ended = mirada(folder, "--token", wrong)
        assert ended.code == 1
        assert "token" in ended.err
        assert wrong not in ended.err + ended.out
    assert "does not accept the token" in mirada(folder, "--token", token + "x").err
    assert batches() == []


def test_the_help_prefers_the_environment_and_shows_no_token(
    mirada: Command, folder: Path, token: str
) -> None:
    ended = mirada(folder, "--help")
    assert "MIRADA_TOKEN" in ended.out
    assert token not in ended.out


def test_addresses_that_lead_to_no_mirada_are_explained(
    mirada: Command, server: Server, folder: Path, at_once: list[float]
) -> None:
    assert "There is no Mirada at" in mirada(folder, "--url", f"{server.url}/elsewhere").err
    for wrong in ("ftp://x", "x", "http://", "http://name:secret@x"):
        ended = mirada(folder, "--url", wrong)
        assert "no address of a server" in ended.err
        assert "secret" not in ended.err
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    ended = mirada(folder, "--url", closed)
    assert ended.code == 1
    assert f"{closed} does not answer after 10 attempts" in ended.err
    assert "run the same command again" in ended.err
    assert len(at_once) == api.ATTEMPTS - 1


@pytest.mark.parametrize(
    ("url", "clear"),
    [
        ("http://mirada.example", True),
        ("http://10.0.0.7:8000/mirada", True),
        ("https://mirada.example", False),
        ("http://localhost:8000", False),
        ("http://[::1]:8000", False),
    ],
)
def test_a_token_that_others_can_read_on_its_way_is_noticed(url: str, clear: bool) -> None:
    assert given.goes_in_clear(url) is clear


def test_an_address_that_leads_elsewhere_names_it(
    mirada: Command, server: Server, folder: Path
) -> None:
    server.fault = answering(308, location="https://mirada.example/api")
    ended = mirada(folder)
    assert ended.code == 1
    assert "leads to https://mirada.example/api" in ended.err


def test_a_batch_that_is_missing_or_closed_is_explained(
    mirada: Command, folder: Path, tmp_path: Path, rows: Rows
) -> None:
    missing = mirada(folder, "--batch", 99, terms=False)
    assert (missing.code, "There is no batch 99." in missing.err) == (1, True)
    assert mirada(folder).code == 0
    more = tmp_path / "more"
    more.mkdir()
    (more / "new.jpg").write_bytes(jpeg(99))
    closed = mirada(more, "--batch", 1, terms=False)
    assert closed.code == 1
    assert "takes no more files" in closed.err
    assert mirada(folder, "--batch", 1, terms=False).code == 0
    assert len(rows()) == 30


def test_terms_are_asked_for_and_not_changed(mirada: Command, folder: Path) -> None:
    assert "--source and --licence" in mirada(folder, terms=False).err
    assert "leave them out" in mirada(folder, "--batch", 1).err


def test_what_the_server_asks_for_is_waited_for(
    mirada: Command, server: Server, folder: Path, rows: Rows, at_once: list[float]
) -> None:
    busy = answering(429, {"detail": "busy"}, retry_after="7")

    async def at_first(number: int, app: Asgi, scope: Any, receive: Any, send: Any) -> None:
        await (
            busy(number, app, scope, receive, send) if number <= 3 else app(scope, receive, send)
        )

    server.fault = at_first
    assert mirada(folder).code == 0
    assert at_once == [7, 7, 7]
    assert len(rows()) == 30


def test_pauses_grow_to_half_a_minute_with_some_chance() -> None:
    for attempt, longest in ((1, 1), (2, 2), (5, 16), (6, 30), (50, 30)):
        drawn = {api.pause_s(attempt) for _ in range(200)}
        assert longest / 2 <= min(drawn) < max(drawn) <= longest
    assert api.pause_s(1, 40) == 40


@pytest.mark.parametrize(
    ("said", "low", "high"),
    [
        ("12", 12, 12),
        ("9999", 300, 300),
        ("", 0, 0),
        ("soon", 0, 0),
        ("Wed, 01 Jan 2020 00:00:00 GMT", 0, 0),
    ],
)
def test_retry_after_is_seconds_or_a_moment(said: str, low: float, high: float) -> None:
    import httpx2

    response = httpx2.Response(503, headers={"Retry-After": said})
    assert low <= answers.retry_after_s(response) <= high


def test_retry_after_may_be_a_moment_to_come() -> None:
    import httpx2

    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=200), usegmt=True)
    response = httpx2.Response(503, headers={"Retry-After": soon})
    assert 30 <= answers.retry_after_s(response) <= 200


def test_a_server_that_fails_for_every_photo_is_given_up_once(
    mirada: Command, server: Server, folder: Path, batches: Batches, at_once: list[float]
) -> None:
    server.fault = answering(503, {"detail": "The database is away."})
    ended = mirada(folder)
    assert ended.code == 1
    assert "The database is away." in ended.err
    assert len(server.files_asked) < 3 * api.GIVEN_UP * api.ATTEMPTS
    assert batches() == [("julio", "open")]
    server.fault = None
    assert mirada(folder).code == 0
    assert batches() == [("julio", "scoring")]


def test_one_photo_that_never_has_an_answer_leaves_the_batch_open(
    mirada: Command,
    server: Server,
    folder: Path,
    rows: Rows,
    batches: Batches,
    at_once: list[float],
) -> None:
    unlucky = b'name="path"\r\n\r\n07.jpg'

    async def fault(number: int, app: Asgi, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break

        async def again() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        if unlucky in body:
            await answering(500, {"detail": "No."})(number, app, scope, again, send)
        else:
            await app(scope, again, send)

    server.fault = fault
    ended = mirada(folder)
    assert ended.code == 1
    assert "stays open" in ended.err
    assert "07.jpg not-sent no-answer No." in " ".join(ended.out.split())
    assert len(rows()) == 29
    assert batches() == [("julio", "open")]


def test_a_session_that_ends_half_way_ends_the_upload(
    mirada: Command, server: Server, folder: Path, sessions: SessionFactory
) -> None:
    async def revoking(number: int, app: Asgi, scope: Any, receive: Any, send: Any) -> None:
        if number == 5:
            with sessions.begin() as session:
                accounts.revoke_tokens(session, "rosa", "test")
        await app(scope, receive, send)

    server.fault = revoking
    ended = mirada(folder)
    assert ended.code == 1
    assert "does not accept the token" in ended.err
    assert "photos have a verdict" in ended.out
    assert len(server.files_asked) < 15


def test_a_server_that_is_stopped_and_started_again_gets_the_rest(
    mirada: Command, server: Server, folder: Path, rows: Rows
) -> None:
    def restart() -> None:
        while len(server.files_asked) < 8:
            time.sleep(0.01)
        server.stop()
        time.sleep(0.5)
        server.start()

    restarting = threading.Thread(target=restart)
    restarting.start()
    ended = mirada(folder)
    restarting.join()
    assert ended.code == 0, ended.err
    assert "Trying again" in ended.err
    assert len(rows()) == 30


def test_a_command_that_is_killed_goes_on_where_it_was(
    mirada: Command, server: Server, folder: Path, token: str, rows: Rows, batches: Batches
) -> None:
    code = "from app.cli import main; main()"
    command = [sys.executable, "-c", code, "upload", str(folder), "--url", server.url, *TERMS]
    for number in (5, 15):
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(token), stderr=subprocess.DEVNULL
        )
        while len(server.files_asked) < number and process.poll() is None:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        time.sleep(0.5)  # What was under way arrives.
    arrived = len(rows())
    assert 5 <= arrived < 30
    before = len(server.files_asked)
    assert mirada(folder).code == 0
    assert len(server.files_asked) - before == 30 - arrived
    assert len(rows()) == 30
    assert batches() == [("julio", "scoring")]


def test_a_command_that_is_ended_says_how_to_go_on(
    server: Server, folder: Path, token: str, mirada: Command
) -> None:
    code = "from app.cli import main; main()"
    command = [sys.executable, "-c", code, "upload", str(folder), "--url", server.url, *TERMS]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(token),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while len(server.files_asked) < 5:
        time.sleep(0.002)
    process.terminate()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert "Run the same command again" in err
    assert "photos have a verdict" in out
    assert token not in out + err


def test_nothing_heavy_is_imported_to_upload(server: Server, folder: Path, token: str) -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['mirada', 'upload', {str(folder)!r}, '--url', {server.url!r}, *{TERMS!r}]\n"
        "import app.cli\n"
        "try: app.cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'geopandas', 'shapely', 'sqlalchemy', 'alembic', 'fastapi', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(token),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "30 photos have a verdict" in done.stdout
