"""First tables: photos, areas, releases, scores, totals, batches, accounts

Revision: 0001, after
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.create_table(
        "admin",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("admin_pkey")),
        sa.UniqueConstraint("name", name=op.f("admin_name_key")),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("attribution", sa.Text(), nullable=True),
        sa.Column("blurred", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'scoring', 'done', 'cancelled')", name=op.f("batch_state_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("batch_pkey")),
    )
    op.create_table(
        "layer",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("label_es", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("licence", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("key ~ '^[a-z][a-z0-9_]{0,40}$'", name=op.f("layer_key_check")),
        sa.PrimaryKeyConstraint("key", name=op.f("layer_pkey")),
    )
    op.create_table(
        "reference_set",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("photo_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column(
            "whole_city",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="false: no city was loaded, so all photos counted",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("reference_set_pkey")),
    )
    op.create_table(
        "refused_photo",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("refused_photo_pkey")),
    )
    op.create_table(
        "admin_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("admin_id", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["admin_id"], ["admin.id"], name=op.f("admin_session_admin_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("admin_session_pkey")),
    )
    op.create_table(
        "api_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("admin_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["admin_id"], ["admin.id"], name=op.f("api_token_admin_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("api_token_pkey")),
    )
    op.create_geospatial_table(
        "area",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "geometry",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["layer"], ["layer.key"], name=op.f("area_layer_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("area_pkey")),
        sa.UniqueConstraint("layer", "code", name=op.f("area_layer_code_key")),
    )
    op.create_geospatial_index(
        "area_geometry_idx",
        "area",
        ["geometry"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_geospatial_table(
        "photo",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column(
            "location",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("q", sa.BigInteger(), nullable=False),
        sa.Column("x", sa.Integer(), nullable=False),
        sa.Column("y", sa.Integer(), nullable=False),
        sa.Column("heading_deg", sa.REAL(), nullable=True),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("width_px", sa.Integer(), nullable=True),
        sa.Column("height_px", sa.Integer(), nullable=True),
        sa.Column("licence", sa.Text(), nullable=True),
        sa.Column("attribution", sa.Text(), nullable=True),
        sa.Column("images_public", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(sha256 IS NULL) = (storage_key IS NULL)", name=op.f("photo_image_check")
        ),
        sa.CheckConstraint(
            "heading_deg >= 0 AND heading_deg < 360", name=op.f("photo_heading_check")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("photo_batch_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("photo_pkey")),
        sa.UniqueConstraint("sha256", name=op.f("photo_sha256_key")),
        sa.UniqueConstraint("source", "source_key", name=op.f("photo_source_source_key_key")),
        sa.UniqueConstraint("storage_key", name=op.f("photo_storage_key_key")),
    )
    op.create_index(
        "photo_batch_id_idx",
        "photo",
        ["batch_id"],
        unique=False,
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )
    op.create_geospatial_index(
        "photo_location_idx",
        "photo",
        ["location"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_index("photo_q_idx", "photo", ["q"], unique=False)
    op.create_index(
        "photo_newest_idx",
        "photo",
        [sa.literal_column("captured_at DESC NULLS LAST"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "release",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("manifest", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("metrics", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("reference_set_id", sa.Integer(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('rankers', 'imported')", name=op.f("release_kind_check")),
        sa.CheckConstraint(
            "name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'", name=op.f("release_name_check")
        ),
        sa.CheckConstraint(
            "state IN ('registered', 'scoring', 'ready')", name=op.f("release_state_check")
        ),
        sa.ForeignKeyConstraint(
            ["reference_set_id"], ["reference_set.id"], name=op.f("release_reference_set_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("release_pkey")),
        sa.UniqueConstraint("name", name=op.f("release_name_key")),
    )
    op.create_table(
        "active_release",
        sa.Column("id", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column(
            "since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("id", name=op.f("active_release_one_row_check")),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("active_release_release_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("active_release_pkey")),
    )
    op.create_table(
        "area_cell_total",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("q", sa.BigInteger(), nullable=False, comment="zoom 16"),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("n_safety", sa.Integer(), nullable=False),
        sa.Column("sum_safety", sa.BigInteger(), nullable=False),
        sa.Column("n_lively", sa.Integer(), nullable=False),
        sa.Column("sum_lively", sa.BigInteger(), nullable=False),
        sa.Column("n_boring", sa.Integer(), nullable=False),
        sa.Column("sum_boring", sa.BigInteger(), nullable=False),
        sa.Column("n_wealthy", sa.Integer(), nullable=False),
        sa.Column("sum_wealthy", sa.BigInteger(), nullable=False),
        sa.Column("n_depressing", sa.Integer(), nullable=False),
        sa.Column("sum_depressing", sa.BigInteger(), nullable=False),
        sa.Column("n_beautiful", sa.Integer(), nullable=False),
        sa.Column("sum_beautiful", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_id"], ["area.id"], name=op.f("area_cell_total_area_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("area_id", "release_id", "q", name=op.f("area_cell_total_pkey")),
    )
    op.create_table(
        "area_histogram",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column(
            "attribute", sa.SmallInteger(), nullable=False, comment="index in app.attributes.KEYS"
        ),
        sa.Column("bin", sa.SmallInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_id"], ["area.id"], name=op.f("area_histogram_area_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "area_id", "release_id", "attribute", "bin", name=op.f("area_histogram_pkey")
        ),
    )
    op.create_table(
        "area_total",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("n_safety", sa.Integer(), nullable=False),
        sa.Column("sum_safety", sa.BigInteger(), nullable=False),
        sa.Column("n_lively", sa.Integer(), nullable=False),
        sa.Column("sum_lively", sa.BigInteger(), nullable=False),
        sa.Column("n_boring", sa.Integer(), nullable=False),
        sa.Column("sum_boring", sa.BigInteger(), nullable=False),
        sa.Column("n_wealthy", sa.Integer(), nullable=False),
        sa.Column("sum_wealthy", sa.BigInteger(), nullable=False),
        sa.Column("n_depressing", sa.Integer(), nullable=False),
        sa.Column("sum_depressing", sa.BigInteger(), nullable=False),
        sa.Column("n_beautiful", sa.Integer(), nullable=False),
        sa.Column("sum_beautiful", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_id"], ["area.id"], name=op.f("area_total_area_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("area_id", "release_id", name=op.f("area_total_pkey")),
    )
    op.create_table(
        "cell_histogram",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("z", sa.SmallInteger(), nullable=False),
        sa.Column("q", sa.BigInteger(), nullable=False),
        sa.Column(
            "attribute", sa.SmallInteger(), nullable=False, comment="index in app.attributes.KEYS"
        ),
        sa.Column("bin", sa.SmallInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "release_id", "z", "q", "attribute", "bin", name=op.f("cell_histogram_pkey")
        ),
    )
    op.create_table(
        "cell_total",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("z", sa.SmallInteger(), nullable=False),
        sa.Column("q", sa.BigInteger(), nullable=False),
        sa.Column("x", sa.Integer(), nullable=False),
        sa.Column("y", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("n_safety", sa.Integer(), nullable=False),
        sa.Column("sum_safety", sa.BigInteger(), nullable=False),
        sa.Column("n_lively", sa.Integer(), nullable=False),
        sa.Column("sum_lively", sa.BigInteger(), nullable=False),
        sa.Column("n_boring", sa.Integer(), nullable=False),
        sa.Column("sum_boring", sa.BigInteger(), nullable=False),
        sa.Column("n_wealthy", sa.Integer(), nullable=False),
        sa.Column("sum_wealthy", sa.BigInteger(), nullable=False),
        sa.Column("n_depressing", sa.Integer(), nullable=False),
        sa.Column("sum_depressing", sa.BigInteger(), nullable=False),
        sa.Column("n_beautiful", sa.Integer(), nullable=False),
        sa.Column("sum_beautiful", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("release_id", "z", "q", name=op.f("cell_total_pkey")),
    )
    op.create_table(
        "pending",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("photo_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("pending_release_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pending_pkey")),
    )
    op.create_index("pending_release_id_idx", "pending", ["release_id"], unique=False)
    op.create_table(
        "photo_area",
        sa.Column("photo_id", sa.BigInteger(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_id"], ["area.id"], name=op.f("photo_area_area_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name=op.f("photo_area_photo_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("photo_id", "layer", name=op.f("photo_area_pkey")),
    )
    op.create_index(
        "photo_area_area_id_photo_id_idx", "photo_area", ["area_id", "photo_id"], unique=False
    )
    op.create_table(
        "reference_output",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.ARRAY(sa.Double()), nullable=False, comment="six, NULL if missing"),
        sa.ForeignKeyConstraint(
            ["photo_id"],
            ["photo.id"],
            name=op.f("reference_output_photo_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.id"],
            name=op.f("reference_output_release_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("release_id", "photo_id", name=op.f("reference_output_pkey")),
    )
    op.create_table(
        "scale",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("raw_outputs", sa.ARRAY(sa.Double()), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("scale_release_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("release_id", "attribute", name=op.f("scale_pkey")),
    )
    op.create_table(
        "score",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.BigInteger(), nullable=False),
        sa.Column("raw_safety", sa.Double(), nullable=True),
        sa.Column("raw_lively", sa.Double(), nullable=True),
        sa.Column("raw_boring", sa.Double(), nullable=True),
        sa.Column("raw_wealthy", sa.Double(), nullable=True),
        sa.Column("raw_depressing", sa.Double(), nullable=True),
        sa.Column("raw_beautiful", sa.Double(), nullable=True),
        sa.Column("score_safety", sa.SmallInteger(), nullable=True),
        sa.Column("score_lively", sa.SmallInteger(), nullable=True),
        sa.Column("score_boring", sa.SmallInteger(), nullable=True),
        sa.Column("score_wealthy", sa.SmallInteger(), nullable=True),
        sa.Column("score_depressing", sa.SmallInteger(), nullable=True),
        sa.Column("score_beautiful", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name=op.f("score_photo_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("score_release_id_fkey")),
        sa.PrimaryKeyConstraint("release_id", "photo_id", name=op.f("score_pkey")),
    )
    op.create_index(
        "score_order_beautiful_idx",
        "score",
        ["release_id", "score_beautiful", "photo_id"],
        unique=False,
    )
    op.create_index(
        "score_order_boring_idx", "score", ["release_id", "score_boring", "photo_id"], unique=False
    )
    op.create_index(
        "score_order_depressing_idx",
        "score",
        ["release_id", "score_depressing", "photo_id"],
        unique=False,
    )
    op.create_index(
        "score_order_lively_idx", "score", ["release_id", "score_lively", "photo_id"], unique=False
    )
    op.create_index(
        "score_order_safety_idx", "score", ["release_id", "score_safety", "photo_id"], unique=False
    )
    op.create_index(
        "score_order_wealthy_idx",
        "score",
        ["release_id", "score_wealthy", "photo_id"],
        unique=False,
    )
    op.create_index("score_photo_id_idx", "score", ["photo_id"], unique=False)
    op.create_table(
        "upload",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("warnings", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column("photo_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "verdict IN ('accepted', 'held', 'duplicate', 'rejected')",
            name=op.f("upload_verdict_check"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("upload_batch_id_fkey")),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name=op.f("upload_photo_id_fkey"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("upload_pkey")),
        sa.UniqueConstraint(
            "batch_id", "path", "sha256", name=op.f("upload_batch_id_path_sha256_key")
        ),
        sa.UniqueConstraint("storage_key", name=op.f("upload_storage_key_key")),
    )
    op.create_index("upload_photo_id_idx", "upload", ["photo_id"], unique=False)


def downgrade() -> None:
    op.drop_index("upload_photo_id_idx", table_name="upload")
    op.drop_table("upload")
    op.drop_index("score_photo_id_idx", table_name="score")
    op.drop_index("score_order_wealthy_idx", table_name="score")
    op.drop_index("score_order_safety_idx", table_name="score")
    op.drop_index("score_order_lively_idx", table_name="score")
    op.drop_index("score_order_depressing_idx", table_name="score")
    op.drop_index("score_order_boring_idx", table_name="score")
    op.drop_index("score_order_beautiful_idx", table_name="score")
    op.drop_table("score")
    op.drop_table("scale")
    op.drop_table("reference_output")
    op.drop_index("photo_area_area_id_photo_id_idx", table_name="photo_area")
    op.drop_table("photo_area")
    op.drop_index("pending_release_id_idx", table_name="pending")
    op.drop_table("pending")
    op.drop_table("cell_total")
    op.drop_table("cell_histogram")
    op.drop_table("area_total")
    op.drop_table("area_histogram")
    op.drop_table("area_cell_total")
    op.drop_table("active_release")
    op.drop_table("release")
    op.drop_index("photo_newest_idx", table_name="photo")
    op.drop_index("photo_q_idx", table_name="photo")
    op.drop_geospatial_index(
        "photo_location_idx", table_name="photo", postgresql_using="gist", column_name="location"
    )
    op.drop_index(
        "photo_batch_id_idx", table_name="photo", postgresql_where=sa.text("batch_id IS NOT NULL")
    )
    op.drop_geospatial_table("photo")
    op.drop_geospatial_index(
        "area_geometry_idx", table_name="area", postgresql_using="gist", column_name="geometry"
    )
    op.drop_geospatial_table("area")
    op.drop_table("api_token")
    op.drop_table("admin_session")
    op.drop_table("refused_photo")
    op.drop_table("reference_set")
    op.drop_table("layer")
    op.drop_table("batch")
    op.drop_table("admin")
