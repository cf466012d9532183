"""Means with intervals and histograms of a drawn shape."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.areas import CLUSTERS, AreaDetail, AreaFigures, Drawn, clustered, reason_hidden
from app.attributes import KEYS
from app.cells.cover import COUNTED_ZOOM
from app.photos.zone import RANGES, Zone, photos_of, zone
from app.tables import AREA_CELL_ZOOM, BINS, PHOTO_ZOOM, Release

_SUMS = ", ".join(f"n_{key}, sum_{key}" for key in KEYS)
_COUNTED = ", ".join(f"count(score_{key}), coalesce(sum(score_{key}), 0)" for key in KEYS)
_ADDED = ", ".join(
    f"sum(n_{key})::bigint AS n_{key}, sum(sum_{key})::bigint AS sum_{key}" for key in KEYS
)
_BINNED = " UNION ALL ".join(
    f"SELECT {i}, least(score_{key} / {1000 // BINS}, {BINS - 1}), count(*) FROM inside "
    f"WHERE score_{key} IS NOT NULL GROUP BY 2"
    for i, key in enumerate(KEYS)
)
_STEPS = 2 * (AREA_CELL_ZOOM - COUNTED_ZOOM)


def figures(session: Session, release: Release, drawn: Drawn) -> AreaDetail:
    """As of an area, with neither code nor name.

    Raises TooLarge with the number of photos that would have to be read.
    """
    return of_zone(session, zone(session, release, drawn))


def of_zone(session: Session, found: Zone) -> AreaDetail:
    """The same for a shape whose cells are known."""
    found.check()
    row = session.execute(text(statement(found.drawn.condition)), found.parameters).one()
    histogram = {key: [0] * BINS for key in KEYS}
    for each in row.bins or []:
        histogram[KEYS[each["attribute"]]][each["bin"]] = int(each["n"])
    of_shape = AreaFigures(
        code="",
        name="",
        n=row.n,
        cells=row.cells,
        reason=reason_hidden(row.n, row.cells),
        bbox=found.drawn.bbox,
        attributes={key: clustered(row, key) for key in KEYS if getattr(row, f"n_{key}")},
    )
    return AreaDetail(of_shape, histogram)


def statement(condition: str) -> str:
    """Totals of zoom-16 cells, which intervals are clustered by, and bins, of all the shape."""
    whole = f"{RANGES.format('whole')} JOIN {{}} t ON t.release_id = :release_id AND t.z = {{}}"
    clusters = whole.format("cell_total", AREA_CELL_ZOOM)
    bins = whole.format("cell_histogram", COUNTED_ZOOM)
    return f"""
        WITH inside AS MATERIALIZED (
            {photos_of("inner")} UNION ALL {photos_of("rim", condition)}
        ), cluster (n, {_SUMS}) AS (
            SELECT n, {_SUMS} FROM {clusters}
               AND t.q BETWEEN r.first << {_STEPS} AND ((r.last + 1) << {_STEPS}) - 1
             UNION ALL
            SELECT count(*), {_COUNTED} FROM inside
             GROUP BY q >> {2 * (PHOTO_ZOOM - AREA_CELL_ZOOM)}
        ), bin (attribute, bin, n) AS (
            SELECT attribute, bin, n FROM {bins} AND t.q BETWEEN r.first AND r.last
             UNION ALL {_BINNED}
        )
        SELECT coalesce(sum(n), 0)::bigint AS n, count(*) AS cells, {_ADDED}, {CLUSTERS},
               (SELECT jsonb_agg(b) FROM (
                    SELECT attribute, bin, sum(n) AS n FROM bin GROUP BY attribute, bin
                ) b) AS bins
          FROM cluster
    """
