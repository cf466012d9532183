"""A worker's run from start to stop: jobs, heartbeat, the sweep of dead workers' jobs, signals."""

import asyncio
import logging
import signal
import sys

import psycopg
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition
from procrastinate.worker import Worker
from sqlalchemy import Engine

from app import queue, readiness
from app.db import SessionFactory, driver_errors, make_engine, session_factory, without_driver
from app.errors import StorageFull
from app.photos.location import open_store
from app.settings import Settings
from app.worker.connection import NoticingConnector, is_loss, is_struck_off
from app.worker.errors import PASSING, ScoringFailed
from app.worker.progress import Progress
from app.worker.scoring import Scoring
from app.worker.stalled import give_back
from app.worker.tasks import register
from app.worker.upkeep import publish_due

POLL_S = 1.0
RECONNECT_S = 1.0
CONNECTION_S = 4.0
"""A connection that is not had by then is lost. A worker that is told to end waits for it twice."""
AWAY = "the database does not answer; trying again until it does"

logger = logging.getLogger(__name__)


def run(
    settings: Settings,
    database_url: str,
    *,
    until_idle: bool = False,
    device: str | None = None,
    heartbeat_s: float = queue.HEARTBEAT_S,
    stalled_after_s: float = queue.STALLED_AFTER_S,
) -> None:
    """Works until SIGTERM or SIGINT, or with `until_idle` until no job of any worker is left.

    device: CUDA where there is one when None. Raises DatabaseUnavailable where the database cannot
    be used at the start; one that is lost later is waited for. Raises ScoringFailed at the end of
    an `until_idle` run of which jobs were given up.
    """
    _log(quiet=until_idle and sys.stderr.isatty())
    engine = make_engine(database_url, pool_size=4, application_name="mirada-worker")
    try:
        readiness.check(engine)
        _Run(settings, engine, database_url, until_idle, device, heartbeat_s, stalled_after_s)()
    finally:
        engine.dispose()


class _Run:
    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        database_url: str,
        until_idle: bool,
        device: str | None,
        heartbeat_s: float,
        stalled_after_s: float,
    ) -> None:
        self._sessions: SessionFactory = session_factory(engine)
        self._conninfo = without_driver(database_url)
        self._until_idle = until_idle
        self._heartbeat_s = heartbeat_s
        self._stalled_after_s = stalled_after_s
        self._files = open_store(settings.photo_location)
        self._progress = Progress(self._sessions, shown=until_idle and sys.stderr.isatty())
        self._scoring = Scoring(
            self._sessions, self._files, settings.release_dir, device, self._progress.scored
        )
        self._stop = False
        self._worker: Worker | None = None
        self._former_id: int | None = None

    def __call__(self) -> None:
        with self._progress:
            asyncio.run(self._until_stopped())

    async def _until_stopped(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop_by_signal, number)
        failed_before = await asyncio.to_thread(self._failed)
        logger.info("waiting for jobs; stop with Ctrl-C")
        lost = False
        while not self._stop:
            try:
                await self._connected_run()
                if self._until_idle and await self._is_idle():
                    break
                lost = False
            except (ConnectorException, psycopg.OperationalError, *PASSING) as error:
                if is_struck_off(error):
                    logger.warning("this worker was silent, was taken for dead, and begins again")
                    continue
                if not (is_loss(error) or isinstance(error, PASSING)):
                    raise
                if not lost:
                    logger.warning("%s", error if isinstance(error, StorageFull) else AWAY)
                lost = True
            if not self._stop:
                await asyncio.sleep(RECONNECT_S)
        if not self._until_idle:
            return
        failed = await asyncio.to_thread(self._failed) - failed_before
        if failed > 0:
            raise ScoringFailed(
                f"{failed} scoring jobs were given up; the lines above say why. When that is "
                "mended, score the release or retry the batch again."
            )

    def _stop_by_signal(self, number: int) -> None:
        """A second signal ends the process at once; its jobs are swept by another worker."""
        logger.info("stopping: the job under way keeps what is scored and goes back to the queue")
        asyncio.get_running_loop().remove_signal_handler(number)
        self._stop = True
        self._scoring.stopping.set()
        self._end_run()

    def _end_run(self) -> None:
        if self._worker is not None:
            self._worker.stop()  # type: ignore[no-untyped-call]

    async def _connected_run(self) -> None:
        connector = NoticingConnector(
            self._conninfo, self._end_run, min_size=1, max_size=4, timeout=CONNECTION_S
        )
        app = App(connector=connector)
        register(app, self._sessions, self._files, self._scoring)
        await asyncio.to_thread(self._check_connection)
        async with app.open_async():
            if self._former_id is not None:
                await app.job_manager.unregister_worker(self._former_id)
                self._former_id = None
            await self._sweep()
            sweeping = asyncio.create_task(self._sweep_regularly())
            try:
                await self._work(app)
            finally:
                sweeping.cancel()

    async def _work(self, app: App) -> None:
        self._worker = Worker(
            app,
            name=None,
            wait=not self._until_idle,
            concurrency=1,
            fetch_job_polling_interval=POLL_S,
            update_heartbeat_interval=self._heartbeat_s,
            stalled_worker_timeout=self._stalled_after_s,
            delete_jobs=DeleteJobCondition.SUCCESSFUL,
            install_signal_handlers=False,
        )
        if self._stop:
            return
        try:
            await self._worker.run()  # type: ignore[no-untyped-call]
        finally:
            # Still known where the database was too far away to take the worker off its list.
            self._former_id = self._worker.worker_id
            self._worker = None

    async def _is_idle(self) -> bool:
        """Whether no worker has or will have anything to do, all that is scored being published."""
        more = await asyncio.to_thread(publish_due, self._sessions)
        return not more and await asyncio.to_thread(self._live) == 0

    async def _sweep_regularly(self) -> None:
        """Beside the jobs, so that a worker with a long queue sweeps as well."""
        while True:
            await asyncio.sleep(self._heartbeat_s)
            try:
                await self._sweep()
            except PASSING as error:
                logger.debug("the sweep of dead workers' jobs waits: %s", error)
            except Exception:
                logger.exception("the sweep of dead workers' jobs failed")

    async def _sweep(self) -> None:
        for job_id in await asyncio.to_thread(give_back, self._sessions, self._stalled_after_s):
            logger.warning("job %d of a worker that died goes back to the queue", job_id)

    def _check_connection(self) -> None:
        with driver_errors(), self._sessions.begin() as session:
            queue.live_jobs(session)

    def _live(self) -> int:
        with driver_errors(), self._sessions.begin() as session:
            return queue.live_jobs(session)

    def _failed(self) -> int:
        with driver_errors(), self._sessions.begin() as session:
            return queue.given_up_jobs(session)


def _log(quiet: bool) -> None:
    """A line for each thing that happens; only what went wrong where a bar shows the rest."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("app").setLevel(logging.WARNING if quiet else logging.INFO)
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    # asyncio has the last word on a job whose end could not be written down.
    for name in ("asyncio", *(f"procrastinate.{part}" for part in ("manager", "utils", "worker"))):
        logging.getLogger(name).addFilter(_is_news)
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


def _is_news(record: logging.LogRecord) -> bool:
    """False for what is said in better words: how a job ended, and that the database is away."""
    error = record.exc_info[1] if record.exc_info else None
    ended = getattr(record, "action", None) in ("job_error", "job_error_retry")
    return not ended and (error is None or not is_loss(error))
