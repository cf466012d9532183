"""Tiles against their bounds: `python -m tests.benchmarks.tiles --photos 1200000`.

Synthetic photos by the number asked for, and fewer of them in another database, asked in turn, so
that the cost of many is a ratio within a run. `--keep` leaves both databases under `.mirada/` and
uses them again. Needs nginx; makes an environment for tipg under `.mirada/tipg` the first time.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import select, text

from app.cells.tiles import FEW_PHOTOS, MAX_CELLS_ZOOM
from app.demo import synth
from app.tables import Layer, Release
from app.tilegrid import MAX_ZOOM, MIN_ZOOM
from tests import nginx
from tests.benchmarks.__main__ import load_areas
from tests.benchmarks.bounds import Bounds
from tests.benchmarks.installation import CLI, Installation, installed
from tests.benchmarks.tiles_asking import Answer, Flood, at_once, one_by_one
from tests.benchmarks.tiles_rivals import (
    Address,
    Tipg,
    bare_sql_ms,
    features_in,
    file_site,
    tipg,
)
from tests.benchmarks.web import Web, free_port
from tests.conftest import ROOT

PHOTOS, SMALL = 120_000, 120_000
ROUNDS = 5
OF_A_KIND = 10
ZOOMS = range(MIN_ZOOM, MAX_ZOOM + 1)
COMPARED_ZOOMS = range(9, 15)
ASKERS = 4
FLOOD_S = 2.0
UNCACHED = f"import os; os.environ['MIRADA_TILE_CACHE_MB'] = '0'; {CLI}"

_BY_CELLS = """
    SELECT x >> 5 AS x, y >> 5 AS y, count(*) AS cells, sum(n) AS n
      FROM cell_total WHERE release_id = :release_id AND z = :z + 5 GROUP BY 1, 2
"""
_BY_PHOTOS = """
    SELECT x, y, 0 AS cells, n FROM cell_total WHERE release_id = :release_id AND z = :z
"""
_CHOSEN = """
    WITH found AS MATERIALIZED ({found})
    (SELECT x, y, n FROM found ORDER BY cells DESC, n DESC, x, y LIMIT :few)
    UNION (SELECT x, y, n FROM found WHERE n <= :few_photos ORDER BY n DESC, x, y LIMIT :few)
    UNION (SELECT x, y, n FROM found ORDER BY md5(x::text || ' ' || y), x, y LIMIT :few)
    ORDER BY x, y
"""


@dataclass
class Stand:
    """A database of so many photos, a web process without cache, and tiles of each zoom.

    Those with the most cells, those that hold the most photos of their own, and any.
    photos: in a tile. sizes and took_ms: of each tile's answers.
    """

    installation: Installation
    number: int
    web: Web
    release: Release
    photos: dict[Address, int]
    sizes: dict[Address, int] = field(default_factory=dict)
    took_ms: dict[Address, list[float]] = field(default_factory=dict)

    def path(self, address: Address) -> str:
        z, x, y = address
        return f"/tiles/{self.release.name}-{self.release.version}/{z}/{x}/{y}.mvt"

    def of_zoom(self, zoom: int) -> list[Address]:
        return [address for address in self.photos if address[0] == zoom]

    def heaviest(self, number: int) -> list[Address]:
        """The largest as they are sent."""
        return sorted(self.sizes, key=lambda address: -self.sizes[address])[:number]

    def worst_p95(self) -> tuple[float, int]:
        """Of the zoom where it is highest, and that zoom."""
        return max((self.p95(zoom), zoom) for zoom in ZOOMS if self.of_zoom(zoom))

    def p95(self, zoom: int) -> float:
        took_ms = [ms for address in self.of_zoom(zoom) for ms in self.took_ms[address]]
        return float(np.percentile(took_ms, 95))


class Steps:
    """Says what is being done, and how long the step before it took."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def say(self, what: str) -> None:
        print(f"{time.monotonic() - self._begun:8.0f} s  {what}", flush=True)


def prepare(installation: Installation, photos: int, steps: Steps) -> Stand:
    with installation.sessions() as session:
        release = session.scalar(select(Release).where(Release.name == synth.RELEASE))
        if session.get(Layer, "comuna") is None:
            load_areas(session)
    if release is None:
        steps.say(f"{photos:,} photos are made")
        synth.make(installation.sessions, photos)
    steps.say(f"{photos:,} photos are there; their tiles are chosen, zoom by zoom")
    with installation.sessions() as session:
        release = session.scalars(select(Release).where(Release.name == synth.RELEASE)).one()
        if release.manifest["photos"] != photos:
            raise RuntimeError(f"{installation.folder} has {release.manifest['photos']} photos.")
        chosen: dict[Address, int] = {}
        for zoom in ZOOMS:
            found = _BY_CELLS if zoom <= MAX_CELLS_ZOOM else _BY_PHOTOS
            values = {
                "release_id": release.id,
                "z": zoom,
                "few": OF_A_KIND,
                "few_photos": FEW_PHOTOS,
            }
            for row in session.execute(text(_CHOSEN.format(found=found)), values):
                chosen[zoom, row.x, row.y] = int(row.n)
    web = installation.serve("-c", UNCACHED)
    return Stand(installation, photos, web, release, chosen)


