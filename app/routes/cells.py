from fastapi import APIRouter

from app import cells
from app.attributes import KEYS
from app.routes.parameters import BoxDep, ReleaseDep
from app.routes.sessions import SnapshotDep
from app.schemas import Box, CellAttribute, CellOut, HistogramOut

router = APIRouter(tags=["cells"])


@router.get("/api/cells/{z}/{x}/{y}", response_model_exclude_unset=True)
def show_cell(session: SnapshotDep, release: ReleaseDep, z: int, x: int, y: int) -> CellOut:
    """One cell of the grid; zooms 5 to 22. One without photos has n = 0."""
    figures = cells.figures(session, release, z, x, y)
    found = CellOut(
        z=z,
        x=x,
        y=y,
        bbox=_box(cells.bounds(z, x, y)),
        n=figures.n,
        attributes={
            key: CellAttribute(n=each.n, mean=round(each.mean, 2))
            for key, each in figures.attributes.items()
        },
    )
    if figures.histogram is not None:
        found.histogram = figures.histogram
    return found


@router.get("/api/histogram")
def show_histogram(session: SnapshotDep, release: ReleaseDep, box: BoxDep) -> HistogramOut:
    """Photos by score in 20 bins, half a point wide: in a box, or in the city without one."""
    found = cells.histogram(session, release, box)
    return HistogramOut(
        release=release.name,
        n=found.n,
        bbox=None if found.bbox is None else _box(found.bbox),
        attributes={key: found.attributes[key] for key in KEYS},
    )


def _box(box: cells.Box) -> Box:
    return round(box.west, 6), round(box.south, 6), round(box.east, 6), round(box.north, 6)
