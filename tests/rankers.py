"""A real release with random weights, and photos to score with it: small, for fast tests."""

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sqlalchemy.orm import Session

from app.attributes import KEYS
from app.images import derive
from app.photos.insert import NewPhoto, insert
from app.photos.store import PhotoStore
from model.networks.head import Head
from model.networks.trunks import bare_trunk
from model.releases import release as releases


def write_release(folder: Path, name: str, seed: int = 0, side_px: int = 32) -> Path:
    """A folder as training writes one: a MobileNetV2 that sees side × side pixels, six heads."""
    torch.manual_seed(seed)
    described = {"network": "mobilenet_v2", "pooling": "last"}
    head = {key: ("trunk", Head(1280, 4, 0.0)) for key in KEYS}
    releases.save(
        folder / name,
        trunks={"trunk": (described, bare_trunk("mobilenet_v2", "last"))},
        heads=head,
        preprocessing={"height": side_px, "width": side_px},
        split={"a-photo": "train"},
        sha256={},
        manifest={
            "name": name,
            "created_at": "2026-01-01T00:00:00+00:00",
            "training": {},
            "splits": {},
            "votes": {},
            "metrics": {},
            "data": {},
            "versions": {},
            "licence": "MIT",
            "demo": False,
            "notes": [],
        },
    )
    return folder / name


def jpeg(seed: int, width_px: int = 160, height_px: int = 120) -> bytes:
    """A picture of coloured blocks, another one for each seed."""
    generator = np.random.default_rng(seed)
    blocks = generator.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    image = Image.fromarray(blocks).resize((width_px, height_px), Image.Resampling.NEAREST)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def add_photos(session: Session, files: PhotoStore, number: int, first: int = 0) -> list[int]:
    """Photos with their files, in a grid of some zoom-16 cells of Santiago; their ids."""
    new = []
    for index in range(first, first + number):
        data = jpeg(index)
        derived = derive(data)
        new.append(
            NewPhoto(
                source="test",
                source_key=f"{index:06d}",
                lat=-33.45 + 0.004 * (index % 12),
                lon=-70.65 + 0.004 * (index // 12 % 12),
                sha256=index.to_bytes(32, "big"),
                storage_key=files.write(data, derived, sync=False),
                width_px=derived.width_px,
                height_px=derived.height_px,
            )
        )
    return insert(session, new).ids