def ask_cold(stands: Sequence[Stand], rounds: int, steps: Steps) -> None:
    """Each tile so many times, zoom by zoom, the stands in turn; once more before, not counted."""
    for number in range(rounds + 1):
        steps.say(f"tiles without a cache, round {number} of {rounds}")
        for zoom in ZOOMS:
            for stand in stands:
                tiles = stand.of_zoom(zoom)
                answers = one_by_one(stand.web.port, [stand.path(tile) for tile in tiles])
                for tile, answer in zip(tiles, answers, strict=True):
                    must_be_tile(answer)
                    stand.sizes[tile] = len(answer.content)
                    if number > 0:
                        stand.took_ms.setdefault(tile, []).append(answer.took_ms)


def must_be_tile(answer: Answer) -> None:
    if answer.status != 200:
        raise RuntimeError(f"No tile: {answer.status} {answer.content[:300]!r}")


def report_cold(bounds: Bounds, large: Stand, small: Stand) -> None:
    worst, zoom = large.worst_p95()
    if large is small:
        bounds.told("cold: worst zoom's p95, ms", worst, f"zoom {zoom}")
    else:
        base, small_zoom = small.worst_p95()
        note = f"{worst:.1f} ms at zoom {zoom}, {base:.1f} ms at zoom {small_zoom}"
        bounds.at_most(
            f"cold: worst p95, {large.number:,} / {small.number:,}", worst / base, 1.5, note
        )
    largest = large.heaviest(1)[0]
    per_zoom = ", ".join(
        f"{z}:{max(large.sizes[tile] for tile in large.of_zoom(z)) / 1024:.0f}" for z in ZOOMS
    )
    note = f"zoom:KB {per_zoom}"
    bounds.at_most("largest tile of any zoom, KB compressed", large.sizes[largest] / 1024, 64, note)


def report_sql(bounds: Bounds, stand: Stand, rounds: int) -> None:
    tiles = stand.heaviest(10)
    with_photos = [(tile, stand.photos[tile]) for tile in tiles]
    bare = bare_sql_ms(stand.installation.url, stand.release.id, with_photos, rounds)
    answers = [
        one_by_one(stand.web.port, [stand.path(tile) for tile in tiles]) for _ in range(rounds)
    ]
    cold = [statistics.median(each[i].took_ms for each in answers) for i in range(len(tiles))]
    note = f"zooms {sorted({tile[0] for tile in tiles})}, {sum(cold):.0f} ms / {sum(bare):.0f} ms"
    bounds.at_most("cold / bare SQL, ten heaviest tiles", sum(cold) / sum(bare), 2.0, note)


def report_warm(bounds: Bounds, stand: Stand, rounds: int, steps: Steps) -> None:
    """Over tiles of all zooms; each rate is of a flood of a few seconds, the two in turn."""
    port = free_port()
    process = stand.installation.start("-m", "tests.benchmarks.tiles_app", str(port))
    web = Web(port, stand.web.token, process.pid)
    stand.installation.wait("the app with one more route answers", web.answers)
    web.close()
    paths = [stand.path(tile) for tile in stand.photos]
    same = [path.replace("/tiles/", "/same/") for path in paths]
    for answers in zip(one_by_one(port, paths), one_by_one(port, same), strict=True):
        if answers[0].content != answers[1].content:
            raise RuntimeError("The two routes return different bytes.")
    steps.say("tiles out of the web process's memory, and of a route that does nothing else")
    _report_rates(bounds, "warm / a route with the same bytes", (port, paths), (port, same), rounds)

    folder = stand.installation.folder / "nginx"
    folder.mkdir(exist_ok=True)
    cached, files = free_port(), free_port()
    for path, answer in zip(paths, one_by_one(port, paths), strict=True):
        file = folder / "files" / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(answer.content)
    sites = nginx.filled(str(cached), f"127.0.0.1:{port}", folder)
    sites += file_site(str(files), folder / "files")
    with nginx.running(folder, cached, sites):
        steps.say("tiles out of nginx's cache, and of files")
        one_by_one(cached, paths)
        kept, as_files = one_by_one(cached, paths), one_by_one(files, paths)
        if any(answer.cache != "HIT" for answer in kept):
            raise RuntimeError("nginx has not kept all tiles.")
        if [answer.content for answer in kept] != [answer.content for answer in as_files]:
            raise RuntimeError("nginx has kept other bytes than the files.")
        what = "through nginx / nginx with files"
        _report_rates(bounds, what, (cached, paths), (files, paths), rounds)


