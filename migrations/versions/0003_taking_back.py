"""Batches that are being deleted, numbered tokens, attempts to sign in

Revision: 0003, after 0002
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("batch", sa.Column("refusal", sa.Text(), nullable=True))
    op.drop_constraint(op.f("batch_state_check"), "batch", type_="check")
    op.create_check_constraint(
        op.f("batch_state_check"),
        "batch",
        "state IN ('open', 'scoring', 'done', 'cancelled', 'deleting')",
    )
    op.add_column("api_token", sa.Column("id", sa.Integer(), sa.Identity(), nullable=False))
    op.create_unique_constraint(op.f("api_token_id_key"), "api_token", ["id"])
    op.create_check_constraint(
        op.f("api_token_scope_check"), "api_token", "scope IN ('upload', 'admin')"
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("sign_in_attempt_pkey")),
    )
    op.create_index(op.f("sign_in_attempt_ends_at_idx"), "sign_in_attempt", ["ends_at"])


def downgrade() -> None:
    op.drop_table("sign_in_attempt")
    op.drop_constraint(op.f("api_token_scope_check"), "api_token", type_="check")
    op.drop_constraint(op.f("api_token_id_key"), "api_token", type_="unique")
    op.drop_column("api_token", "id")
    op.execute("UPDATE batch SET state = 'cancelled' WHERE state = 'deleting'")
    op.drop_constraint(op.f("batch_state_check"), "batch", type_="check")
    op.create_check_constraint(
        op.f("batch_state_check"), "batch", "state IN ('open', 'scoring', 'done', 'cancelled')"
    )
    op.drop_column("batch", "refusal")
