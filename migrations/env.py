"""Which database a migration runs on, and what belongs to Mirada in it.

The database is the connection in `config.attributes["connection"]`, else the URL in
`config.attributes["url"]`, else the one that the settings name (MIRADA_DATABASE_URL, or the
private cluster, which is started for it).
"""

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection, text
from sqlalchemy.sql.schema import SchemaItem

from app import cluster
from app.db import make_engine
from app.settings import Settings
from app.tables import Base


def include_object(
    item: SchemaItem, name: str | None, kind: str, reflected: bool, compare_to: SchemaItem | None
) -> bool:
    """False for what PostGIS and the queue keep in the same database."""
    if name is not None and name.startswith("procrastinate_"):
        return False
    include = alembic_helpers.include_object(item, name, kind, reflected, compare_to)  # type: ignore[no-untyped-call]
    return bool(include)


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=include_object,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
        compare_server_default=True,
    )
    with context.begin_transaction():
        # Services that start together all migrate; the later ones wait and find it done.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('mirada migrations'))"))
        context.run_migrations()


def database_url() -> str:
    url: str | None = context.config.attributes.get("url")
    if url is not None:
        return url
    settings = Settings()
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return cluster.ensure(settings.data_dir)


def run() -> None:
    connection: Connection | None = context.config.attributes.get("connection")
    if connection is not None:
        migrate(connection)
        return
    engine = make_engine(database_url())
    with engine.connect() as own_connection:
        migrate(own_connection)
    engine.dispose()


if context.is_offline_mode():
    context.configure(
        dialect_name="postgresql",
        target_metadata=Base.metadata,
        literal_binds=True,
        include_object=include_object,
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    run()
