"""A second release for many photos: `python -m tests.benchmarks.rescoring`.

Synthetic photos with the scores of one release; another one is registered and scores them all
through the API and a worker that is real but for its networks. Meanwhile the old map is asked for
its tiles, an admin's page follows, and the memory of all processes is watched. Then the map is
switched to the new release and back.
"""

import argparse
import statistics
import sys
import time
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select, text

from app import totals
from app.demo import synth
from app.demo.usage import family
from app.tables import Release, cell_total, score
from tests.benchmarks.__main__ import load_areas
from tests.benchmarks.bounds import Bounds
from tests.benchmarks.installation import Installation, installed
from tests.benchmarks.memory import Memory
from tests.benchmarks.stub import WORKER
from tests.benchmarks.web import Events, Meanwhile, Web
from tests.rankers import write_release

PHOTOS, ROUNDS = 200_000, 5
NEW = "second"
GROUPS = ("web", "worker", "database")
ASK_EVERY_S = 0.05
TILE_ZOOMS = (6, 9, 12, 15, 17)

CONNECTION_MB = 16
"""Of a connection that has served for a while: its catalogue and its prepared statements."""

_SETTINGS = text("""
    SELECT (SELECT count(*) FROM pg_stat_activity
             WHERE backend_type = 'client backend') AS connections,
           CAST(pg_size_bytes(current_setting('work_mem')) / 1048576.0 AS float8) AS work_mem_mb,
           CAST(current_setting('hash_mem_multiplier') AS float8) AS hash_multiplier
""")

_AS_IF_THEY_HAD_FILES = text(
    "UPDATE photo SET sha256 = sha256(int8send(id)), storage_key = md5(id::text)"
)


class OldMap(Meanwhile):
    """Somebody looks at the map: asks which release it shows, and for tiles of that one."""

    def __init__(self, stand: Installation, web: Web) -> None:
        super().__init__()
        self._web = web.another()
        self._chance = np.random.default_rng(0)
        self._shown = self._tileset()
        with stand.sessions() as session:
            cells = select(cell_total.c.z, cell_total.c.x, cell_total.c.y)
            self._tiles = session.execute(cells.where(cell_total.c.z.in_(TILE_ZOOMS))).all()
        self.took_ms: list[float] = []
        self.wrong = 0

    def _tileset(self) -> str:
        tiles: str = self._web.json("GET", "/tiles.json")["tiles"][0]
        return tiles.split("/tiles/")[1].split("/")[0]

    def go_on(self) -> None:
        while not self.over.is_set():
            z, x, y = self._tiles[int(self._chance.integers(len(self._tiles)))]
            begun = time.perf_counter()
            status, _ = self._web.ask("GET", f"/tiles/{self._shown}/{z}/{x}/{y}.mvt")
            self.took_ms.append((time.perf_counter() - begun) * 1000)
            self.wrong += status not in (200, 204) or self._tileset() != self._shown
            self.over.wait(ASK_EVERY_S)


@dataclass(frozen=True)
class Found:
    """switches_s: of each request that activates a release or goes back to the one before.

    peaks: of each group of processes, the largest MB in the first half of the time and in the rest.
    allowed_mb: what the database's connections may hold by its settings.
    """

    took_s: float
    peaks: dict[str, tuple[float, float]]
    allowed_mb: float
    tiles_ms: list[float]
    wrong_tiles: int
    switches_s: list[float]
    unscored: int
    differences: int


def fill(stand: Installation, photos: int) -> None:
    with stand.sessions() as session:
        load_areas(session)
    synth.make(stand.sessions, photos)
    with stand.sessions.begin() as session:
        session.execute(_AS_IF_THEY_HAD_FILES)
    trained = stand.settings.trained_dir
    trained.mkdir()
    write_release(trained, NEW)


