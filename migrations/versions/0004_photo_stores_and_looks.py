"""Whose a photo store is, how photos look, which photo an upload resembles

Revision: 0004, after 0003
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    owner = op.create_table(
        "store_owner",
        sa.Column("id", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "owner", sa.Text(), server_default=sa.text("(gen_random_uuid())::text"), nullable=False
        ),
        sa.CheckConstraint("id", name=op.f("store_owner_one_row_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("store_owner_pkey")),
    )
    # Here and not at its first use: what marks a store must not be rolled back.
    op.execute(sa.insert(owner).values(id=True))
    op.add_column(
        "photo",
        sa.Column(
            "look",
            sa.BigInteger(),
            nullable=True,
            comment="difference hash of app.looks; NULL for photos from before there was one",
        ),
    )
    op.add_column(
        "upload",
        sa.Column(
            "resembles", sa.BigInteger(), nullable=True, comment="of the warning near-duplicate"
        ),
    )
    op.create_foreign_key(
        op.f("upload_resembles_fkey"),
        "upload",
        "photo",
        ["resembles"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(
        "upload_resembles_idx",
        "upload",
        ["resembles"],
        postgresql_where=sa.text("resembles IS NOT NULL"),
    )
    op.create_index(
        "upload_held_idx", "upload", ["sha256"], postgresql_where=sa.text("verdict = 'held'")
    )


def downgrade() -> None:
    op.drop_index("upload_held_idx", table_name="upload")
    op.drop_index("upload_resembles_idx", table_name="upload")
    op.drop_constraint(op.f("upload_resembles_fkey"), "upload", type_="foreignkey")
    op.drop_column("upload", "resembles")
    op.drop_column("photo", "look")
    op.drop_table("store_owner")
