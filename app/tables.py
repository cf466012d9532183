"""The tables. Nouns are mapped classes; what is only ever read and written in sets is a `Table`.

Cell keys: `q` is the Morton code of a Web Mercator cell, two bits a zoom, x in the even bits
(bit 0 of x is bit 0 of q) and y in the odd ones; the cell of zoom z that holds a cell of zoom 25
has x >> (25 - z), y >> (25 - z) and q >> 2 * (25 - z). x and y stand beside q, since
de-interleaving q in SQL made tiles forty times slower.
"""

from datetime import datetime
from typing import Any, ClassVar

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.attributes import KEYS

PHOTO_ZOOM = 25
CELL_ZOOMS = range(5, 23)
"""Zooms of `cell_total`; a tile of zoom z shows the cells of zoom z + 5."""
HISTOGRAM_ZOOMS = range(5, 15)
AREA_CELL_ZOOM = 16
BINS = 20
"""Bins of a histogram, each 50 of the scale's 0 to 1000; 1000 itself is in the last one."""


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: DateTime(timezone=True),
        str: Text,
        dict[str, Any]: JSONB,
    }


class Batch(Base):
    """A set of photos that an admin uploads. state: open → scoring → done, or cancelled.

    deleting: on its way out, whatever it was before; it ends with the row. refusal: why its bytes
    are then refused for ever, NULL if they may come again.
    """

    __tablename__ = "batch"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    title: Mapped[str]
    source: Mapped[str]
    licence: Mapped[str]
    attribution: Mapped[str | None]
    blurred: Mapped[bool] = mapped_column(server_default=text("false"))
    state: Mapped[str] = mapped_column(server_default="open")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    completed_at: Mapped[datetime | None]
    refusal: Mapped[str | None]

    __table_args__ = (
        CheckConstraint(
            "state IN ('open', 'scoring', 'done', 'cancelled', 'deleting')", name="state"
        ),
    )


class Photo(Base):
    """One place of observation; sha256 and storage_key are NULL for a place without an image.

    storage_key: a random name; the files are `<key>.original`, `<key>.display.jpg` and
    `<key>.thumbnail.jpg` in the photo store, under the folder of its first two characters.
    """

    __tablename__ = "photo"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    source: Mapped[str]
    source_key: Mapped[str]
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    storage_key: Mapped[str | None] = mapped_column(unique=True)
    location: Mapped[WKBElement] = mapped_column(
        Geometry("POINT", srid=4326, spatial_index=False), nullable=False
    )
    q: Mapped[int] = mapped_column(BigInteger)
    x: Mapped[int]
    y: Mapped[int]
    heading_deg: Mapped[float | None] = mapped_column(REAL)
    captured_at: Mapped[datetime | None]
    width_px: Mapped[int | None]
    height_px: Mapped[int | None]
    licence: Mapped[str | None]
    attribution: Mapped[str | None]
    images_public: Mapped[bool] = mapped_column(server_default=text("true"))
    look: Mapped[int | None] = mapped_column(
        BigInteger,
        comment="difference hash of app.looks; NULL for photos from before there was one",
    )
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("source", "source_key"),
        CheckConstraint("(sha256 IS NULL) = (storage_key IS NULL)", name="image"),
        CheckConstraint("heading_deg >= 0 AND heading_deg < 360", name="heading"),
        Index("photo_location_idx", "location", postgresql_using="gist"),
        # With all that a tile needs of a photo: among millions, a tile's rows lie far apart.
        Index("photo_q_idx", "q", postgresql_include=["id", "location"]),
        Index("photo_newest_idx", text("captured_at DESC NULLS LAST"), text("id DESC")),
        Index("photo_batch_id_idx", "batch_id", postgresql_where=text("batch_id IS NOT NULL")),
    )


class Upload(Base):
    """What became of one file of a batch; refused files are rows too."""

    __tablename__ = "upload"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    path: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    verdict: Mapped[str]
    reason: Mapped[str | None]
    warnings: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    message: Mapped[str | None]
    storage_key: Mapped[str | None] = mapped_column(unique=True)
    photo_id: Mapped[int | None] = mapped_column(ForeignKey("photo.id", ondelete="SET NULL"))
    resembles: Mapped[int | None] = mapped_column(
        ForeignKey("photo.id", ondelete="SET NULL"), comment="of the warning near-duplicate"
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("batch_id", "path", "sha256"),
        CheckConstraint("verdict IN ('accepted', 'held', 'duplicate', 'rejected')", name="verdict"),
        Index("upload_photo_id_idx", "photo_id"),
        Index("upload_resembles_idx", "resembles", postgresql_where=text("resembles IS NOT NULL")),
        # Each file that comes is looked for among the held ones, and the oldest are dropped.
        Index("upload_held_idx", "sha256", postgresql_where=text("verdict = 'held'")),
    )


