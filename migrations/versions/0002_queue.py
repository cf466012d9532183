"""The job queue's own tables, as procrastinate 3.10 makes them

Revision: 0002, after 0001

The statements beside this file are a copy of what the package ships (MIT), so that this migration
stays the same when the package moves on; a later version of its schema is a later migration.
"""

from collections.abc import Sequence
from pathlib import Path

from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SCHEMA = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    op.execute(SCHEMA.read_text())
    # Progress pages and the end of a batch or release ask for what is still to do of it.
    op.execute(
        "CREATE INDEX procrastinate_jobs_release_idx"
        " ON procrastinate_jobs ((args ->> 'release_id')) WHERE status IN ('todo', 'doing')"
    )
    op.execute(
        "CREATE INDEX procrastinate_jobs_batch_idx"
        " ON procrastinate_jobs ((args ->> 'batch_id')) WHERE status IN ('todo', 'doing', 'failed')"
    )


def downgrade() -> None:
    op.execute(
        "DROP TABLE procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs,"
        " procrastinate_workers CASCADE"
    )
    op.execute(
        """
        DO $$
        DECLARE
            routine regprocedure;
        BEGIN
            FOR routine IN
                SELECT oid FROM pg_proc
                 WHERE pronamespace = current_schema()::regnamespace
                   AND starts_with(proname, 'procrastinate_')
            LOOP
                EXECUTE 'DROP FUNCTION ' || routine || ' CASCADE';
            END LOOP;
        END
        $$
        """
    )
    op.execute(
        "DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_status,"
        " procrastinate_job_event_type"
    )