Flooded = tuple[int, Sequence[str]]


def _report_rates(bounds: Bounds, what: str, ours: Flooded, theirs: Flooded, rounds: int) -> None:
    floods = Flood(*ours), Flood(*theirs)
    try:
        for flood in floods:
            flood.rate(FLOOD_S / 4)
        rates = [tuple(flood.rate(FLOOD_S) for flood in floods) for _ in range(rounds)]
    finally:
        for flood in floods:
            flood.close()
    ratios = [one / other for one, other in rates]
    one, other = (statistics.median(each) for each in zip(*rates, strict=True))
    note = (
        f"{one:,.0f} / {other:,.0f} tiles a second, rounds {min(ratios):.2f} to {max(ratios):.2f}"
    )
    bounds.at_least(what, statistics.median(ratios), 0.8, note)


def report_tipg(bounds: Bounds, stand: Stand, steps: Steps) -> None:
    tiles = [tile for tile in stand.photos if tile[0] in COMPARED_ZOOMS]
    steps.say("tipg starts")
    with tipg(stand.installation.url, stand.installation.folder) as rival:
        steps.say(f"{len(tiles)} tiles of zooms 9 to 14, of ours and of tipg {rival.version}")
        ours = at_once(stand.web.port, [stand.path(tile) for tile in tiles], ASKERS)
        theirs = at_once(rival.port, [rival.path(tile) for tile in tiles], ASKERS)
        _report_counts(bounds, stand, rival, tiles, theirs)
    medians = [statistics.median(answer.took_ms for answer in each) for each in (theirs, ours)]
    note = f"{medians[0]:,.1f} / {medians[1]:,.1f} ms, {ASKERS} at once, ours without a cache"
    bounds.at_least("tipg / ours, median of zooms 9 to 14", medians[0] / medians[1], 10, note)
    failed = sum(answer.status not in (200, 204) for answer in theirs)
    if failed:
        bounds.told("tiles that tipg failed to give", failed)
    for answer in ours:
        must_be_tile(answer)


def _report_counts(
    bounds: Bounds, stand: Stand, rival: Tipg, tiles: list[Address], theirs: list[Answer]
) -> None:
    """Of the tile with the most photos."""
    most = max(tiles, key=lambda tile: stand.photos[tile])
    answer = theirs[tiles.index(most)]
    given = features_in(answer.content) if answer.status == 200 else 0
    note = f"tile {'/'.join(map(str, most))}: {stand.photos[most]:,} photos, tipg's has {given:,}"
    bounds.told("photos that tipg leaves out", max(0, stand.photos[most] - given), note)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.tiles", description=__doc__)
    parser.add_argument("--photos", type=int, default=PHOTOS)
    parser.add_argument("--small", type=int, default=SMALL, help="photos of the other database")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--keep", action="store_true", help="leave the databases for the next run")
    parser.add_argument("--no-tipg", dest="tipg", action="store_false", help="leave tipg out")
    given = parser.parse_args(arguments)
    if nginx.executable() is None:
        parser.error("it needs nginx: run `make setup`")
    bounds = Bounds(f"Tiles: {given.photos:,} photos, {given.rounds} rounds")
    try:
        measure(bounds, given)
    finally:
        # What was measured before a fault is not lost with it.
        bounds.show()
    return 0


def measure(bounds: Bounds, given: argparse.Namespace) -> None:
    steps = Steps()
    with ExitStack() as stack:
        stands = {}
        for photos in dict.fromkeys((given.small, given.photos)):
            kept = ROOT / ".mirada" / f"bench-tiles-{photos}" if given.keep else None
            stands[photos] = prepare(stack.enter_context(installed(kept)), photos, steps)
        large, small = stands[given.photos], stands[given.small]
        ask_cold(list(stands.values()), given.rounds, steps)
        report_cold(bounds, large, small)
        steps.say("bare SQL in psql")
        report_sql(bounds, large, given.rounds)
        report_warm(bounds, large, given.rounds, steps)
        if given.tipg:
            report_tipg(bounds, large, steps)
        steps.say("all is measured")


if __name__ == "__main__":
    sys.exit(main())
