"""An index of scores by chance, for random orders and samples

Revision: 0007, after 0006

Scores cannot be written while it is made.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index(
        "score_chance_idx",
        "score",
        ["release_id", sa.text("hashint8extended(photo_id, 0::bigint)"), "photo_id"],
    )


def downgrade() -> None:
    op.drop_index("score_chance_idx", table_name="score")
