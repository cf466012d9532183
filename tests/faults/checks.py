"""What must be true once everything is still: nothing lost, nothing twice, nothing left over."""

import hashlib
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.photos.sweeping import sweep
from app.tables import Batch, Pending, Photo, Upload, cell_total, score
from tests.faults.folder import Folder
from tests.faults.installation import CLI, MARK, Installation
from tests.faults.line import VERDICT_STATUS, Line
from tests.faults.process import with_variable

SUFFIXES = (".original", ".display.jpg", ".thumbnail.jpg")
ENDING_S = 10.0


@dataclass(frozen=True)
class Check:
    what: str
    found: object
    wanted: object

    @property
    def holds(self) -> bool:
        return self.found == self.wanted


def all_of(installation: Installation, folder: Folder, line: Line) -> Iterator[Check]:
    """After `Installation.stop`, when only the database still runs."""
    yield from _processes(installation)
    with installation.sessions() as session:
        yield from _acknowledged(session, folder, line)
        yield from _scores(session, installation, folder)
        yield from _queue(session)
        yield from _files(session, installation)
    yield _totals(installation)


def recovered_jobs(installation: Installation) -> int:
    """Jobs of killed workers that others gave back to the queue, as they say in their logs."""
    said = "".join(worker.said() for worker in installation.workers)
    return len(re.findall(r"job \d+ of a worker that died goes back", said))


def _acknowledged(session: Session, folder: Folder, line: Line) -> Iterator[Check]:
    """Each answer that was given is what the database says, and each file has one."""
    rows = session.execute(select(Upload)).scalars().all()
    stored = {(row.path, row.sha256.hex()): (row.verdict, row.photo_id) for row in rows}
    contradicted = [
        identity
        for identity, answers in line.acknowledged.items()
        for answer in answers
        if (answer.verdict, answer.photo_id) != stored.get(identity)
        or answer.status not in (None, VERDICT_STATUS[answer.verdict])
    ]
    yield Check("answers that the database contradicts", contradicted, [])
    identities = {(path, sha256) for path, sha256 in folder.contents.items()}
    yield Check("files without an answer", sorted(identities - set(line.acknowledged)), [])
    yield Check("uploads that nobody sent", sorted(set(stored) - identities), [])
    counted = Counter(verdict for verdict, _ in stored.values())
    yield Check("accepted", counted["accepted"], folder.accepted)
    yield Check("duplicate", counted["duplicate"], folder.duplicates)
    rejected = {path for (path, _), (verdict, _) in stored.items() if verdict == "rejected"}
    held = {path for (path, _), (verdict, _) in stored.items() if verdict == "held"}
    yield Check("rejected are the truncated", rejected, folder.truncated)
    yield Check("held are those without a position", held, folder.held)
    yield Check("state of the batch", session.scalars(select(Batch.state)).all(), ["done"])


def _scores(session: Session, installation: Installation, folder: Folder) -> Iterator[Check]:
    """Each photo has one score row of the release, and is in the totals of each zoom once."""
    photos = set(session.scalars(select(Photo.id)))
    scored = session.scalars(
        select(score.c.photo_id).where(score.c.release_id == installation.release_id)
    ).all()
    yield Check("photos", len(photos), folder.accepted)
    yield Check("photos without a score", sorted(photos - set(scored)), [])
    yield Check("score rows", len(scored), len(photos))
    published = session.execute(
        select(cell_total.c.z, func.sum(cell_total.c.n)).group_by(cell_total.c.z)
    ).all()
    wrong = {z: n for z, n in published if n != len(photos)}
    yield Check("zooms whose cells hold more or fewer photos", wrong, {})
    unpublished = session.scalars(select(func.count()).select_from(Pending)).one()
    yield Check("rows that wait to be published", unpublished, 0)
    failed = select(func.count()).where(Upload.verdict == "accepted", Upload.reason.is_not(None))
    yield Check("accepted photos that were given up", session.scalars(failed).one(), 0)


def _queue(session: Session) -> Iterator[Check]:
    """Only what is periodic may wait."""
    rows = session.execute(
        text(
            "SELECT status::text, task_name FROM procrastinate_jobs"
            " WHERE status <> 'todo' OR args ? 'photo_ids'"
        )
    )
    yield Check("jobs in doing, failed or left", [tuple(row) for row in rows], [])


def _files(session: Session, installation: Installation) -> Iterator[Check]:
    """Files of transactions that were cut off are orphans until the sweep, then there are none.

    The sweep waits for an hour, since a transaction may be under way; here nobody is.
    """
    root = installation.files.root
    photos = session.execute(select(Photo.storage_key, Photo.sha256)).all()
    held = session.scalars(select(Upload.storage_key).where(Upload.storage_key.is_not(None))).all()
    known = {f"{row.storage_key}{suffix}" for row in photos for suffix in SUFFIXES}
    known |= {f"{key}.original" for key in held}
    yield Check("files that a row misses", sorted(known - _names(installation)), [])
    changed = [
        row.storage_key
        for row in photos
        if hashlib.sha256(installation.files.original(row.storage_key).read_bytes()).digest()
        != row.sha256
    ]
    yield Check("originals with other bytes than were sent", changed, [])
    sweep(session, installation.files, older_than_s=-1)
    yield Check("orphan files after the sweep", sorted(_names(installation) - known), [])
    parts = [path.name for path in root.rglob("*.part")]
    yield Check("parts of files", parts, [])


def orphans(installation: Installation) -> int:
    """Files that no row knows, before they are swept."""
    with installation.sessions() as session:
        keys = select(Photo.storage_key).union(select(Upload.storage_key))
        known = {key for key in session.scalars(keys) if key is not None}
    return sum(name.split(".")[0] not in known for name in _names(installation))


def _names(installation: Installation) -> set[str]:
    folders = installation.files.root.glob("[0-9a-f][0-9a-f]")
    return {path.name for folder in folders for path in folder.iterdir()}


def _totals(installation: Installation) -> Check:
    done = subprocess.run(
        [*CLI, "check-totals"],
        env=installation.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return Check("mirada check-totals", done.stdout.strip() + done.stderr, "0 differences")


def _processes(installation: Installation) -> Iterator[Check]:
    """Those that were killed left no children behind, and the others ended when they were asked."""
    ends_at = time.monotonic() + ENDING_S
    while (left := with_variable(MARK, installation.mark)) and time.monotonic() < ends_at:
        time.sleep(0.1)
    yield Check("processes left behind", left, [])
    traces = {
        process.name: process.said().count("Traceback")
        for process in (installation.web, *installation.workers)
    }
    yield Check("faults that nobody foresaw, in the logs", +Counter(traces), Counter())
