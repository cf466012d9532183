"""How fast uploads get their verdicts: `python -m tests.benchmarks.uploads`.

A client sends photos over four connections, as the batch page does, to a `mirada serve`; the
reference is one process that makes the same two images of the same files with Pillow alone and
keeps nothing. In every round both do all photos.
"""

import argparse
import io
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PIL import Image, ImageOps

from app.images import DISPLAY_PX, THUMBNAIL_PX, derive
from app.tables import Release
from tests.benchmarks import street
from tests.benchmarks.bounds import Bounds
from tests.benchmarks.installation import Installation, installed
from tests.benchmarks.street import StreetPhoto
from tests.benchmarks.web import Health, Web, form

PHOTOS, ROUNDS, CONNECTIONS = 576, 3, 4

# What `Image.save` is told of each image, so that both sides encode the same bytes.
SIZES = ((DISPLAY_PX, 85), (THUMBNAIL_PX, 80))


@dataclass(frozen=True)
class Round:
    """Photos a second of each; health_ms: of each answer of /healthz during the uploads."""

    pillow: float
    uploads: float
    health_ms: list[float]

    @property
    def ratio(self) -> float:
        return self.uploads / self.pillow


def by_pillow(data: bytes) -> list[bytes]:
    """Display image and thumbnail, without any of the questions that a stranger's file raises."""
    image = Image.open(io.BytesIO(data))
    image.draft("RGB", (DISPLAY_PX, DISPLAY_PX))
    shown = ImageOps.exif_transpose(image).convert("RGB")
    images = []
    for side, quality in SIZES:
        shown.thumbnail((side, side), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        shown.info = {}
        shown.save(out, "JPEG", quality=quality, optimize=True)
        images.append(out.getvalue())
    return images


def check_same(photos: Sequence[StreetPhoto]) -> None:
    """Raises RuntimeError unless both sides make the same images."""
    for photo in photos[:20]:
        derived = derive(photo.data)
        if by_pillow(photo.data) != [derived.display, derived.thumbnail]:
            raise RuntimeError("The reference makes other images than Mirada, so it says nothing.")


def pillow_rate(photos: Sequence[StreetPhoto]) -> float:
    begun = time.perf_counter()
    for photo in photos:
        by_pillow(photo.data)
    return len(photos) / (time.perf_counter() - begun)


def upload_rate(web: Web, photos: Sequence[StreetPhoto], mark: str) -> float:
    """Of a batch of its own, with bytes that nobody has sent before. All must be accepted."""
    batch = web.json("POST", "/api/admin/batches", {"title": "b", "source": "b", "licence": "b"})
    path = f"/api/admin/batches/{batch['id']}/files"
    forms = [
        form(
            street.marked(photo.data, f"{mark} {i}"),
            f"{i}.jpg",
            {"lat": str(photo.lat), "lon": str(photo.lon)},
        )
        for i, photo in enumerate(photos)
    ]

    def send(share: Sequence[tuple[bytes, str]]) -> list[int]:
        own = web.another()
        return [own.ask("POST", path, body, kind)[0] for body, kind in share]

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        begun = time.perf_counter()
        shares = [forms[i::CONNECTIONS] for i in range(CONNECTIONS)]
        statuses = [status for found in pool.map(send, shares) for status in found]
        took_s = time.perf_counter() - begun
    if set(statuses) != {202}:
        raise RuntimeError(f"Not all photos were accepted: {statuses}")
    return len(photos) / took_s


def measure(stand: Installation, photos: Sequence[StreetPhoto], rounds: int) -> list[Round]:
    web = stand.serve()
    with stand.sessions.begin() as session:
        # Photos are queued for it while they come; nothing scores them meanwhile.
        session.add(Release(name="b", kind="rankers", state="ready", manifest={}, metrics={}))
    upload_rate(web, photos[:32], "warm-up")
    pillow_rate(photos[:32])
    found = []
    for number in range(rounds):
        pillow = pillow_rate(photos)
        with Health(web) as health:
            uploads = upload_rate(web, photos, f"round {number}")
        found.append(Round(pillow, uploads, health.took_ms))
    return found


def report(rounds: list[Round], number: int, source: str) -> Bounds:
    bounds = Bounds(f"Uploads: {number} photos {source}, {len(rounds)} rounds")
    ratios = [each.ratio for each in rounds]
    took_ms = [ms for each in rounds for ms in each.health_ms]
    bounds.told("one Pillow process, photos/s", statistics.median(each.pillow for each in rounds))
    bounds.told("verdicts, photos/s", statistics.median(each.uploads for each in rounds))
    spread = f"rounds {min(ratios):.2f} to {max(ratios):.2f}"
    bounds.at_least("verdicts / Pillow", statistics.median(ratios), 0.5, spread)
    note = f"{len(took_ms)} times, slowest {max(took_ms):.0f} ms"
    bounds.at_most("/healthz meanwhile, median ms", statistics.median(took_ms), 100, note)
    return bounds


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.uploads", description=__doc__)
    parser.add_argument("--photos", type=int, default=PHOTOS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    street.add_option(parser)
    given = parser.parse_args(arguments)
    photos, source = street.photos(given.folder, given.photos)
    check_same(photos)
    with installed() as stand:
        rounds = measure(stand, photos, given.rounds)
    report(rounds, len(photos), source).show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
