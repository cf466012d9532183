"""Outlines of large layers, simplified for tiles

Revision: 0006, after 0005
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "layer", sa.Column("tiled", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_geospatial_table(
        "area_outline",
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("band", sa.SmallInteger(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column(
            "geometry",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["area_id"], ["area.id"], name=op.f("area_outline_area_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("area_id", "band", name=op.f("area_outline_pkey")),
    )
    op.create_geospatial_index(
        "area_outline_geometry_idx",
        "area_outline",
        ["geometry"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )


def downgrade() -> None:
    op.drop_geospatial_index(
        "area_outline_geometry_idx",
        table_name="area_outline",
        postgresql_using="gist",
        column_name="geometry",
    )
    op.drop_geospatial_table("area_outline")
    op.drop_column("layer", "tiled")
