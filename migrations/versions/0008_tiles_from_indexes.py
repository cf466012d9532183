"""Indexes that hold what a tile's photos need, so that their rows are not read

Revision: 0008, after 0007

Photos and scores cannot be written while they are made.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SCORES = ", ".join(
    f"score_{key}" for key in ("safety", "lively", "boring", "wealthy", "depressing", "beautiful")
)


def upgrade() -> None:
    op.drop_index("photo_q_idx", table_name="photo")
    op.create_index("photo_q_idx", "photo", ["q"], postgresql_include=["id", "location"])
    _remake_key(f"(release_id, photo_id) INCLUDE ({_SCORES})")


def downgrade() -> None:
    _remake_key("(release_id, photo_id)")
    op.drop_index("photo_q_idx", table_name="photo")
    op.create_index("photo_q_idx", "photo", ["q"])


def _remake_key(columns: str) -> None:
    """In one statement, so that the table is never without a key."""
    op.execute(
        "ALTER TABLE score DROP CONSTRAINT score_pkey,"
        f" ADD CONSTRAINT score_pkey PRIMARY KEY {columns}"
    )
