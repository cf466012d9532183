"""Precomputed scores of places: human ratings, or the output of another lab's model.

They become a release of kind `imported` with a frozen scale of its own. Places that are not there
yet become photos without an image; a place that is there, with or without one, is found by its
source and key.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import areas, releases, scores, totals
from app.attributes import KEYS
from app.db import SessionFactory
from app.errors import BadFile, NameTaken
from app.imports.places import Expected, expected
from app.imports.progress import Step, silent
from app.imports.summary import Summary
from app.imports.table import BadRow, Row, Table, number, position, slug
from app.photos.insert import NewPhoto, insert
from app.tables import Release

KEY_COLUMNS = ("photo_key", "key", "filename")
ROWS_PER_STATEMENT = 5000
FAR_DEG = 0.001
"""About 100 m: a stored photo that far from its row is probably another place."""


@dataclass(frozen=True, slots=True)
class _Place:
    row: Row
    key: str
    at: tuple[float, float] | None
    raws: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class _Origin:
    source: str
    licence: str | None
    attribution: str


def run(
    factory: SessionFactory,
    path: Path,
    *,
    release: str,
    source: str,
    licence: str | None = None,
    attribution: str | None = None,
    step: Step = silent,
) -> Summary:
    """Imports the rows that are in order, in one transaction; the others are in the summary.

    source: whose scores these are, in words; as a slug it is the source of the places. Imported
    again under the same name, the same file changes nothing, and another one raises NameTaken.
    Raises BadFile for a file without a key column, without any attribute, or without a usable row.
    """
    releases.check_name(release)
    origin = _Origin(slug(source), licence, attribution or source)
    if not origin.source:
        raise BadFile("--source names whose scores these are and needs at least one letter.")
    summary = Summary("scores")
    table = Table(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    with factory.begin() as session:
        if _imported_before(session, release, sha256, table, summary):
            return summary
        key_column, attributes = _columns(table, summary)
        places = _read(table, key_column, attributes, expected(session, table), summary)
        by_photo = _photos(session, places, origin, summary, step)
        if not by_photo:
            reasons = ", ".join(f"{n} × {code}" for code, n in summary.reasons.items())
            summary.write_rejected(path)
            raise BadFile(f"No row of {path} can be used ({reasons}), so there is no release.")
        manifest = {"source": source, "file": path.name, "sha256": sha256, "rows": len(by_photo)}
        made = Release(
            name=release,
            kind="imported",
            state="scoring",
            version=releases.first_version(),
            manifest=manifest,
            metrics={},
        )
        session.add(made)
        session.flush()
        _score(session, made, by_photo, summary, step)
        step("publishing", 0, None)
        made.state = "ready"
        session.flush()
        totals.publish(session, made.id)
        if releases.active(session) is None:
            releases.activate(session, release, allow_missing=True)
            summary.notes.append(f"release {release} is the first one and is shown now")
        summary.accepted = len(by_photo)
    summary.write_rejected(path)
    return summary


def _imported_before(
    session: Session, name: str, sha256: str, table: Table, summary: Summary
) -> bool:
    """Two imports of one name at a time: the second waits here and then finds the release."""
    releases.lock_name(session, name)
    there = session.scalar(select(Release).where(Release.name == name))
    if there is None:
        return False
    if there.kind == "imported" and there.manifest.get("sha256") == sha256:
        summary.duplicates = sum(1 for _ in table)
        summary.notes.append(f"release {name} was made of this very file; nothing was changed")
        return True
    raise NameTaken(
        f"Release {name} is there already and was made of something else. Choose another name, or "
        f"delete it first (`mirada releases delete {name}`)."
    )


def _columns(table: Table, summary: Summary) -> tuple[str, list[str]]:
    """The key column and the attributes of the table, in their usual order."""
    key_column = next((column for column in KEY_COLUMNS if table.has(column)), None)
    if key_column is None:
        table.require([KEY_COLUMNS[0]], "table of scores")
    attributes = [key for key in KEYS if table.has(key)]
    if not attributes:
        table.require(KEYS, "table of scores")
    missing = [key for key in KEYS if key not in attributes]
    if missing:
        summary.notes.append(f"no column, so no score: {', '.join(missing)}")
    ignored = table.others((str(key_column), "lat", "lon", *KEYS))
    if ignored:
        summary.notes.append(f"columns that mean nothing here: {', '.join(ignored)}")
    return str(key_column), attributes


def _read(
    table: Table,
    key_column: str,
    attributes: Sequence[str],
    places_expected: Expected,
    summary: Summary,
) -> list[_Place]:
    lines: dict[str, int] = {}
    places = []
    for row in table:
        try:
            if row.problem is not None:
                raise BadRow("bad-row", row.problem)
            key = row.fields[key_column]
            if not key:
                raise BadRow("bad-row", f"{key_column} is empty")
            at = position(row.fields)
            if at is not None:
                places_expected.check(*at)
            raws = {
                attribute: number(row.fields[attribute], attribute)
                for attribute in attributes
                if row.fields[attribute]
            }
            first = lines.setdefault(key, row.line)
            if first != row.line:
                raise BadRow("second-row", f"{key} stands in line {first} already, which counts")
            places.append(_Place(row, key, at, dict(raws)))
        except BadRow as problem:
            summary.reject(row.where, problem.code, str(problem), row.fields)
    return places


_THERE = text("""
    SELECT source_key, id, ST_Y(location) AS lat, ST_X(location) AS lon
      FROM photo WHERE source = :source AND source_key = ANY (CAST(:keys AS text[]))
