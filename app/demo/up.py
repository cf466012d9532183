"""From nothing to a running map of the drawn city.

Every step is a `mirada` command that anyone can run alone, in a process of its own; what an
earlier run finished is passed over. The web app and one worker are left running.
"""

import json
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import func, select

from app import areas, background, releases
from app.db import SessionFactory
from app.demo import city, findings, report
from app.demo.usage import Usage, peak_mb
from app.errors import MiradaError
from app.settings import Settings
from app.tables import Photo, Release
from app.tables import score as score_rows

RELEASE = "demo"
LAYER = "comuna"
TRAINING = Path(__file__).parent / "data" / "train.toml"
WEB, WORKER = "web", "worker"
SERVE_WAIT_S = 60


class DemoFailed(MiradaError):
    """A step of the demo ended with an error, which it has printed."""

    code = "demo-failed"


@dataclass
class Up:
    """One run: where everything lies, and how long each step took."""

    settings: Settings
    sessions: SessionFactory
    places: int
    scenes: int
    seed: int
    console: Console = field(default_factory=Console)
    usage: Usage = field(default_factory=Usage)
    missed: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.settings.data_dir / "demo"

    def step(self, title: str, work: Callable[[], None]) -> None:
        self.console.rule(f"[bold]{title}", align="left", style="dim")
        with self.usage.step(title):
            work()

    def mirada(self, *arguments: str | Path) -> None:
        """Runs the command of that name. Raises DemoFailed when it fails."""
        words = [str(argument) for argument in arguments]
        self.console.print("$ mirada " + " ".join(words), style="dim", soft_wrap=True)
        if self.usage.run(command(*words)) != 0:
            raise DemoFailed(
                f"`mirada {' '.join(words)}` failed, see above. Run `make demo` again when it is "
                f"mended; it goes on where it was."
            )


def command(*arguments: str) -> list[str]:
    """The `mirada` command of this very environment."""
    return [str(Path(sys.executable).with_name("mirada")), *arguments]


def run(up: Up) -> None:
    """Ends with the map running. Raises DemoFailed, or what a step has to say.

    `up.missed` has what the rankers did not find of what was drawn.
    """
    port_is_ours_or_free(up.settings)
    up.step("Draw the city", lambda: draw(up))
    up.step("Load the comunas", lambda: load_comunas(up))
    up.step("Import the photos", lambda: import_photos(up))
    up.step("Train the rankers", lambda: train(up))
    up.step("Start the web app and the worker", lambda: start(up))
    up.step("Score the photos", lambda: score(up))
    up.step("Compare with what was drawn", lambda: compare(up))
    up.mirada("admin", "create", "admin", "--if-none")
    up.usage.lines(lambda line: up.console.print(line, highlight=False))
    up.console.print(f"\n[bold]The map is at {address(up.settings)}[/bold]; `make stop` ends it.")
    up.console.print(f"Admin pages: {address(up.settings)}/admin, account `admin`.")


def draw(up: Up) -> None:
    up.mirada(
        *("demo", "draw", up.folder, "--seed", str(up.seed)),
        *("--places", str(up.places), "--scenes", str(up.scenes)),
    )


def load_comunas(up: Up) -> None:
    with up.sessions() as session:
        if LAYER in {layer.key for layer in areas.layers(session)}:
            up.console.print(f"The layer {LAYER} is there.")
            return
    up.mirada("import", "areas", "--recipe", "comunas-rm")


def import_photos(up: Up) -> None:
    with up.sessions() as session:
        count = select(func.count()).select_from(Photo).where(Photo.source == city.SOURCE)
        if session.scalar(count) == up.places:
            up.console.print(f"All {up.places} photos are there.")
            return
    up.mirada("import", "photos", up.folder / "photos", "--manifest", up.folder / "manifest.csv")


def train(up: Up) -> None:
    folder = up.folder / RELEASE
    if (folder / "release.json").exists():
        up.console.print("The release is there.")
    else:
        up.mirada(
            *("model", "train", up.folder / "votes.csv", up.folder / "training"),
            *("--out", folder, "--name", RELEASE, "--demo", "--config", TRAINING),
        )
    if _release(up) is None:
        up.mirada("releases", "register", folder)


