"""The `mirada` command as people type it, on real databases."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app import batches, cli, cluster
from app.db import make_engine, session_factory
from app.photos.files import PhotoFiles
from tests.imports.conftest import SANTIAGO, jpeg
from tests.test_releases import write_release

ROOT = Path(__file__).parents[1]
LAT, LON = SANTIAGO
Mirada = Callable[..., tuple[int, str, str]]


@pytest.fixture
def mirada(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Mirada:
    """Runs the command in this process; (exit code, standard output, standard error)."""
    monkeypatch.setenv("MIRADA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def mirada(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["mirada", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return mirada


@pytest.fixture
def database(clean_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("MIRADA_DATABASE_URL", clean_database)
    engine = make_engine(clean_database)
    yield engine
    engine.dispose()


def scores_table(folder: Path) -> Path:
    path = folder / "scores.csv"
    rows = [f"p{i},{LAT + i / 1000},{LON},{i}" for i in range(5)]
    path.write_text("\n".join(["key,lat,lon,safety", *rows]))
    return path


def test_help_and_version_import_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['mirada', '--version']\n"
        "import app.cli\n"
        "try: app.cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'geopandas', 'shapely', 'sqlalchemy', 'alembic', 'uvicorn', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    version, heavy = done.stdout.splitlines()
    assert version[0].isdigit()
    assert heavy == "[]"


@pytest.mark.parametrize(
    "group",
    ["import", "layers", "photos", "export", "releases", "db", "model", "admin", "demo"],
)
def test_every_group_explains_itself(mirada: Mirada, group: str) -> None:
    code, out, _ = mirada(group, "--help")
    assert code == 0
    assert "Commands" in out


def test_from_files_to_a_map(mirada: Mirada, database: Engine, tmp_path: Path) -> None:
    assert mirada("migrate")[:2] == (0, "the tables are up to date\n")
    code, out, _ = mirada("import", "areas", "--recipe", "comunas-rm")
    assert code == 0
    assert out.startswith("features: 52 accepted, 0 duplicate, 0 rejected\n")
    assert "these borders are simplified" in out
    code, out, _ = mirada(
        *("import", "scores", scores_table(tmp_path), "--release", "human", "--source", "People")
    )
    assert code == 0
    assert out.startswith("scores: 5 accepted, 0 duplicate, 0 rejected\n")
    folder = tmp_path / "street"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(jpeg(1))
    (folder / "b.jpg").write_text("text")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(f"filename,lat,lon\na.jpg,{LAT},{LON}\nb.jpg,{LAT},{LON}\n")
    code, out, _ = mirada("import", "photos", folder, "--manifest", manifest)
    assert code == 0
    assert out.splitlines() == [
        "photos: 1 accepted, 0 duplicate, 1 rejected",
        "  rejected, not-an-image: 1",
        "  line 3: The file is no picture, whatever its name says.",
        f"  all rejected rows: {tmp_path / 'manifest.rejected.csv'}",
    ]
    assert mirada("check-totals") == (0, "0 differences\n", "")
    assert mirada("publish") == (0, "0 photos published\n", "")
    assert mirada("releases", "list")[1] == "* human: imported, ready, 5 photos on the map\n"
    listed = mirada("layers", "list")[1].splitlines()
    assert [line.split(", ")[0] for line in listed] == [
        "comuna: 52 areas",
        "city: 1 areas",
    ]
    with database.connect() as connection:
        ids = connection.scalars(text("SELECT id FROM photo ORDER BY id")).all()
    assert mirada("photos", "delete", ids[0], ids[-1], 10**9)[1] == "2 of 3 photos deleted\n"
    assert list((tmp_path / "data" / "photos").glob("*/*")) == []
    assert mirada("check-totals")[1] == "0 differences\n"
    assert mirada("layers", "drop", "comuna") == (0, "layer comuna is gone\n", "")
    assert mirada("check-totals")[1] == "0 differences\n"


def test_the_map_as_one_file(mirada: Mirada, database: Engine, tmp_path: Path) -> None:
    mirada("import", "areas", "--recipe", "comunas-rm")
    mirada("import", "scores", scores_table(tmp_path), "--release", "human", "--source", "People")
    code, out, err = mirada("export", "map", "--out", "out.html", "--language", "en")
    if "make assets" in err:
        pytest.skip("needs the bundles of the front end (make assets)")
    assert (code, out, err) == (0, "out.html\n", "")
    assert "Santiago" in (tmp_path / "out.html").read_text(encoding="utf-8")


def test_a_release_through_its_life(mirada: Mirada, database: Engine, tmp_path: Path) -> None:
    mirada("import", "scores", scores_table(tmp_path), "--release", "human", "--source", "People")
    folder = write_release(tmp_path / "trained", name="trained")
    assert mirada("releases", "register", folder)[1] == "release trained is registered\n"
    assert mirada("releases", "list")[1].splitlines()[1] == (
        "  trained: rankers, drawn scenes, registered, 0 photos on the map"
    )
    code, _, err = mirada("releases", "score", "trained")
    assert (code, err.splitlines()[0][:40]) == (1, "mirada: There is no photo in the city th")
    with session_factory(database).begin() as session:
        from tests.builders import make_photo

        make_photo(session, LON, LAT)
    code, out, _ = mirada("releases", "score", "trained")
    assert out.splitlines() == [
        "1 reference photos are queued, all others follow after them",
        "no worker runs: start one with `mirada worker`",
    ]
    code, _, err = mirada("releases", "activate", "trained")
    assert (code, err) == (
        1,
        "mirada: Release trained is scoring, and only a ready one can be shown.\n",
    )
    with database.begin() as connection:
        connection.execute(text("UPDATE release SET state = 'ready' WHERE name = 'trained'"))
    code, _, err = mirada("releases", "activate", "trained")
    assert code == 1
    assert "6 photos would have no scores" in err
    assert mirada("releases", "activate", "trained", "--allow-missing")[0] == 0
    assert mirada("releases", "rollback", "--allow-missing")[1] == (
        "release human is shown again\n"
    )
    assert mirada("releases", "delete", "human")[0] == 1
    assert (tmp_path / "data" / "releases" / "trained").is_dir()
    assert mirada("releases", "delete", "trained")[1] == "release trained is gone\n"
    assert not (tmp_path / "data" / "releases" / "trained").exists()
    assert mirada("check-totals")[1] == "0 differences\n"


def test_two_releases_are_compared(mirada: Mirada, database: Engine, tmp_path: Path) -> None:
    table = scores_table(tmp_path)
    mirada("import", "scores", table, "--release", "people", "--source", "People")
    turned = tmp_path / "turned.csv"
    rows = [f"p{i},{LAT + i / 1000},{LON},{-i}" for i in range(5)]
    turned.write_text("\n".join(["key,lat,lon,safety", *rows]))
    mirada("import", "scores", turned, "--release", "turned", "--source", "People")
    code, out, _ = mirada("releases", "compare", "turned")
    lines = out.splitlines()
    assert (code, lines[:2]) == (
        0,
        [
            "people → turned: 5 photos have scores of both",
            "safety: rank correlation -1.000, mean 5.0 → 5.0, a photo moves by 4.8",
        ],
    )
    assert [line.split(": ")[1] for line in lines[2:]] == ["1.0 → 9.0", "9.0 → 1.0", "3.0 → 7.0"]
    assert mirada("releases", "compare", "people", "--with", "turned")[1].startswith("turned → ")
    code, _, err = mirada("releases", "compare", "people")
    assert code == 1
    assert "Name another one" in err


def test_a_release_is_scored_again_where_photos_are_missing(
    mirada: Mirada, database: Engine, tmp_path: Path
) -> None:
    with session_factory(database).begin() as session:
        from tests.builders import make_photo

        make_photo(session, LON, LAT)
    mirada("releases", "register", write_release(tmp_path / "trained", name="trained"))
    mirada("releases", "score", "trained")
    assert mirada("releases", "score", "trained")[1].splitlines()[0] == "0 photos are queued"
    with database.begin() as connection:
        connection.execute(text("UPDATE procrastinate_jobs SET status = 'failed'"))
    assert mirada("releases", "score", "trained")[1].splitlines()[0] == "1 photos are queued"
    code, _, err = mirada("releases", "score", "trained", "--new-references")
    assert code == 1
    assert "is scoring already" in err


def test_a_batch_is_shown_completed_and_scored_again(
    mirada: Mirada, database: Engine, tmp_path: Path
) -> None:
    store, decoder = PhotoFiles(tmp_path / "data" / "photos"), batches.Decoder(processes=1)
    sessions = session_factory(database)
    new = batches.BatchIn(title="Calle", source="mine", licence="CC0-1.0")
    with sessions.begin() as session:
        batch = batches.create(session, new).id
    for name, data in (("a.jpg", jpeg(1)), ("=b.jpg", b"no photo")):
        batches.receive(sessions, store, decoder, batch, batches.File(name, data, LAT, LON))
    decoder.close()
    code, said, _ = mirada("batches", "complete", batch)
    assert code == 0
    assert f"batch {batch}: Calle, scoring" in said
    assert "accepted: 1" in said
    assert "rejected: 1" in said
    assert mirada("batches", "show", batch)[1] == said
    for again in ("score", "retry"):
        assert mirada("batches", again, batch)[0] == 0
    out = tmp_path / "verdicts.csv"
    assert mirada("batches", "verdicts", batch, "--out", out)[0] == 0
    assert [line.split(",")[1] for line in out.read_text("utf-8-sig").splitlines()] == [
        "verdict",
        "accepted",
        "rejected",
    ]
    assert "exists" in mirada("batches", "verdicts", batch, "--out", out)[2]
    assert f"There is no batch {batch + 1}" in mirada("batches", "show", batch + 1)[2]


def test_totals_that_differ_are_printed_and_end_with_1(
    mirada: Mirada, database: Engine, tmp_path: Path
) -> None:
    mirada("import", "scores", scores_table(tmp_path), "--release", "human", "--source", "People")
    with database.begin() as connection:
        connection.execute(text("UPDATE cell_total SET n = n + 1 WHERE z = 5"))
    code, out, _ = mirada("check-totals")
    assert code == 1
    assert out.splitlines()[-1] == "1 differences"
    assert out.startswith("cell_total (")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("import", "areas"), "Name a file and its --layer, or a --recipe"),
        (("import", "areas", "x.geojson", "--recipe", "comunas-rm"), "not both"),
        (("import", "areas", "x.geojson", "--layer", "zone", "--code-column", "c"), "no file"),
        (("import", "photos", "nowhere"), "nowhere is not there"),
        (("import", "scores", "x.csv", "--release", "r", "--source", "s"), "no file x.csv"),
        (("layers", "drop", "zone"), "no layer `zone`"),
        (("releases", "activate", "nothing"), "no release 'nothing'"),
        (("releases", "rollback"), "No release is active yet"),
        (("releases", "register", "nowhere"), "nowhere is no release"),
        (("export", "map", "--language", "fr"), "must be es or en"),
    ],
)
def test_errors_are_one_sentence(
    mirada: Mirada, database: Engine, arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = mirada(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith("mirada: ")
    assert words in err
    assert err.count("\n") == 1


def test_a_database_that_is_away(mirada: Mirada, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRADA_DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/none")
    code, _, err = mirada("layers", "list")
    assert code == 1
    assert "none on 127.0.0.1:1 does not answer" in err
    assert "secret" not in err
    assert mirada("db", "url")[1] == "postgresql://u:***@127.0.0.1:1/none\n"


def test_a_database_of_others_is_not_migrated_unasked(
    mirada: Mirada, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`server_url` has PostGIS and no tables."""
    monkeypatch.setenv("MIRADA_DATABASE_URL", server_url)
    code, _, err = mirada("layers", "list")
    assert code == 1
    assert "has no tables yet. Run `make migrate`" in err


