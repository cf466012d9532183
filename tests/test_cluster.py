"""The private cluster: made, found again, stopped, and revived after every kind of death."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app import cluster
from app.cluster import binaries, server
from app.cluster import place as places
from app.db import make_engine
from app.errors import SetupMissing

ROOT = Path(__file__).parents[1]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to act as several accounts")


@pytest.fixture
def data_dir(cluster_home: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    folder = cluster_home / f"{request.node.name[:40]}-{os.getpid()}"
    yield folder
    cluster.remove(folder)


@pytest.fixture(scope="module")
def kept(cluster_home: Path) -> Iterator[Path]:
    """One cluster for the tests that leave it running, since making one takes seconds."""
    folder = cluster_home / f"kept-{os.getpid()}"
    cluster.ensure(folder, durable=False)
    yield folder
    cluster.remove(folder)


def ask(url: str, question: str) -> object:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            answer: object = connection.scalar(text(question))
            return answer
    finally:
        engine.dispose()


def test_it_is_made_found_again_stopped_and_started(data_dir: Path) -> None:
    assert not cluster.status(data_dir).made
    assert cluster.stop(data_dir) is False

    url = cluster.ensure(data_dir)
    assert "3." in str(ask(url, "SELECT postgis_lib_version()"))
    assert ask(url, "SELECT current_setting('server_encoding')") == "UTF8"
    assert ask(url, "SELECT current_setting('listen_addresses')") == ""
    assert ask(url, "SELECT current_setting('fsync')") == "on"
    assert ask(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    backend = ask(url, "SELECT pg_postmaster_start_time()")

    assert cluster.ensure(data_dir) == url
    assert ask(url, "SELECT pg_postmaster_start_time()") == backend

    assert cluster.stop(data_dir) is True
    stopped = cluster.status(data_dir)
    assert (stopped.made, stopped.running, stopped.url) == (True, False, url)
    assert cluster.stop(data_dir) is False

    assert cluster.ensure(data_dir) == url
    assert ask(url, "SELECT pg_postmaster_start_time()") != backend
    assert cluster.status(data_dir).running


def test_what_was_written_survives_a_killed_server(kept: Path) -> None:
    url = cluster.ensure(kept)
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS answer"))
    engine.dispose()
    place = places.of(kept)
    postmaster = int((place.pgdata / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    assert ask(cluster.ensure(kept), "SELECT answer FROM kept") == 42


def test_a_stale_pid_file_that_names_another_process_is_overcome(kept: Path) -> None:
    cluster.ensure(kept)
    cluster.stop(kept)
    place = places.of(kept)
    stranger = subprocess.Popen(
        ["sleep", "60"], user=place.owner.pw_uid if os.geteuid() == 0 else None
    )
    try:
        lines = [str(stranger.pid), str(place.pgdata), "0", "5432", str(place.sockets), "", "0 0"]
        (place.pgdata / "postmaster.pid").write_text("\n".join(lines) + "\n")
        (place.sockets / f"{place.socket.name}.lock").write_text("\n".join(lines) + "\n")
        assert ask(cluster.ensure(kept), "SELECT 1") == 1
    finally:
        stranger.kill()
        stranger.wait()


def test_a_cluster_whose_socket_was_cleared_away_is_restarted(kept: Path) -> None:
    cluster.ensure(kept)
    shutil.rmtree(places.of(kept).sockets)
    assert ask(cluster.ensure(kept), "SELECT 1") == 1


def test_two_that_start_at_once_get_one_cluster(data_dir: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from app import cluster;"
        "print(cluster.ensure(Path(sys.argv[1]), durable=False))"
    )
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(data_dir)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    said = [starter.communicate(timeout=120) for starter in starters]
    assert [starter.returncode for starter in starters] == [0, 0, 0], said
    assert {out.strip() for out, _ in said} == {cluster.status(data_dir).url}
    assert ask(cluster.status(data_dir).url, "SELECT 1") == 1


def test_a_half_made_cluster_is_made_anew(data_dir: Path) -> None:
    place = places.of(data_dir)
    place.unfinished.mkdir(parents=True)
    (place.unfinished / "PG_VERSION").write_text("15\n")
    assert ask(cluster.ensure(data_dir, durable=False), "SELECT 1") == 1
    assert not place.unfinished.exists()


def test_a_path_of_150_characters(cluster_home: Path) -> None:
    data_dir = cluster_home / ("long-" * 40)[: 150 - len(str(cluster_home)) - 9] / "x" / ".mirada"
    assert len(str(data_dir)) >= 148
    try:
        url = cluster.ensure(data_dir, durable=False)
        assert ask(url, "SELECT 1") == 1
    finally:
        cluster.remove(data_dir)


@as_root
def test_a_checkout_that_postgres_cannot_enter() -> None:
    """As below root's home: the cluster lies elsewhere, and a note says where."""
    with tempfile.TemporaryDirectory(dir=Path.home(), prefix="mirada-test-") as home:
        Path(home).chmod(0o700)
        data_dir = Path(home) / ".mirada"
        try:
            url = cluster.ensure(data_dir, durable=False)
            folder = cluster.status(data_dir).folder
            assert folder.parent == Path("/var/lib/mirada")
            note = places.note(data_dir)
            assert note.read_text().strip() == str(folder)
            assert ask(url, "SELECT 1") == 1

            moved = Path(home) / "elsewhere"
            shutil.copytree(data_dir, moved)
            with pytest.raises(cluster.ClusterFailed, match="moved or copied"):
                cluster.ensure(moved)
        finally:
            cluster.remove(data_dir)
        assert not folder.exists()
        assert not note.exists()


