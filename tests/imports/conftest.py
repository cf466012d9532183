"""An import commits; here all that it commits is taken back at the end of a test."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from app.db import SessionFactory
from app.photos.files import PhotoFiles

WriteTable = Callable[..., Path]
SANTIAGO = (-33.44, -70.65)


@pytest.fixture
def factory(engine: Engine) -> Iterator[SessionFactory]:
    with engine.connect() as connection:
        transaction = connection.begin()
        yield sessionmaker(
            connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        )
        transaction.rollback()


@pytest.fixture
def session(factory: SessionFactory) -> Iterator[Session]:
    """Sees what the import has committed."""
    with factory() as session:
        yield session


@pytest.fixture
def files(tmp_path: Path) -> PhotoFiles:
    return PhotoFiles(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "street" / "photos"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def write_table(tmp_path: Path) -> WriteTable:
    """Writes a CSV file of the columns and rows that are given."""

    def write(columns: str, *rows: Sequence[object], name: str = "table.csv") -> Path:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(columns.split(","))
        writer.writerows(rows)
        path = tmp_path / name
        path.write_text(text.getvalue(), encoding="utf-8")
        return path

    return write


def jpeg(seed: int, size: tuple[int, int] = (160, 120), exif: Image.Exif | None = None) -> bytes:
    """A photo that no other seed has."""
    blocks = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    picture = Image.fromarray(blocks).resize(size, Image.Resampling.BICUBIC)
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=Image.Exif() if exif is None else exif)
    return out.getvalue()
