"""Sessions of a request: it commits when the route returns and rolls back when the route raises.

The scope "function" is essential: a commit that fails answers an error, not a 200 that was already
sent. A streaming route opens its own session inside its generator.
"""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.db import SessionFactory, driver_errors


def get_session(request: Request) -> Iterator[Session]:
    factory: SessionFactory = request.app.state.sessions
    with driver_errors(), factory.begin() as session:
        yield session


def get_snapshot(request: Request) -> Iterator[Session]:
    """Read only, and all statements see the database of one moment: a version and its content."""
    factory: SessionFactory = request.app.state.snapshots
    with driver_errors(), factory.begin() as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session, scope="function")]
SnapshotDep = Annotated[Session, Depends(get_snapshot, scope="function")]
