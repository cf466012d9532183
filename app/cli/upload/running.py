"""One upload from its beginning to its report."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from app.cli.upload import choosing, folder, report
from app.cli.upload.api import Api, CannotUpload
from app.cli.upload.archive import Archive
from app.cli.upload.choosing import Choice, Described
from app.cli.upload.found import Entry, Found, Left, Unreadable
from app.cli.upload.given import goes_in_clear
from app.cli.upload.positions import Positions
from app.cli.upload.sending import Outcome, Sending
from app.errors import BadFile

MANIFEST_BYTES = 32 * 1024 * 1024
_PROBLEMS_SHOWN = 20


@dataclass(frozen=True)
class Wanted:
    """described or batch_id: which batch. complete: whether it takes no more photos afterwards."""

    photos: Path
    manifest: Path | None
    described: Described | None
    batch_id: int | None
    connections: int
    complete: bool
    verdicts: Path | None


def run(url: str, token: str, wanted: Wanted) -> int:
    """The exit status: 0 when every photo has a verdict, 1 when something was not sent.

    Raises CannotUpload, after its report, when nothing more can be sent.
    """
    stop = threading.Event()
    if goes_in_clear(url):
        report.say("The address has no TLS (https): others on the way can read the token.")
    with _found(wanted) as found, Api(url, token, wanted.connections, stop, report.say) as api:
        if not found.photos and not found.manifests:
            raise BadFile(f"{wanted.photos} holds no photos.")
        if wanted.batch_id is not None:
            choice = choosing.numbered(api, wanted.batch_id)
        else:
            assert wanted.described is not None
            choice = choosing.described(api, wanted.described)
        return _Upload(api, choice, found, wanted, stop).run()


@contextmanager
def _found(wanted: Wanted) -> Iterator[Found]:
    path = wanted.photos
    archive = None if path.is_dir() else Archive(path)
    try:
        found = folder.look(path) if archive is None else archive.look()
        if wanted.manifest is not None:
            own = partial(_read_manifest, wanted.manifest)
            message = "Another manifest was named by --manifest."
            found.left += [
                Left(entry.path, "no-photo", message, photo=False) for entry in found.manifests
            ]
            found.manifests = [Entry(wanted.manifest.name, own)]
        yield found
    finally:
        if archive is not None:
            archive.close()


def _read_manifest(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        return file.read(limit + 1)


class _Upload:
    def __init__(
        self, api: Api, choice: Choice, found: Found, wanted: Wanted, stop: threading.Event
    ) -> None:
        self.api = api
        self.choice = choice
        self.found = found
        self.wanted = wanted
        self.positions = Positions()
        self.sending = Sending(api, choice, self.positions, stop)
        self.began = time.monotonic()

    def run(self) -> int:
        if self.choice.began:
            self._say_batch("Going on with")
        manifests = [self._manifest(entry) for entry in self.found.manifests]
        for name, data in manifests:
            self._place(name, data, aloud=True)
        try:
            with report.watching(len(self.found.photos)) as watch:
                self.sending.notice = watch.notice
                outcome = self.sending.run(self.found.photos, self.wanted.connections)
            self._place_held(manifests)
            self._complete(outcome)
        except BaseException:
            self._report(self.sending.outcome)
            report.say("Not everything was sent. Run the same command again to go on.")
            raise
        self._report(outcome)
        return 1 if outcome.unread or outcome.unsent or any(x.photo for x in self.found.left) else 0

    def _manifest(self, entry: Entry) -> tuple[str, bytes]:
        try:
            data = entry.read(MANIFEST_BYTES)
        except Unreadable as error:
            raise BadFile(f"{entry.path}: {error}") from None
        if len(data) > MANIFEST_BYTES:
            raise BadFile(f"{entry.path} is larger than {MANIFEST_BYTES // 2**20} MB.")
        return entry.path, data

    def _place(self, name: str, data: bytes, *, aloud: bool) -> int:
        """Photos that were held and are placed by the manifest; its rows go with what follows."""
        path = f"/batches/{self.choice.manifest_id()}/manifest"
        try:
            answer = self.api.post(path, files={"file": (name, data, "text/csv")})
        except CannotUpload as error:
            if self.wanted.manifest is not None or error.problem != "bad-file":
                raise
            # A table that lies among the photos may be anything.
            report.say(f"{error} It is passed over.")
            return 0
        self.positions.add(answer["rows"])
        if aloud:
            self._say_manifest(name, answer["rows"], answer["problems"])
        return int(answer["placed"])

    def _say_manifest(self, name: str, rows: Sequence[Any], problems: Sequence[Any]) -> None:
        report.say(f"{name}: {len(rows)} rows, {len(problems)} with problems")
        for problem in problems[:_PROBLEMS_SHOWN]:
            report.say(f"  {problem['where']}: {problem['message']}")
        if len(problems) > _PROBLEMS_SHOWN:
            report.say(f"  … and {len(problems) - _PROBLEMS_SHOWN} more")

    def _place_held(self, manifests: Sequence[tuple[str, bytes]]) -> None:
        """The server has the last word on which row is whose."""
        answers = self.sending.outcome.answers
        if not any(answer["verdict"] == "held" for answer in answers):
            return
        placed = sum(self._place(name, data, aloud=False) for name, data in manifests)
        if placed:
            now = {file["id"]: file for file in self.api.files(self.choice.manifest_id())}
            answers[:] = [now.get(answer["id"], answer) for answer in answers]

    def _complete(self, outcome: Outcome) -> None:
        batch_id = self.choice.open_id
        if not self.wanted.complete or batch_id is None:
            return
        if outcome.unsent:
            report.say(f"Batch {batch_id} stays open. Run the same command again for the rest.")
            return
        self.api.post(f"/batches/{batch_id}/complete")

    def _report(self, outcome: Outcome) -> None:
        self._say_batch("In")
        for line in report.summary(outcome, self.found.left, time.monotonic() - self.began):
            print(line)
        report.refused(outcome, self.found.left)
        if self.wanted.verdicts is not None:
            report.write(self.wanted.verdicts, outcome, self.found.left)

    def _say_batch(self, what: str) -> None:
        batch = self.choice.shown
        if batch is not None:
            page = self.api.page(batch["id"])
            report.say(f"{what} batch {batch['id']} «{batch['title']}»: {page}")