""")


def _photos(
    session: Session, places: Sequence[_Place], origin: _Origin, summary: Summary, step: Step
) -> dict[int, dict[str, float | None]]:
    """Raw outputs by photo; places that are not there yet are inserted."""
    by_photo: dict[int, dict[str, float | None]] = {}
    far = 0
    without_scores = 0
    for start in range(0, len(places), ROWS_PER_STATEMENT):
        step("storing places", start, len(places))
        portion = places[start : start + ROWS_PER_STATEMENT]
        keys = [place.key for place in portion]
        there = {
            row.source_key: row
            for row in session.execute(_THERE, {"source": origin.source, "keys": keys})
        }
        new = []
        for place in portion:
            stored = there.get(place.key)
            if stored is not None:
                by_photo[stored.id] = place.raws
                far += place.at is not None and _is_far(place.at, (stored.lat, stored.lon))
            elif place.at is None:
                message = f"there is no position, and no photo {place.key} of {origin.source}"
                summary.reject(place.row.where, "no-position", message, place.row.fields)
                continue
            else:
                new.append((place, place.at))
            without_scores += not place.raws
        inserted = insert(session, [_new_photo(place, at, origin) for place, at in new])
        for index, (place, _) in enumerate(new):
            photo_id = inserted.new.get(index)
            if photo_id is None:  # somebody inserted it since it was looked up
                photo_id = inserted.duplicates[index].photo_id
            by_photo[photo_id] = place.raws
    if far:
        summary.notes.append(f"{far} rows are over 100 m from their photo, whose position counts")
    if without_scores:
        summary.notes.append(f"{without_scores} rows have no score at all")
    return by_photo


def _new_photo(place: _Place, at: tuple[float, float], origin: _Origin) -> NewPhoto:
    return NewPhoto(
        source=origin.source,
        source_key=place.key,
        lat=at[0],
        lon=at[1],
        licence=origin.licence,
        attribution=origin.attribution,
    )


def _is_far(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1])) > FAR_DEG


def _score(
    session: Session,
    release: Release,
    by_photo: Mapping[int, Mapping[str, float | None]],
    summary: Summary,
    step: Step,
) -> None:
    """Raw outputs → reference photos → scale → scores, for a release that is new."""
    # Before any photo is locked: a deletion takes this lock first and the photos then.
    totals.lock_totals(session)
    photo_ids = sorted(by_photo)
    scored = [photo_id for photo_id in photo_ids if by_photo[photo_id]]
    chosen = scores.reference_photos(session, scores.REFERENCE_SEED, among=scored)
    if areas.city(session) is None:
        summary.notes.append("no city is loaded, so the scale is made of all places")
    elif not chosen:
        raise BadFile(
            "None of the places with scores lies in the city, so there is no scale. Load the city "
            "of these places first (`mirada import areas … --layer city --replace`)."
        )
    else:
        summary.notes.append(f"the scale is made of {len(chosen)} places in the city")
    references = scores.keep_reference_set(session, chosen, scores.REFERENCE_SEED)
    release.reference_set_id = references.id
    scale = scores.keep_scale(session, release.id, {i: by_photo[i] for i in chosen})
    for start in range(0, len(photo_ids), ROWS_PER_STATEMENT):
        step("scoring", start, len(photo_ids))
        portion = photo_ids[start : start + ROWS_PER_STATEMENT]
        raws: dict[int, Any] = {photo_id: by_photo[photo_id] for photo_id in portion}
        scores.write(session, release.id, raws, scale)