class RefusedPhoto(Base):
    """Bytes that were taken down; the same file is refused for ever."""

    __tablename__ = "refused_photo"

    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    reason: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StoreOwner(Base):
    """One row: the random id by which this database marks its photo store as its own."""

    __tablename__ = "store_owner"

    id: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    owner: Mapped[str] = mapped_column(server_default=text("(gen_random_uuid())::text"))

    __table_args__ = (CheckConstraint("id", name="one_row"),)


class ReferenceSet(Base):
    """The photos of the city whose raw outputs make a scale; releases share one by default.

    hash: sha256 over the photo ids, each as 8 bytes big-endian, ascending.
    """

    __tablename__ = "reference_set"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    photo_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    n: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    seed: Mapped[int]
    whole_city: Mapped[bool] = mapped_column(
        server_default=text("true"), comment="false: no city was loaded, so all photos counted"
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Release(Base):
    """What scores photos. version: the data version, raised by every publish.

    kind: `rankers` has networks in a folder of the release store, `imported` has none.
    manifest: release.json of a trained release; source and hash of the file of an imported one.
    """

    __tablename__ = "release"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    state: Mapped[str]
    manifest: Mapped[dict[str, Any]]
    metrics: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    reference_set_id: Mapped[int | None] = mapped_column(ForeignKey("reference_set.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    published_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind IN ('rankers', 'imported')", name="kind"),
        CheckConstraint("state IN ('registered', 'scoring', 'ready')", name="state"),
        CheckConstraint("name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'", name="name"),
    )


class ActiveRelease(Base):
    """One row at most: the release that is served by default."""

    __tablename__ = "active_release"

    id: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"))
    since: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (CheckConstraint("id", name="one_row"),)


class Scale(Base):
    """Sorted raw outputs of the reference photos, frozen; scores are ranks among them."""

    __tablename__ = "scale"

    release_id: Mapped[int] = mapped_column(
        ForeignKey("release.id", ondelete="CASCADE"), primary_key=True
    )
    attribute: Mapped[str] = mapped_column(primary_key=True)
    raw_outputs: Mapped[list[float]] = mapped_column(ARRAY(Double))


class ReferenceOutput(Base):
    """Raw outputs of reference photos while a scale is not frozen yet; empty afterwards."""

    __tablename__ = "reference_output"

    release_id: Mapped[int] = mapped_column(
        ForeignKey("release.id", ondelete="CASCADE"), primary_key=True
    )
    photo_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True
    )
    raw: Mapped[list[float | None]] = mapped_column(ARRAY(Double), comment="six, NULL if missing")


class Layer(Base):
    """A named set of polygons. `city` is built in. tiled: it has an `area_outline` for the map."""

    __tablename__ = "layer"

    key: Mapped[str] = mapped_column(primary_key=True)
    label_es: Mapped[str]
    label_en: Mapped[str]
    source: Mapped[str | None]
    licence: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    tiled: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (CheckConstraint("key ~ '^[a-z][a-z0-9_]{0,40}$'", name="key"),)


class Area(Base):
    __tablename__ = "area"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    layer: Mapped[str] = mapped_column(ForeignKey("layer.key"))
    code: Mapped[str]
    name: Mapped[str]
    geometry: Mapped[WKBElement] = mapped_column(
        Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False
    )

    __table_args__ = (
        UniqueConstraint("layer", "code"),
        Index("area_geometry_idx", "geometry", postgresql_using="gist"),
    )


class AreaOutline(Base):
    """An area of a large layer as tiles show it, in Web Mercator (EPSG:3857).

    band: the last zoom of the tiles that it is meant for; the layer stands beside the area so that
    a tile needs this table alone.
    """

    __tablename__ = "area_outline"

    area_id: Mapped[int] = mapped_column(
        ForeignKey("area.id", ondelete="CASCADE"), primary_key=True
    )
    band: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    layer: Mapped[str]
    geometry: Mapped[WKBElement] = mapped_column(
        Geometry("MULTIPOLYGON", srid=3857, spatial_index=False), nullable=False
    )

    __table_args__ = (Index("area_outline_geometry_idx", "geometry", postgresql_using="gist"),)


class Admin(Base):
    __tablename__ = "admin"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AdminSession(Base):
    """A signed-in browser; only the SHA-256 of its token is stored."""

    __tablename__ = "admin_session"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    admin_id: Mapped[int] = mapped_column(ForeignKey("admin.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]


class ApiToken(Base):
    """A script's key; only the SHA-256 of it is stored."""

    __tablename__ = "api_token"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), unique=True)
    admin_id: Mapped[int] = mapped_column(ForeignKey("admin.id", ondelete="CASCADE"))
    name: Mapped[str]
    scope: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("scope IN ('upload', 'admin')", name="scope"),)


