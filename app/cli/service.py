"""`mirada serve`, `worker` and the upkeep of the database."""

from typing import Annotated

import typer

from app import opening

database = typer.Typer(help="The private database, for who has none.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """These stand at the top, without a group."""
    app.command()(serve)
    app.command()(worker)
    app.command()(migrate)
    app.command("check-totals")(check_totals)
    app.command()(publish)
    app.command()(stop)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port.")] = None,
) -> None:
    """Serve the map until it is stopped."""
    import uvicorn
    from uvicorn.importer import import_from_string

    settings = opening.settings()
    # The web app and the command know each other by name only.
    create_app = import_from_string("app.main:create_app")
    with opening.engine(settings, pool_size=settings.pool_size) as engine:
        uvicorn.run(
            create_app(settings, engine),
            host=host or settings.host,
            port=port or settings.port,
            server_header=False,
            forwarded_allow_ips=settings.trusted_proxies,
        )


def worker(
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End when nothing is left to score.")
    ] = False,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda, cuda:1; CUDA where there is one.")
    ] = None,
) -> None:
    """Score what is queued until it is stopped."""
    from app.worker import run

    settings = opening.settings()
    with opening.engine(settings) as engine:
        url = engine.url.render_as_string(hide_password=False)
    run(settings, url, until_idle=until_idle, device=device)


def migrate() -> None:
    """Bring the database's tables up to date."""
    from app import readiness

    with opening.engine(opening.settings(), check=False) as engine:
        readiness.migrate(engine)
        readiness.check(engine)
    print("the tables are up to date")


def check_totals() -> None:
    """Count everything again and print where the totals differ; ends with 1 if they do."""
    from app import totals

    with opening.sessions(opening.settings()) as factory, factory() as session:
        found = totals.check(session)
    for difference in found:
        print(difference)
    print(f"{len(found)} differences")
    if found:
        raise typer.Exit(1)


def publish() -> None:
    """Add the scores that wait to the totals now."""
    from app import totals

    with opening.sessions(opening.settings()) as factory:
        with factory.begin() as session:
            photos = totals.publish(session)
        print(f"{photos} photos published")


def stop() -> None:
    """Stop what runs in the background, and the private database."""
    from app import background, cluster

    data_dir = opening.settings().data_dir
    for pid_file in sorted((data_dir / "run").glob("*.pid")):
        if background.stop(pid_file.stem, data_dir):
            print(f"{pid_file.stem} is stopped")
    if cluster.stop(data_dir):
        print("the database is stopped")


@database.command()
def start() -> None:
    """Make or start the private database and print its URL."""
    from app import cluster

    print(cluster.ensure(opening.settings().data_dir))


@database.command("stop")
def stop_database() -> None:
    """Stop the private database; the data stay."""
    from app import cluster

    stopped = cluster.stop(opening.settings().data_dir)
    print("the database is stopped" if stopped else "no database was running")


@database.command()
def status() -> None:
    """Say whether the private database is there and runs."""
    from app import cluster

    found = cluster.status(opening.settings().data_dir)
    state = "runs" if found.running else "is stopped" if found.made else "is not made yet"
    made = f" (PostgreSQL {found.postgresql})" if found.postgresql else ""
    print(f"the database in {found.folder}{made} {state}")


@database.command()
def url() -> None:
    """Print the URL of the database that Mirada uses, without its password."""
    from sqlalchemy.engine import make_url

    from app import cluster

    settings = opening.settings()
    if settings.database_url is None:
        print(cluster.status(settings.data_dir).url)
    else:
        given = make_url(settings.database_url.get_secret_value())
        print(given.render_as_string(hide_password=True))
