"""Forty files that somebody may drop: thirty photos, and ten of every other kind."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import ExifTags, Image

from tests.conftest import ROOT
from tests.rankers import jpeg

STREET = ROOT.parent / "shared" / "data" / "street_photos"
PHOTOS = 30


@dataclass(frozen=True)
class Photo:
    data: bytes
    lat: float
    lon: float


def street_photos(number: int = PHOTOS) -> list[Photo]:
    """Real frames of a drive, evenly out of all; drawn blocks where that folder is missing."""
    if not STREET.is_dir():
        return [Photo(jpeg(2000 + n), 30.50 + n * 0.0004, 114.41) for n in range(number)]
    with (STREET / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    chosen = rows[:: len(rows) // number][:number]
    return [
        Photo(
            (STREET / "photos" / row["filename"]).read_bytes(), float(row["lat"]), float(row["lon"])
        )
        for row in chosen
    ]


EXPECTED = {
    "copia.jpg": ("duplicada", "El mismo archivo ya está."),
    "cortada.jpg": ("rechazada", "El archivo está cortado o dañado."),
    "texto.jpg": ("rechazada", "No es una imagen, aunque su nombre lo diga."),
    "pixel.png": ("rechazada", "Es demasiado pequeña."),
    "cmyk.jpg": ("aceptada", ""),
    "girada.jpg": ("aceptada", ""),
    "sin_lugar.jpg": ("retenida", "El archivo no dice dónde se tomó."),
    "animada.gif": ("rechazada", "No es JPEG, PNG ni WebP."),
    "alfa.png": ("aceptada", ""),
    "enorme.jpg": ("rechazada", "Es demasiado grande."),
}
"""Of the ten: verdict and what its detail begins with."""


def write_forty(folder: Path) -> tuple[list[Path], list[Path]]:
    """The thirty photos with a manifest of all but two, and the ten; the copy's original is first.

    The turned one has its position in its own EXIF, sin_lugar.jpg nowhere.
    """
    folder.mkdir()
    photos = street_photos()
    lines = ["filename,lat,lon"]
    paths = []
    for number, photo in enumerate(photos):
        path = folder / f"calle_{number:02d}.jpg"
        path.write_bytes(photo.data)
        lines.append(f"{path.name},{photo.lat},{photo.lon}")
        paths.append(path)
    first = photos[0]
    for name in EXPECTED:
        if name not in ("girada.jpg", "sin_lugar.jpg"):
            lines.append(f"{name},{first.lat + 0.0005},{first.lon + len(lines) * 0.0001}")
    manifest = folder / "manifiesto.csv"
    manifest.write_text("\n".join(lines))
    special = []
    for name, data in _ten(first).items():
        (folder / name).write_bytes(data)
        special.append(folder / name)
    assert list(_ten(first)) == list(EXPECTED)
    return [*paths, manifest], special


def _ten(first: Photo) -> dict[str, bytes]:
    blocks = Image.open(io.BytesIO(jpeg(3000, 400, 300)))
    see_through = Image.open(io.BytesIO(jpeg(3001, 400, 300))).convert("RGBA")
    see_through.putalpha(Image.linear_gradient("L").resize(see_through.size))
    frames = [Image.open(io.BytesIO(jpeg(3010 + n))) for n in range(3)]
    huge = Image.linear_gradient("L").resize((10_000, 6_000)).convert("RGB")
    return {
        "copia.jpg": first.data,
        "cortada.jpg": first.data[: len(first.data) // 2],
        "texto.jpg": b"no soy una foto",
        "pixel.png": _saved(Image.new("RGB", (1, 1), "red"), "PNG"),
        "cmyk.jpg": _saved(blocks.convert("CMYK"), "JPEG"),
        "girada.jpg": _turned(first),
        "sin_lugar.jpg": jpeg(3002),
        "animada.gif": _saved(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "alfa.png": _saved(see_through, "PNG"),
        "enorme.jpg": _saved(huge, "JPEG"),
    }


def _turned(first: Photo) -> bytes:
    """400 × 300 pixels that stand upright once turned by a quarter."""
    image = Image.open(io.BytesIO(jpeg(3003, 400, 300)))
    exif = image.getexif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.IFD.GPSInfo] = {
        ExifTags.GPS.GPSLatitudeRef: "N",
        ExifTags.GPS.GPSLatitude: (first.lat, 0.0, 0.0),
        ExifTags.GPS.GPSLongitudeRef: "E",
        ExifTags.GPS.GPSLongitude: (first.lon + 0.001, 0.0, 0.0),
    }
    return _saved(image, "JPEG", exif=exif)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
