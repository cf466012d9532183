"""A folder of photos, with a manifest of where they were taken or with positions in their EXIF.

Files are decoded and written first, a portion at a time; all rows then come in one transaction, so
an import that fails half-way leaves neither rows nor files.
"""

import hashlib
import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

from sqlalchemy import ARRAY, BigInteger, any_, func, literal, select, text
from sqlalchemy.orm import Session

from app import areas
from app.db import SessionFactory
from app.imports.decoding import PROCESSES, Decoded, Decoder
from app.imports.folder import (
    OPTIONAL,
    REQUIRED,
    Candidate,
    Folder,
    Origin,
    default_source,
    with_manifest,
    without_manifest,
)
from app.imports.places import expected
from app.imports.progress import Step, silent
from app.imports.summary import Summary
from app.imports.table import Table, slug
from app.photos.insert import Inserted, NewPhoto, insert
from app.photos.store import PhotoStore, new_key
from app.photos.sweeping import claim, sweep, writing
from app.tables import photo_area
from app.tilegrid import MAX_LATITUDE_DEG

PORTION = 512
T = TypeVar("T")


@dataclass
class _Import:
    """One run: what it has seen, and the files it has written and must take away if it fails."""

    factory: SessionFactory
    files: PhotoStore
    summary: Summary
    step: Step
    spool: BinaryIO
    total: int
    nothing_swept: Callable[[], None]
    done: int = 0
    without_zone: int = 0
    copies: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)


def run(
    factory: SessionFactory,
    files: PhotoStore,
    folder: Path,
    manifest: Path | None = None,
    *,
    source: str | None = None,
    licence: str | None = None,
    attribution: str | None = None,
    step: Step = silent,
    processes: int = PROCESSES,
) -> Summary:
    """Imports what can be; what cannot is in the summary, by row or file.

    source names the photos together with their file names, so the same folder imported again
    doubles nothing; by default it is the folder's name. Raises BadFile for a folder or manifest
    that cannot be read at all.
    """
    contents = Folder(folder)
    origin = Origin(slug(source or "") or default_source(folder), licence, attribution)
    summary = Summary("photos")
    table = None if manifest is None else Table(manifest)
    if table is None:
        candidates = without_manifest(contents, origin)
    else:
        table.require(REQUIRED, "manifest of photos")
        with factory() as session:
            places = expected(session, table)
        candidates = with_manifest(contents, table, places, origin, summary)
        ignored = table.others((*REQUIRED, *OPTIONAL))
        if ignored:
            summary.notes.append(f"columns that mean nothing here: {', '.join(ignored)}")
    _note_other_kinds(contents, summary)
    total = len(contents) if table is None else len(table)
    with factory() as session:
        claim(session, files)
        sweep(session, files)
    with tempfile.TemporaryFile() as spool, writing(factory) as nothing_swept:
        job = _Import(factory, files, summary, step, spool, total, nothing_swept)
        try:
            _decode_all(job, candidates, processes)
            _insert_all(job)
        except BaseException:
            _take_away(job)
            raise
    if job.without_zone:
        summary.notes.append(f"{job.without_zone} capture times without a zone were read as UTC")
    if job.copies:
        named = ", ".join(job.copies[:5]) + (" …" if len(job.copies) > 5 else "")
        summary.notes.append(f"the same picture is there under another name: {named}")
    summary.write_rejected(folder if manifest is None else manifest)
    return summary


def _note_other_kinds(contents: Folder, summary: Summary) -> None:
    kinds = contents.other_kinds()
    if kinds:
        listed = ", ".join(f"{number} {suffix}" for suffix, number in kinds.most_common(5))
        summary.notes.append(f"files that are no pictures were passed over: {listed}")


def _decode_all(job: _Import, candidates: Iterable[Candidate], processes: int) -> None:
    with Decoder(job.files, processes) as decoder:
        for portion in _portions(candidates, PORTION):
            job.step("reading photos", job.done, job.total)
            wanted = _not_there_yet(job, portion)
            keys = [new_key() for _ in wanted]
            job.unfinished = keys
            files = [(each.file, key) for each, key in zip(wanted, keys, strict=True)]
            rows: list[tuple[Candidate, NewPhoto]] = []
            for candidate, outcome in zip(wanted, decoder.run(files), strict=True):
                row = None
                if isinstance(outcome, Decoded):
                    row = _new_photo(job, candidate, outcome)
                else:
                    _reject(job, candidate, outcome.code, outcome.message)
                if row is not None:
                    rows.append((candidate, row))
            pickle.dump(rows, job.spool)
            job.unfinished = []
            job.done += len(portion)


def _not_there_yet(job: _Import, portion: Sequence[Candidate]) -> list[Candidate]:
    """Decides by name and bytes, so that an import that is run again decodes nothing twice."""
    with job.factory() as session:
        there = _hashes(session, portion)
    wanted = []
    for candidate in portion:
        name = candidate.origin.source, candidate.name
        if name not in there:
            wanted.append(candidate)
            continue
        with suppress(OSError), candidate.file.open("rb") as file:
            if hashlib.file_digest(file, "sha256").digest() == there[name]:
                job.summary.duplicates += 1
                continue
        _reject(job, candidate, "name-taken", _NAME_TAKEN.format(*name))
    return wanted


