"""The queue's own connections, which tell when the database was lost, or lost sight of us."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import psycopg
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException

Answer = TypeVar("Answer")


class NoticingConnector(PsycopgConnector):
    """Calls `on_loss` whenever a statement ends without it being known whether it was done.

    Also where the worker's number is unknown: it was silent for so long that another worker took it
    for dead.

    The worker then ends its run and begins another under a new number: a job that it may or may
    not have taken or finished is known by the old one and goes back to the queue.
    """

    def __init__(self, conninfo: str, on_loss: Callable[[], None], **pool: Any) -> None:
        super().__init__(conninfo=conninfo, **pool)
        self._on_loss = on_loss

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        await self._noticed(super().execute_query_async(query, **arguments))

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:
        return await self._noticed(super().execute_query_one_async(query, **arguments))

    async def execute_query_all_async(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:
        return await self._noticed(super().execute_query_all_async(query, **arguments))

    async def _noticed(self, statement: Awaitable[Answer]) -> Answer:
        try:
            return await statement
        except ConnectorException as error:
            if is_loss(error) or is_struck_off(error):
                self._on_loss()
            raise


def is_loss(error: BaseException) -> bool:
    """Whether the connection is what failed, and not the statement."""
    cause = error.__cause__ if isinstance(error, ConnectorException) else error
    return isinstance(cause, psycopg.OperationalError)


def is_struck_off(error: BaseException) -> bool:
    """Whether a job could not be taken because the worker is not on the list any more."""
    cause = error.__cause__ if isinstance(error, ConnectorException) else error
    return (
        isinstance(cause, psycopg.errors.ForeignKeyViolation)
        and cause.diag.constraint_name == "procrastinate_jobs_worker_id_fkey"
    )
