"""What users wait for, measured: `make bench`, or `python -m tests.benchmarks --photos 1000000`.

Photos around a city centre, denser in the middle, with random scores, in a database of its own
that is deleted afterwards. Times are of this machine; compare runs, not machines.
"""

import argparse
import gzip
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from geoalchemy2 import WKTElement
from rich.console import Console
from rich.table import Table
from shapely import box
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.orm import Session

from app import areas, cells, cluster, readiness, scores, totals
from app.attributes import KEYS
from app.cells.keys import key_of
from app.db import make_engine, session_factory
from app.tables import Layer, Pending, Photo, Release, Scale, cell_total, score

CENTRE = (-70.65, -33.45)
SPREAD_DEG = 0.08
ROWS_AT_ONCE = 10_000
PHOTOS_A_JOB = 256
LEAST_PHOTOS = 1_000
TILE_ZOOMS = (6, 9, 11, 13, 15, 17, 18)
TILES_A_ZOOM = 100


class Results:
    """Rows of (what, how often, median, 95th percentile), printed as one table."""

    def __init__(self) -> None:
        self.table = Table("measured", "times", "median ms", "95 % ms", "note")

    def measure(self, what: str, act: Callable[[], object], times: int, note: str = "") -> None:
        took_ms = []
        for _ in range(times):
            begun = time.perf_counter()
            act()
            took_ms.append((time.perf_counter() - begun) * 1000)
        self.add(what, took_ms, note)

    def add(self, what: str, took_ms: list[float], note: str = "") -> None:
        median, high = np.percentile(took_ms, (50, 95))
        self.table.add_row(what, str(len(took_ms)), f"{median:.1f}", f"{high:.1f}", note)


@contextmanager
def empty_database() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(prefix="mirada-bench-") as folder:
        Path(folder).chmod(0o755)
        data_dir = Path(folder) / "data"
        engine = make_engine(cluster.ensure(data_dir, durable=False))
        try:
            readiness.migrate(engine)
            yield engine
        finally:
            engine.dispose()
            cluster.remove(data_dir)


def fill(session: Session, photos: int, chance: np.random.Generator) -> Release:
    """Photos and a release with a scale; nothing is scored yet."""
    lons, lats = chance.normal(CENTRE, SPREAD_DEG, size=(photos, 2)).T
    q, x, y = key_of(lons, lats)
    for start in range(0, photos, ROWS_AT_ONCE):
        rows = [
            {
                "source": "bench",
                "source_key": str(i),
                "location": WKTElement(f"POINT({lons[i]} {lats[i]})", srid=4326),
                "q": int(q[i]),
                "x": int(x[i]),
                "y": int(y[i]),
            }
            for i in range(start, min(start + ROWS_AT_ONCE, photos))
        ]
        session.execute(insert(Photo), rows)
    release = Release(name="bench", kind="imported", state="ready", manifest={}, metrics={})
    session.add(release)
    session.flush()
    sorted_raws = np.sort(chance.normal(size=10_000)).tolist()
    session.add_all(
        Scale(release_id=release.id, attribute=k, raw_outputs=sorted_raws) for k in KEYS
    )
    session.commit()
    return release


def load_areas(session: Session) -> None:
    """A grid of 52 areas, as many as the Región Metropolitana has comunas."""
    west, south = CENTRE[0] - 4 * SPREAD_DEG, CENTRE[1] - 4 * SPREAD_DEG
    width, height = 8 * SPREAD_DEG / 13, 8 * SPREAD_DEG / 4
    rows = [
        areas.AreaRow(
            f"{i:02}{j}",
            f"Area {i} {j}",
            box(
                west + i * width,
                south + j * height,
                west + (i + 1) * width,
                south + (j + 1) * height,
            ),
        )
        for i in range(13)
        for j in range(4)
    ]
    layer = Layer(key="comuna", label_es="Comunas", label_en="Comunas")
    totals.load_layer(session, layer, rows, city_name="Bench")
    session.commit()