@as_root
def test_an_account_that_is_not_root(cluster_home: Path) -> None:
    """It owns its cluster; root may use and stop it; another account is turned away in words."""
    nobody = pwd.getpwnam("nobody")
    home = cluster_home / f"nobody-{os.getpid()}"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    data_dir = home / ".mirada"
    try:
        url = _ensure_as("nobody", data_dir).stdout.strip()
        assert cluster.status(data_dir) == cluster.Status(
            True, True, url, data_dir / "postgres", cluster.status(data_dir).postgresql
        )
        assert (data_dir / "postgres").stat().st_uid == nobody.pw_uid
        assert cluster.ensure(data_dir) == url
        assert ask(url, "SELECT 1") == 1
        refused = _ensure_as("daemon", data_dir)
        assert refused.returncode == 1
        assert "belongs to another account than daemon" in refused.stderr
        assert cluster.stop(data_dir)
        assert _ensure_as("nobody", data_dir).stdout.strip() == url
    finally:
        cluster.remove(data_dir)


def _ensure_as(account: str, data_dir: Path) -> subprocess.CompletedProcess[str]:
    """The interpreter may lie where the account cannot go, so it changes after its imports."""
    script = (
        "import os, pwd, sys; from pathlib import Path; from app import cluster;"
        "who = pwd.getpwnam(sys.argv[1]); os.setgroups([]); os.setgid(who.pw_gid);"
        "os.setuid(who.pw_uid); print(cluster.ensure(Path(sys.argv[2]), durable=False))"
    )
    return subprocess.run(
        [sys.executable, "-c", script, account, str(data_dir)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@as_root
def test_a_socket_folder_of_somebody_else_is_refused(data_dir: Path) -> None:
    place = places.of(data_dir)
    place.sockets.mkdir()
    os.chown(place.sockets, pwd.getpwnam("daemon").pw_uid, -1)
    with pytest.raises(cluster.ClusterFailed, match="belongs to another account"):
        cluster.ensure(data_dir, durable=False)


def test_only_the_owner_reaches_the_socket(kept: Path) -> None:
    cluster.ensure(kept)
    place = places.of(kept)
    assert place.sockets.stat().st_mode & 0o777 == 0o700
    assert place.sockets.stat().st_uid == place.owner.pw_uid


def test_without_postgresql_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_candidates", lambda: [])
    with pytest.raises(SetupMissing, match=r"not installed.*make setup.*docker compose up"):
        binaries.newest()


def test_without_postgis_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "initdb").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(binaries, "_candidates", lambda: [tmp_path])
        with pytest.raises(SetupMissing, match="has no PostGIS"):
            binaries.newest()


def test_a_cluster_of_a_postgresql_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(SetupMissing, match="made by PostgreSQL 8"):
        binaries.of_version("8", tmp_path)


def test_a_server_that_cannot_start_shows_its_own_words(kept: Path) -> None:
    cluster.ensure(kept)
    cluster.stop(kept)
    settings = places.of(kept).pgdata / "postgresql.conf"
    good = settings.read_text()
    settings.write_text(good + "no_such_setting = 1\n")
    with pytest.raises(cluster.ClusterFailed, match="no_such_setting"):
        cluster.ensure(kept)
    settings.write_text(good)
    assert ask(cluster.ensure(kept), "SELECT 1") == 1


def test_stopping_ends_every_process(kept: Path) -> None:
    cluster.ensure(kept)
    place = places.of(kept)
    assert len(server.processes(place)) > 1
    cluster.stop(kept)
    assert server.processes(place) == []


def test_a_run_that_was_killed_is_swept_by_the_next(tmp_path: Path) -> None:
    """A test run of its own, killed while its cluster runs, and another one after it."""
    test = tmp_path / "test_sleeping.py"
    test.write_text(
        "import time\n"
        "def test_it(server_url):\n"
        "    print(server_url, flush=True)\n"
        "    time.sleep(60)\n"
    )
    conftest = (ROOT / "tests" / "conftest.py").read_text()
    (tmp_path / "conftest.py").write_text(conftest)
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-s", "-n0"]
    killed = subprocess.Popen(
        [*command, str(test)], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert killed.stdout is not None
    url = next(line.strip() for line in killed.stdout if line.startswith("postgresql"))
    killed.kill()
    killed.communicate()
    assert ask(url, "SELECT 1") == 1

    test.write_text("def test_it(): pass\n")
    subprocess.run([*command, str(test)], cwd=tmp_path, env=environment, check=True, timeout=60)
    sockets = Path(url.split("host=")[1].split("&")[0])
    assert not sockets.exists()
    deadline = time.monotonic() + 10
    while list(tmp_path.glob("mirada-tests-*/*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list(tmp_path.glob("mirada-tests-*/*")) == []
