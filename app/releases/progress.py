"""How far a release is, counted anew each time it is asked: nothing to fall out of step."""

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app import queue
from app.attributes import KEYS
from app.releases.release import active, as_in_file, is_demo, listing, published
from app.releases.shapes import AdminRelease, Counts, FirstPass, ReleaseProgress
from app.releases.showing import bare_photos, bare_places
from app.tables import Pending, Photo, ReferenceOutput, ReferenceSet, Release, Scale


def progress(session: Session, release: Release) -> ReleaseProgress:
    shown = active(session)
    return ReleaseProgress(
        name=release.name,
        state=release.state,  # type: ignore[arg-type]
        active=shown is not None and shown.id == release.id,
        counts=_counts(session, release),
        first_pass=_first_pass(session, release),
        workers=queue.live_workers(session),
    )


def described(session: Session, release: Release) -> AdminRelease:
    manifest = as_in_file(release.manifest)
    notes = manifest.get("notes")
    return AdminRelease(
        **progress(session, release).model_dump(),
        kind=release.kind,  # type: ignore[arg-type]
        demo=is_demo(release),
        version=release.version,
        created_at=release.created_at,
        published_at=release.published_at,
        attributes=_attributes(session, release),  # type: ignore[arg-type]
        licence=_text(manifest.get("licence")),
        source=_text(manifest.get("source")),
        notes=[str(note) for note in notes] if isinstance(notes, list) else [],
        metrics=release.metrics,
    )


def all_described(session: Session) -> list[AdminRelease]:
    return [described(session, release) for release in listing(session)]


def _counts(session: Session, release: Release) -> Counts:
    """Scores are in the totals or in a pending row, so that no score row need be counted."""
    images = select(func.count()).select_from(Photo).where(Photo.storage_key.is_not(None))
    waiting = select(func.coalesce(func.sum(func.cardinality(Pending.photo_ids)), 0)).where(
        Pending.release_id == release.id
    )
    on_map = published(session).get(release.id, 0)
    places = bare_places(session, release)
    jobs = queue.release_photos(session, release.id)
    return Counts(
        photos=session.scalar(images) or 0,
        scored=on_map + (session.scalar(waiting) or 0),
        published=on_map,
        missing=bare_photos(session, release) + places,
        places=places,
        queued=jobs.queued,
        failed=jobs.failed,
    )


def _first_pass(session: Session, release: Release) -> FirstPass | None:
    frozen = exists().where(Scale.release_id == release.id)
    if release.state != "scoring" or release.kind != "rankers" or session.scalar(select(frozen)):
        return None
    of = select(ReferenceSet.n).where(ReferenceSet.id == release.reference_set_id)
    done = select(func.count()).where(ReferenceOutput.release_id == release.id)
    return FirstPass(done=session.scalar(done) or 0, of=session.scalar(of) or 0)


def _attributes(session: Session, release: Release) -> list[str]:
    """Those it was trained for; of an imported one, those it has a scale of."""
    trained = release.manifest.get("attributes")
    if release.kind == "rankers" and isinstance(trained, list):
        return [key for key in KEYS if key in trained]
    scaled = set(
        session.scalars(select(Scale.attribute).where(Scale.release_id == release.id)).all()
    )
    return [key for key in KEYS if key in scaled]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