def measure(stand: Installation, photos: int, rounds: int) -> Found:
    fill(stand, photos)
    web = stand.serve()
    worker = stand.start("-c", WORKER, "worker")
    watched = {
        "web": lambda: family(web.pid),
        "worker": lambda: family(worker.pid),
        "database": stand.postgres,
    }
    web.json("POST", "/api/admin/releases", {"folder": NEW})
    page = Events(web, f"/api/admin/releases/{NEW}/events")
    with OldMap(stand, web) as old_map, Memory(watched) as memory, page:
        begun = time.perf_counter()
        web.json("POST", f"/api/admin/releases/{NEW}/score", {})
        stand.wait("the release is ready", lambda: is_ready(stand), 0.5, at_most_s=3600)
        ended = time.perf_counter()
    middle = (begun + ended) / 2
    peaks = {
        name: (memory.peak(name, begun, middle), memory.peak(name, middle, ended))
        for name in GROUPS
    }
    allowed_mb = allowed(stand)
    switches_s = [switch(web) for _ in range(rounds)]
    with stand.sessions() as session:
        of_new = select(func.count()).select_from(score).join(Release)
        unscored = photos - (session.scalar(of_new.where(Release.name == NEW)) or 0)
        differences = len(totals.check(session))
    tiles_ms, wrong = old_map.took_ms, old_map.wrong
    return Found(
        ended - begun, peaks, allowed_mb, tiles_ms, wrong, switches_s, unscored, differences
    )


def allowed(stand: Installation) -> float:
    """MB that the connections may hold: each one sort, one hash table and what it is without them.

    A connection keeps what its largest query took. That grows with the photos until it is what the
    settings allow, and so says nothing by its halves.
    """
    with stand.sessions() as session:
        found = session.execute(_SETTINGS).one()
    each = found.work_mem_mb * (1 + found.hash_multiplier) + CONNECTION_MB
    return float(found.connections * each)


def is_ready(stand: Installation) -> bool:
    with stand.sessions() as session:
        return session.scalar(select(Release.state).where(Release.name == NEW)) == "ready"


def switch(web: Web) -> float:
    """Seconds of the slower of the two ways; the map must show what it was told to."""
    took_s = []
    for path, shown in ((f"{NEW}/activate", NEW), ("roll-back", synth.RELEASE)):
        begun = time.perf_counter()
        web.json("POST", f"/api/admin/releases/{path}", {})
        took_s.append(time.perf_counter() - begun)
        now = web.json("GET", "/api/admin/releases")["active"]
        if now != shown:
            raise RuntimeError(f"The map shows {now} after it was switched to {shown}.")
    return max(took_s)


def report(found: Found, photos: int) -> Bounds:
    bounds = Bounds(f"{photos:,} photos scored with a second release")
    bounds.told("from the request until it is ready, s", found.took_s)
    bounds.told("photos/s", photos / found.took_s, "a stub in place of the networks")
    for name, (first, rest) in found.peaks.items():
        note = f"largest {max(first, rest):,.0f} MB"
        if name == "database":
            ratio = max(first, rest) / found.allowed_mb
            bounds.at_most("memory of the database / what its settings allow", ratio, 1.0, note)
        else:
            bounds.at_most(f"memory of the {name}, 2nd half / 1st", rest / first, 1.2, note)
    low, high = np.percentile(found.tiles_ms, (50, 95))
    note = f"{len(found.tiles_ms)} tiles, median {low:.0f} ms, 95 % {high:.0f} ms"
    bounds.at_most("tiles of the old map that failed", found.wrong_tiles, 0, note)
    bounds.at_most("photos without a score", found.unscored, 0)
    bounds.at_most("totals that differ from a recount", found.differences, 0)
    switches_s = found.switches_s
    note = f"{2 * len(switches_s)} times, slowest {max(switches_s):.2f} s"
    bounds.at_most("switching, median s", statistics.median(switches_s), 1.0, note)
    return bounds


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.rescoring", description=__doc__)
    parser.add_argument("--photos", type=int, default=PHOTOS)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of switching there and back")
    given = parser.parse_args(arguments)
    with installed() as stand:
        found = measure(stand, given.photos, given.rounds)
    report(found, given.photos).show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
