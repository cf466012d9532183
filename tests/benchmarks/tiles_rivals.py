"""What `tests.benchmarks.tiles` compares with: bare SQL in psql, nginx with files, and tipg."""

import gzip
import os
import re
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import mapbox_vector_tile
from sqlalchemy import TextClause
from sqlalchemy.engine import make_url

from app.cells.tiles import CELLS, FEW_PHOTOS, MAX_CELLS_ZOOM, PHOTOS, cells_in, photos_in
from app.cluster import binaries
from app.db import without_driver
from tests.benchmarks import environment
from tests.benchmarks.tiles_asking import Asker
from tests.benchmarks.web import free_port

TIPG_STARTS_WITHIN_S = 900.0
_TIME = re.compile(r"^Time: ([\d.]+) ms", re.MULTILINE)

Address = tuple[int, int, int]


def bare_sql_ms(
    url: str, release_id: int, tiles: Sequence[tuple[Address, int]], rounds: int
) -> list[float]:
    """Median milliseconds of each tile's statements in psql, which says how long each took.

    tiles: addresses with the number of photos. The first round is not counted.
    """
    script = ["\\timing on", "SET max_parallel_workers_per_gather = 0;"]
    statements = [_statements(release_id, address, photos) for address, photos in tiles]
    for _ in range(rounds + 1):
        script += [statement for each in statements for statement in each]
    said = subprocess.run(
        [
            binaries.newest() / "psql",
            without_driver(url),
            "-XqA",
            "-v",
            "ON_ERROR_STOP=1",
            "-o",
            os.devnull,
        ],
        input="\n".join(script),
        text=True,
        capture_output=True,
        check=True,
    )
    took_ms = [float(ms) for ms in _TIME.findall(said.stdout)][1:]
    each_round = sum(map(len, statements))
    if len(took_ms) != each_round * (rounds + 1):
        raise RuntimeError(f"psql timed {len(took_ms)} statements:\n{said.stdout[:500]}")
    medians = []
    place = 0
    for each in statements:
        sums = [
            sum(took_ms[start + place : start + place + len(each)])
            for start in range(each_round, len(took_ms), each_round)
        ]
        medians.append(statistics.median(sums))
        place += len(each)
    return medians


def _statements(release_id: int, address: Address, photos: int) -> list[str]:
    """Those that drawing the tile takes."""
    z = address[0]
    found = []
    if z <= MAX_CELLS_ZOOM:
        found.append(_written(CELLS, cells_in(release_id, *address)))
    if z > MAX_CELLS_ZOOM or photos <= FEW_PHOTOS:
        found.append(_written(PHOTOS, photos_in(release_id, *address)))
    return found


def _written(statement: TextClause, values: dict[str, int]) -> str:
    """On one line, with its values in it."""
    written = re.sub(r":(\w+)", lambda match: str(values[match[1]]), statement.text)
    return " ".join(written.split()) + ";"


def file_site(listen: str, root: Path) -> str:
    """A server for nginx that answers with the same headers from files, compressed already."""
    return f"""
    server {{
        listen {listen};
        root {root};
        location / {{
            types {{ application/vnd.mapbox-vector-tile mvt; }}
            add_header Content-Encoding gzip;
            add_header Cache-Control "public, max-age=31536000, immutable";
            add_header Vary Accept-Encoding;
        }}
    }}
    """


class Tipg:
    """tipg with its defaults, on the table of photos; it has no scores to read or to send."""

    def __init__(self, port: int, version: str) -> None:
        self.port, self.version = port, version

    def path(self, address: Address) -> str:
        z, x, y = address
        return f"/collections/public.photo/tiles/WebMercatorQuad/{z}/{x}/{y}"


def features_in(content: bytes) -> int:
    """Of all layers of a tile, compressed or not."""
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    layers = mapbox_vector_tile.decode(content)
    return sum(len(layer["features"]) for layer in layers.values())


@contextmanager
def tipg(url: str, folder: Path) -> Iterator[Tipg]:
    """It reads the database's extent when it starts, which takes a while for many photos."""
    home = environment.folder("tipg", "uvicorn")
    found = Tipg(free_port(), environment.version(home, "tipg"))
    log = folder / "tipg.log"
    variables = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": _asyncpg_url(url),
        "PYTHONUNBUFFERED": "1",
    }
    command = [str(home / "bin" / "uvicorn"), "tipg.main:app", "--port", str(found.port)]
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, env=variables, stdout=said, stderr=subprocess.STDOUT, cwd=folder
        )
    try:
        _wait(process, found, log)
        yield found
    finally:
        process.terminate()
        process.wait(60)


def _wait(process: subprocess.Popen[bytes], found: Tipg, log: Path) -> None:
    ends_at = time.monotonic() + TIPG_STARTS_WITHIN_S
    while process.poll() is None and time.monotonic() < ends_at:
        asker = Asker(found.port)
        try:
            if asker.ask("/collections/public.photo").status == 200:
                return
        except OSError:
            pass
        finally:
            asker.close()
        time.sleep(0.2)
    raise RuntimeError(f"tipg did not start:\n{log.read_text(errors='replace')[-3000:]}")


def _asyncpg_url(url: str) -> str:
    """With the folder of the socket as host, since tipg wants one in its place."""
    parts = make_url(without_driver(url))
    host = str(parts.query.get("host", parts.host))
    quoted = host.replace("/", "%2F")
    port = parts.query.get("port", parts.port or 5432)
    password = f":{parts.password}" if parts.password else ""
    return f"postgresql://{parts.username}{password}@{quoted}:{port}/{parts.database}"