def test_a_setting_that_cannot_be(mirada: Mirada, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRADA_PORT", "many")
    code, _, err = mirada("layers", "list")
    assert (code, err.split(":")[1]) == (1, " MIRADA_PORT cannot be 'many'")


def test_an_error_of_ours_is_not_swallowed(
    monkeypatch: pytest.MonkeyPatch, database: Engine, tmp_path: Path
) -> None:
    monkeypatch.setenv("MIRADA_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["mirada", "publish"])
    monkeypatch.setattr("app.totals.publish", lambda session: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_the_private_database(
    mirada: Mirada, cluster_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made, found, migrated by the first command that needs it, and stopped."""
    data_dir = cluster_home / "cli"
    monkeypatch.setenv("MIRADA_DATA_DIR", str(data_dir))
    assert mirada("db", "status")[1].endswith("is not made yet\n")
    url = mirada("db", "start")[1]
    assert mirada("db", "url")[1] == url
    assert mirada("layers", "list") == (0, "", "")
    assert mirada("db", "status")[1].endswith(" runs\n")
    assert mirada("stop")[1] == "the database is stopped\n"
    assert mirada("db", "status")[1].endswith(" is stopped\n")
    assert mirada("db", "stop")[1] == "no database was running\n"
    cluster.remove(data_dir)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _healthy(url: str, process: "subprocess.Popen[Any]") -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            time.sleep(0.2)
    return False


def test_serve_answers_until_it_is_stopped(database: Engine, tmp_path: Path) -> None:
    port = _free_port()
    environment = os.environ | {"MIRADA_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port"]
    with subprocess.Popen(
        [*command, str(port)], cwd=ROOT, env=environment, stderr=subprocess.PIPE
    ) as process:
        try:
            assert _healthy(f"http://127.0.0.1:{port}/healthz", process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM


def test_a_worker_without_work_ends_at_once(database: Engine, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", "worker", "--until-idle"],
        cwd=ROOT,
        env=os.environ | {"MIRADA_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