def score_all(
    session: Session, release: Release, left_over: int, chance: np.random.Generator
) -> list[int]:
    """Score rows of all photos but the last ones, whose ids are returned."""
    ids = session.scalars(select(Photo.id).order_by(Photo.id)).all()
    now, later = ids[: len(ids) - left_over], list(ids[len(ids) - left_over :])
    for start in range(0, len(now), ROWS_AT_ONCE):
        chunk = now[start : start + ROWS_AT_ONCE]
        values = chance.integers(0, 1001, size=(len(chunk), len(KEYS)))
        rows = [
            {"release_id": release.id, "photo_id": photo_id}
            | {f"score_{key}": int(value) for key, value in zip(KEYS, line, strict=True)}
            | {f"raw_{key}": float(value) for key, value in zip(KEYS, line, strict=True)}
            for photo_id, line in zip(chunk, values, strict=True)
        ]
        session.execute(insert(score), rows)
        session.add(Pending(release_id=release.id, photo_ids=list(chunk)))
    session.commit()
    return later


def measure_tiles(
    session: Session, release: Release, results: Results, chance: np.random.Generator
) -> None:
    for z in TILE_ZOOMS:
        occupied = session.execute(
            select(cell_total.c.x, cell_total.c.y).where(
                cell_total.c.release_id == release.id, cell_total.c.z == z
            )
        ).all()
        chosen = chance.choice(len(occupied), min(TILES_A_ZOOM, len(occupied)), replace=False)
        took_ms, sizes = [], []
        for i in chosen:
            x, y = occupied[i]
            begun = time.perf_counter()
            content = cells.tile(session, release, z, x, y)
            took_ms.append((time.perf_counter() - begun) * 1000)
            sizes.append(len(gzip.compress(content, mtime=0)))
        largest = f"largest {max(sizes) / 1024:.1f} KB after gzip"
        results.add(f"tile of zoom {z}", took_ms, largest)


def measure(engine: Engine, photos: int, results: Results, console: Console) -> None:
    chance = np.random.default_rng(1)
    jobs = max(1, min(20, photos // (4 * PHOTOS_A_JOB)))
    with session_factory(engine)() as session:
        console.print(f"Inserting {photos:,} photos …")
        release = fill(session, photos, chance)
        load_areas(session)
        later = score_all(session, release, jobs * PHOTOS_A_JOB, chance)

        def publish() -> None:
            totals.publish(session)
            session.commit()

        console.print("Publishing …")
        results.measure(f"publish {photos - len(later):,} photos", publish, 1)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))

        scale = scores.scales(session, release.id)
        batches = iter(np.array_split(np.array(later), jobs))

        def write() -> None:
            ids = next(batches)
            values = chance.normal(size=(len(ids), len(KEYS)))
            raws = {
                int(photo_id): dict(zip(KEYS, map(float, line), strict=True))
                for photo_id, line in zip(ids, values, strict=True)
            }
            scores.write(session, release.id, raws, scale)
            session.commit()

        results.measure(f"write the scores of {PHOTOS_A_JOB} photos", write, jobs)
        results.measure(f"publish {len(later):,} photos more", publish, 1)
        session.refresh(release)
        measure_tiles(session, release, results, chance)
        results.measure(
            "figures of 52 areas", lambda: areas.figures(session, release, "comuna"), 20
        )
        results.measure(
            "histogram of the city", lambda: cells.histogram(session, release, None), 20
        )
        results.measure("check-totals", lambda: totals.check(session), 1)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--photos", type=int, default=100_000)
    photos = parser.parse_args(arguments).photos
    if photos < LEAST_PHOTOS:
        parser.error(f"--photos must be at least {LEAST_PHOTOS}")
    console = Console()
    results = Results()
    with empty_database() as engine:
        measure(engine, photos, results, console)
    console.print(results.table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
