"""`mirada upload`: sends a folder or a zip of photos to a Mirada, from anywhere."""

from pathlib import Path
from typing import Annotated

import typer


def upload(
    photos: Annotated[
        Path, typer.Argument(metavar="FOLDER_OR_ZIP", help="The photos.", exists=True)
    ],
    url: Annotated[str, typer.Option(help="Address of the server: https://mirada.example.")],
    token: Annotated[
        str,
        typer.Option(
            envvar="MIRADA_TOKEN",
            help="API token. Better in the environment: on a command line, others of this machine "
            "can see it.",
            show_default=False,
        ),
    ],
    title: Annotated[
        str | None, typer.Option(help="Title of the batch; the folder's name if absent.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Who took the photos.")] = None,
    licence: Annotated[str | None, typer.Option(help="Under which terms, in words.")] = None,
    attribution: Annotated[str | None, typer.Option(help="Whom to name beside each photo.")] = None,
    blurred: Annotated[
        bool,
        typer.Option(
            "--blurred",
            help="Faces and plates are blurred. Without it only admins see the images.",
        ),
    ] = False,
    manifest: Annotated[
        Path | None,
        typer.Option(
            help="CSV of filename, lat, lon (heading_deg, captured_at). Without it, CSV files "
            "among the photos are taken.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Go on with the batch of this number.")] = None,
    connections: Annotated[int, typer.Option(min=1, max=32, help="Photos sent at a time.")] = 4,
    complete: Annotated[
        bool, typer.Option(" /--no-complete", help="Leave the batch open for more photos.")
    ] = True,
    verdicts: Annotated[
        Path | None, typer.Option(help="Write what became of each file to this CSV.")
    ] = None,
) -> None:
    """Send photos to a server, each with its verdict. Run again, it sends what has not arrived.

    The batch is found by its title, source, licence and attribution. Google's imagery may not be
    uploaded. Ends with 0 when every photo has a verdict, be it a rejection.
    """
    from app.cli.upload.choosing import Described
    from app.cli.upload.running import Wanted, run
    from app.errors import BadRequest

    described = None
    if batch is None:
        if not source or not licence:
            raise BadRequest(
                "Say who took the photos and under which terms: --source and --licence, or go on "
                "with a batch: --batch NUMBER."
            )
        described = Described(
            (title or photos.resolve().stem).strip(),
            source.strip(),
            licence.strip(),
            (attribution or "").strip() or None,
            blurred,
        )
    elif title or source or licence or attribution or blurred:
        raise BadRequest("A batch that is there keeps its title and terms: leave them out.")
    wanted = Wanted(photos, manifest, described, batch, connections, complete, verdicts)
    raise typer.Exit(run(url, token, wanted))
