"""One run: the folder is uploaded and scored while the plan's kills come to pass."""

import http.client
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from app import queue
from app.tables import Batch, Pending
from tests.faults.folder import Folder
from tests.faults.installation import Installation, wait_for_port
from tests.faults.line import Line
from tests.faults.plan import Kill
from tests.faults.process import Process

LOOK_EVERY_S = 0.05
SCORE_EVERY_S = 4.0
TELL_EVERY_S = 10.0
START_S = 60.0
PATIENCE_S = 15.0
"""How long a kill waits for something to hit, as long as there may be something."""


@dataclass
class Report:
    """hits: kills by kind that met work. prepared_s: before the upload, took_s: from then on."""

    kills: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    prepared_s: float = 0.0
    took_s: float = 0.0


class NotFinished(Exception):
    """The batch was not done in time."""


class Run:
    def __init__(
        self,
        installation: Installation,
        folder: Folder,
        line: Line,
        plan: list[Kill],
        limit_s: float,
        tell: Callable[[str], None],
    ) -> None:
        self.report = Report()
        self.client: Process = installation.client(folder.root, line.port)
        self._installation = installation
        self._folder = folder
        self._line = line
        # Each by itself: a worker that is waited for must not keep the client from being killed.
        self._plans = [
            [kill for kill in plan if kill.kind != "worker"],
            [kill for kill in plan if kill.kind == "worker"],
        ]
        self._due_at: list[float | None] = [None, None]
        self._tell = tell
        self._limit_s = limit_s
        self._began = time.monotonic()
        self._database_again_at: float | None = None

    def __call__(self) -> None:
        """Raises NotFinished."""
        self._prepare()
        self.report.prepared_s = time.monotonic() - self._began
        self._began = time.monotonic()
        score_at = tell_at = self._began
        while not self._is_finished():
            now = time.monotonic()
            if now - self._began > self._limit_s:
                raise NotFinished(f"not finished after {self._limit_s:.0f} s: {self._state()}")
            self._tend(self.client, self._installation.web, *self._installation.workers)
            for which in range(len(self._plans)):
                self._kill_what_is_due(which, now)
            if now >= score_at:
                score_at = now + SCORE_EVERY_S
                self._press_score()
            if now >= tell_at:
                tell_at = now + TELL_EVERY_S
                self._tell(self._state())
            time.sleep(LOOK_EVERY_S)
        self.report.took_s = time.monotonic() - self._began

    def _prepare(self) -> None:
        """Once the web has answered, everything may be killed."""
        installation = self._installation
        self._tend(installation.web, *installation.workers)
        if not wait_for_port(installation.port, START_S):
            raise NotFinished(f"the web does not answer; it said {installation.web.said()[-500:]}")

    def _tend(self, *processes: Process) -> None:
        again_at = self._database_again_at
        if again_at is not None and time.monotonic() >= again_at:
            self._installation.start_database()
            self._database_again_at = None
        for process in processes:
            process.tend()

    def _kill_what_is_due(self, which: int, now: float) -> None:
        """Waits for the drawn delay, then for work to hit, and then kills."""
        if not self._plans[which] or self._database_again_at is not None:
            return
        kill, due_at = self._plans[which][0], self._due_at[which]
        if due_at is None:
            if self._progress() >= kill.at:
                self._due_at[which] = now + kill.delay_s
            return
        if now < due_at:
            return
        idle = self._is_idle()
        hit = self._has_work(kill)
        if hit or idle or now >= due_at + PATIENCE_S:
            done = self._kill(kill)
            if done:
                self.report.kills[kill.kind] += 1
                self.report.hits[kill.kind] += hit
            # What is just being started again is killed once it runs.
            if done or idle:
                self._plans[which].pop(0)
                self._due_at[which] = None

    def _has_work(self, kill: Kill) -> bool:
        at_work = self._installation.running_jobs() > 0
        if kill.kind == "worker":
            return at_work
        return self._line.in_flight > 0 or (kill.kind == "database" and at_work)

    def _kill(self, kill: Kill) -> bool:
        """Whether it was alive."""
        installation = self._installation
        if kill.kind == "database":
            installation.kill_database()
            self._database_again_at = time.monotonic() + kill.down_s
            return True
        if kill.kind == "worker":
            # The other one where this one is dead already or not yet back.
            order = installation.workers[kill.which :] + installation.workers[: kill.which]
            return any(worker.kill(kill.down_s) for worker in order)
        victim = self.client if kill.kind == "client" else installation.web
        return victim.kill(kill.down_s)

    def _press_score(self) -> None:
        """As somebody does who wants to see the first photos: small jobs, and many of them."""
        if self._line.batch_id is None or self.client.done:
            return
        path = f"/api/admin/batches/{self._line.batch_id}/score"
        headers = {"Authorization": f"Bearer {self._installation.token}"}
        try:
            self._line.ask("POST", path, b"", headers)
        except (OSError, http.client.HTTPException):
            return

    def _progress(self) -> float:
        return len(self._line.acknowledged) / len(self._folder.contents)

    def _is_finished(self) -> bool:
        return not any(self._plans) and self._database_again_at is None and self._is_idle()

    def _is_idle(self) -> bool:
        """Whether the client is done, and all that it sent is scored and published."""
        if not self.client.done:
            return False
        try:
            with self._installation.sessions() as session:
                states = session.scalars(select(Batch.state)).all()
                pending = session.scalar(select(Pending.id).limit(1))
                return states == ["done"] and pending is None and queue.live_jobs(session) == 0
        except DBAPIError:
            return False

    def _state(self) -> str:
        kills = ", ".join(f"{number} {kind}" for kind, number in sorted(self.report.kills.items()))
        answered = f"{len(self._line.acknowledged)} of {len(self._folder.contents)} answered"
        seconds = f"{time.monotonic() - self._began:5.0f} s"
        return f"{seconds}: {answered}, {self._jobs()}; killed: {kills or 'nothing'}"

    def _jobs(self) -> str:
        try:
            with self._installation.sessions() as session:
                return f"{queue.live_photos(session)} photos in jobs"
        except DBAPIError:
            return "the database is away"