def start(up: Up) -> None:
    settings = up.settings
    background.start(WORKER, command("worker"), settings.data_dir)
    background.start(WEB, command("serve"), settings.data_dir)
    deadline = time.monotonic() + SERVE_WAIT_S
    while not answers(settings):
        _still_runs(WEB, settings)
        if time.monotonic() > deadline:
            raise DemoFailed(
                f"The web app does not answer on {address(settings)} after {SERVE_WAIT_S} s. "
                f"Its log is {background.log_file(WEB, settings.data_dir)}."
            )
        time.sleep(0.3)
    up.console.print(f"The web app answers on {address(settings)}; the worker waits for photos.")


def score(up: Up) -> None:
    release = _release(up)
    if release is None:
        raise DemoFailed(f"The release {RELEASE} is gone. Run `make demo` again.")
    if release.state == "registered":
        up.mirada("releases", "score", RELEASE)
    _wait_for_scores(up)
    with up.sessions() as session:
        shown = releases.active(session)
    if shown is None:
        up.mirada("releases", "activate", RELEASE)
    elif shown.name != RELEASE:
        up.console.print(f"The map goes on showing the release {shown.name}.")
    for name in (WEB, WORKER):
        pid = background.running(name, up.settings.data_dir)
        if pid is not None:
            up.usage.held(peak_mb(pid))


def compare(up: Up) -> None:
    """The rankers judge scenes that training never saw, and the comunas are compared."""
    judged = up.folder / findings.JUDGED
    if not judged.exists():
        up.mirada(
            *("model", "evaluate", up.folder / RELEASE, up.folder / "votes.csv"),
            *(up.folder / "training", "--predictions", judged),
        )
    with up.sessions() as session:
        found = findings.gather(session, up.folder, release=RELEASE, layer=LAYER)
    up.console.print(report.table(found))
    up.missed = [f"{one.attribute}: {words}" for one in found for words in one.missed()]


def _wait_for_scores(up: Up) -> None:
    scored = select(func.count()).select_from(score_rows)
    columns = (TextColumn("scored"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=up.console) as progress:
        task = progress.add_task("", total=up.places)
        while True:
            with up.sessions() as session:
                release = session.scalar(select(Release).where(Release.name == RELEASE))
                if release is None:
                    raise DemoFailed(f"The release {RELEASE} was deleted while it was scored.")
                done = session.scalar(scored.where(score_rows.c.release_id == release.id)) or 0
                progress.update(task, completed=done, total=max(up.places, done))
                if release.state == "ready" and releases.published(session).get(release.id):
                    return
            _still_runs(WORKER, up.settings)
            time.sleep(0.5)


def _release(up: Up) -> Release | None:
    with up.sessions() as session:
        return session.scalar(select(Release).where(Release.name == RELEASE))


def _still_runs(name: str, settings: Settings) -> None:
    if background.running(name, settings.data_dir) is None:
        log = background.log_file(name, settings.data_dir)
        last = log.read_text(errors="replace").strip().splitlines()[-1:] if log.exists() else []
        said = f" Its last words: {last[0]}" if last else ""
        raise DemoFailed(f"The {name} process ended; its log is {log}.{said}")


def address(settings: Settings) -> str:
    host = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else settings.host
    return f"http://{host}:{settings.port}"


def answers(settings: Settings) -> bool:
    try:
        with urllib.request.urlopen(f"{address(settings)}/readyz", timeout=5) as response:
            return bool(json.load(response)["status"] == "ready")
    except (urllib.error.URLError, OSError, ValueError, KeyError, TypeError):
        return False


def port_is_ours_or_free(settings: Settings) -> None:
    """Raises DemoFailed at the start rather than after minutes of work."""
    if background.running(WEB, settings.data_dir) is not None:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise DemoFailed(
                f"Port {settings.port} cannot be used ({error.strerror}). Stop what listens there, "
                f"or choose another: MIRADA_PORT=8001 make demo."
            ) from None