class SignInAttempt(Base):
    """How often somebody tried to sign in within one window, counted for all web processes.

    key: a hash of what is counted (an account, an address, both) and of the window's length.
    """

    __tablename__ = "sign_in_attempt"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    n: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(index=True)


class PhotoReport(Base):
    """That somebody wants a photo taken down. Nothing says who; it goes with the photo."""

    __tablename__ = "photo_report"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    photo_id: Mapped[int] = mapped_column(ForeignKey("photo.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str]
    text: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("reason IN ('person', 'plate', 'home', 'wrong', 'other')", name="reason"),
    )


class Pending(Base):
    """Scores that are written but not yet in the totals."""

    __tablename__ = "pending"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id", ondelete="CASCADE"))
    photo_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("pending_release_id_idx", "release_id"),)


photo_area = Table(
    "photo_area",
    Base.metadata,
    Column("photo_id", BigInteger, ForeignKey("photo.id", ondelete="CASCADE"), nullable=False),
    Column("layer", Text, nullable=False),
    Column("area_id", Integer, ForeignKey("area.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("photo_id", "layer"),
    Index("photo_area_area_id_photo_id_idx", "area_id", "photo_id"),
)

CHANCE = "hashint8extended(photo_id, 0::bigint)"
"""As PostgreSQL tells it, by which migrations and tables are compared."""

score = Table(
    "score",
    Base.metadata,
    Column("release_id", Integer, ForeignKey("release.id"), nullable=False),
    Column("photo_id", BigInteger, ForeignKey("photo.id", ondelete="RESTRICT"), nullable=False),
    *(Column(f"raw_{key}", Double) for key in KEYS),
    *(Column(f"score_{key}", SmallInteger) for key in KEYS),
    # With all that a tile needs of a score.
    PrimaryKeyConstraint(
        "release_id", "photo_id", postgresql_include=[f"score_{key}" for key in KEYS]
    ),
    Index("score_photo_id_idx", "photo_id"),
    *(Index(f"score_order_{key}_idx", "release_id", f"score_{key}", "photo_id") for key in KEYS),
    # Random orders and samples walk along it.
    Index("score_chance_idx", "release_id", text(CHANCE), "photo_id"),
)


# Totals have no foreign key to the release: to check it for each row took a third of the time of a
# publish. They are deleted before the release is.
def _release_column() -> Column[int]:
    return Column("release_id", Integer, nullable=False)


def _sums() -> list[Column[Any]]:
    """Photos; per attribute the number that have a score and the sum of their scores."""
    columns: list[Column[Any]] = [Column("n", Integer, nullable=False)]
    for key in KEYS:
        columns.append(Column(f"n_{key}", Integer, nullable=False))
        columns.append(Column(f"sum_{key}", BigInteger, nullable=False))
    return columns


SUM_COLUMNS: tuple[str, ...] = tuple(column.name for column in _sums())

cell_total = Table(
    "cell_total",
    Base.metadata,
    _release_column(),
    Column("z", SmallInteger, nullable=False),
    Column("q", BigInteger, nullable=False),
    Column("x", Integer, nullable=False),
    Column("y", Integer, nullable=False),
    *_sums(),
    PrimaryKeyConstraint("release_id", "z", "q"),
)

cell_histogram = Table(
    "cell_histogram",
    Base.metadata,
    _release_column(),
    Column("z", SmallInteger, nullable=False),
    Column("q", BigInteger, nullable=False),
    Column("attribute", SmallInteger, nullable=False, comment="index in app.attributes.KEYS"),
    Column("bin", SmallInteger, nullable=False),
    Column("n", Integer, nullable=False),
    PrimaryKeyConstraint("release_id", "z", "q", "attribute", "bin"),
)


def _area_column() -> Column[int]:
    return Column("area_id", Integer, ForeignKey("area.id", ondelete="CASCADE"), nullable=False)


# area_id leads the keys of the area totals, so that the cascade of a dropped layer finds its rows.
area_total = Table(
    "area_total",
    Base.metadata,
    _release_column(),
    _area_column(),
    *_sums(),
    PrimaryKeyConstraint("area_id", "release_id"),
)

area_cell_total = Table(
    "area_cell_total",
    Base.metadata,
    _release_column(),
    _area_column(),
    Column("q", BigInteger, nullable=False, comment="zoom 16"),
    *_sums(),
    PrimaryKeyConstraint("area_id", "release_id", "q"),
)

area_histogram = Table(
    "area_histogram",
    Base.metadata,
    _release_column(),
    _area_column(),
    Column("attribute", SmallInteger, nullable=False, comment="index in app.attributes.KEYS"),
    Column("bin", SmallInteger, nullable=False),
    Column("n", Integer, nullable=False),
    PrimaryKeyConstraint("area_id", "release_id", "attribute", "bin"),
)
