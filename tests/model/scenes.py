"""Small drawn photos with known qualities, and votes on them."""

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

HEADER = "left_id,right_id,winner,left_lat,left_long,right_lat,right_long,category"

Qualities = dict[str, dict[str, float]]


def draw(brightness: float, greenness: float, rng: np.random.Generator) -> Image.Image:
    """A street of sorts: sky, ground and trees; both qualities run from -2 to 2."""
    image = Image.new("RGB", (120, 90), (150, 160, 170))
    pen = ImageDraw.Draw(image)
    sky = int(130 + 50 * brightness)
    pen.rectangle((0, 0, 120, 40), fill=(sky, sky, min(255, sky + 30)))
    for _ in range(int(6 + 3 * greenness)):
        x, y = rng.uniform(0, 110), rng.uniform(30, 70)
        pen.ellipse((x, y, x + 16, y + 16), fill=(20, 120, 30))
    return image


def write_photos(folder: Path, number: int, seed: int) -> Qualities:
    """Photos `<24 hex digits>.jpg`; quality → photo key → value."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    qualities: Qualities = {"safety": {}, "lively": {}}
    for _ in range(number):
        key = rng.bytes(12).hex()
        safety, lively = rng.uniform(-2, 2, 2)
        draw(safety, lively, rng).save(folder / f"{key}.jpg", quality=90)
        qualities["safety"][key], qualities["lively"][key] = safety, lively
    return qualities


def write_votes(
    path: Path, qualities: Qualities, number: int, seed: int, *, shuffled: bool = False
) -> None:
    """In the format of Place Pulse, `number` per attribute; near pairs are ties."""
    rng = np.random.default_rng(seed)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(HEADER.split(","))
        for attribute, values in qualities.items():
            keys = list(values)
            for _ in range(number):
                left, right = rng.choice(len(keys), 2, replace=False)
                winner = _winner(values[keys[left]] - values[keys[right]], rng, shuffled)
                table.writerow([keys[left], keys[right], winner, 0, 0, 0, 0, attribute])


def _winner(difference: float, rng: np.random.Generator, shuffled: bool) -> str:
    if shuffled:
        return str(rng.choice(["left", "right"]))
    noisy = difference + rng.normal(0, 0.3)
    return "equal" if abs(noisy) < 0.3 else "left" if noisy > 0 else "right"


def random_votes(photos: int, votes: int, seed: int) -> tuple[npt.NDArray[np.int64], ...]:
    """Left and right photo numbers, never the same on both sides."""
    rng = np.random.default_rng(seed)
    left = rng.integers(0, photos, votes)
    right = (left + rng.integers(1, photos, votes)) % photos
    return left, right
