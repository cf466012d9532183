"""`mirada reports`: photos that somebody wants taken down."""

from typing import Annotated

import typer

from app import opening

app = typer.Typer(help="List and dismiss reports of photos.", no_args_is_help=True)


@app.command("list")
def list_reports(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 200,
) -> None:
    """Print those that wait, the oldest first; `mirada photos` takes a photo down."""
    from app import reports

    with opening.sessions(opening.settings()) as factory, factory() as session:
        listed = reports.listing(session, limit)
    for report in listed.reports:
        said = f": {report.text!r}" if report.text else ""
        print(
            f"{report.id}: photo {report.photo_id}, {report.created_at:%F}, {report.reason}{said}"
        )
    print(f"{listed.total} reports wait")


@app.command()
def dismiss(
    report: Annotated[int, typer.Argument(metavar="ID", help="Number of the report, as listed.")],
) -> None:
    """Delete a report; the photo stays."""
    from app import reports

    with opening.sessions(opening.settings()) as factory, factory.begin() as session:
        reports.dismiss(session, report)
    print(f"report {report} is dismissed")
