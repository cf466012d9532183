"""`mirada synth`: synthetic photos by the million, for measuring."""

from typing import Annotated

import typer

from app import opening


def synth(
    photos: Annotated[
        int | None, typer.Option(min=1, max=100_000_000, help="How many to make.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another number, another city.")] = 2019,
    beside_real_photos: Annotated[
        bool, typer.Option("--beside-real-photos", help="In a database that has real ones too.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take the synthetic photos away again.")
    ] = False,
) -> None:
    """Fill the database with random photos on street-like lines, scored and marked as synthetic."""
    from app.demo import synth
    from app.errors import BadRequest

    if (photos is None) != remove:
        raise BadRequest("Say how many --photos to make, or --remove.")
    with opening.sessions(opening.settings()) as factory:
        if photos is None:
            print(f"{synth.remove(factory)} synthetic photos are gone")
            return
        made = synth.make(factory, photos, seed=seed, beside_real=beside_real_photos)
    for step, seconds in made.seconds.items():
        print(f"{seconds:8.1f} s  {step}")
    total = sum(made.seconds.values())
    print(f"{total:8.1f} s  in all, {made.photos / total:,.0f} photos a second")
    shown = "and is shown" if made.is_shown else f"look at it with /?release={synth.RELEASE}"
    print(f"release {synth.RELEASE} has {made.photos} photos, {shown}")
