"""All verdicts of a batch as CSV, for a spreadsheet that must not run what strangers wrote."""

import csv
import io
from collections.abc import Iterator

from app.batches.progress import uploads
from app.batches.shapes import UploadOut
from app.db import SessionFactory, driver_errors
from app.untrusted import safe_cell

COLUMNS = ("path", "verdict", "reason", "warnings", "message", "photo_id", "scored", "resembles")
_PAGE = 1000


def lines(sessions: SessionFactory, batch_id: int) -> Iterator[bytes]:
    """UTF-8 with a mark, which spreadsheets ask for; each page is read in a session of its own."""
    yield b"\xef\xbb\xbf" + _csv([COLUMNS])
    last = 0
    while True:
        with driver_errors(), sessions.begin() as session:
            page = uploads(session, batch_id, last, _PAGE)
        if not page:
            return
        yield _csv([_row(upload) for upload in page])
        last = page[-1].id


def _row(upload: UploadOut) -> tuple[str, ...]:
    return (
        safe_cell(upload.path),
        upload.verdict,
        safe_cell(upload.reason or ""),
        safe_cell(" ".join(upload.warnings)),
        safe_cell(upload.message or ""),
        "" if upload.photo_id is None else str(upload.photo_id),
        "yes" if upload.scored else "no",
        "" if upload.resembles is None else str(upload.resembles),
    )


def _csv(rows: list[tuple[str, ...]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()