_NAME_TAKEN = (
    "another photo of the source {0!r} is called {1!r}; name this folder's source with --source"
)
_THERE = text("""
    SELECT photo.source, source_key, sha256
      FROM unnest(CAST(:sources AS text[]), CAST(:names AS text[])) AS given (source, name)
      JOIN photo ON photo.source = given.source AND source_key = name
""")


def _hashes(session: Session, portion: Sequence[Candidate]) -> dict[tuple[str, str], bytes | None]:
    values = {
        "sources": [each.origin.source for each in portion],
        "names": [each.name for each in portion],
    }
    rows = session.execute(_THERE, values)
    return {
        (source, name): None if sha256 is None else bytes(sha256) for source, name, sha256 in rows
    }


def _new_photo(job: _Import, candidate: Candidate, decoded: Decoded) -> NewPhoto | None:
    """The row of a decoded file; None, and its files deleted, where nobody says where it is."""
    found = decoded.metadata
    place = candidate.place
    if place is None and found.lat is not None and found.lon is not None:
        place = found.lat, found.lon
    problem = "there is no position, neither in the manifest nor in the file's EXIF"
    if place is None or abs(place[0]) > MAX_LATITUDE_DEG:
        job.files.delete([decoded.key])
        _reject(job, candidate, "no-position", problem)
        return None
    captured_at, zone_known = candidate.captured_at, candidate.zone_known
    if captured_at is None:
        captured_at, zone_known = found.captured_at, found.zone_known
    job.without_zone += not zone_known
    heading_deg = candidate.heading_deg
    return NewPhoto(
        source=candidate.origin.source,
        source_key=candidate.name,
        lat=place[0],
        lon=place[1],
        sha256=decoded.sha256,
        storage_key=decoded.key,
        heading_deg=found.heading_deg if heading_deg is None else heading_deg,
        captured_at=captured_at,
        width_px=decoded.width_px,
        height_px=decoded.height_px,
        look=decoded.look,
        licence=candidate.origin.licence,
        attribution=candidate.origin.attribution,
    )


def _insert_all(job: _Import) -> None:
    """All rows or none; files of rows that did not come in go afterwards."""
    job.files.flush()
    left_over: list[str] = []
    new_ids: list[int] = []
    with job.factory.begin() as session:
        job.nothing_swept()
        for rows in _spooled(job.spool):
            job.step("storing rows", len(new_ids), None)
            result = insert(session, [row for _, row in rows], priority=0)
            left_over += _account(job, rows, result)
            new_ids += result.ids
        outside = _outside_city(session, new_ids)
    job.files.delete(left_over)
    job.summary.accepted = len(new_ids)
    if outside:
        job.summary.notes.append(
            f"{outside} lie outside the city: they are scored and shown, but count in no figure "
            f"of it"
        )


def _account(
    job: _Import, rows: Sequence[tuple[Candidate, NewPhoto]], result: Inserted
) -> list[str]:
    """Tells the summary what became of the rows; keys of the files that nobody needs."""
    left_over = []
    for index, (candidate, row) in enumerate(rows):
        if index in result.new:
            continue
        left_over.append(row.storage_key or "")
        if index in result.refused:
            reason = result.refused[index]
            _reject(job, candidate, "taken-down", f"this photo was taken down ({reason})")
        elif result.duplicates[index].same_image:
            job.summary.duplicates += 1
            job.copies.append(candidate.name)
        else:
            message = _NAME_TAKEN.format(row.source, row.source_key)
            _reject(job, candidate, "name-taken", message)
    return left_over


def _outside_city(session: Session, photo_ids: Sequence[int]) -> int:
    if areas.city(session) is None or not photo_ids:
        return 0
    inside = session.scalar(
        select(func.count()).where(
            photo_area.c.layer == areas.CITY,
            photo_area.c.photo_id == any_(literal(list(photo_ids), ARRAY(BigInteger))),
        )
    )
    return len(photo_ids) - (inside or 0)


def _take_away(job: _Import) -> None:
    """Deletes all files that this run has written."""
    job.files.delete(job.unfinished)
    for rows in _spooled(job.spool):
        job.files.delete(row.storage_key for _, row in rows if row.storage_key)


def _spooled(spool: BinaryIO) -> Iterator[list[tuple[Candidate, NewPhoto]]]:
    spool.seek(0)
    while True:
        try:
            rows: list[tuple[Candidate, NewPhoto]] = pickle.load(spool)
        except (EOFError, pickle.UnpicklingError):  # written to the end, or cut off by a failure
            return
        yield rows


def _reject(job: _Import, candidate: Candidate, code: str, message: str) -> None:
    job.summary.reject(candidate.where, code, message, candidate.fields)


def _portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while portion := list(islice(iterator, size)):
        yield portion
