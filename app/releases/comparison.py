"""What would change on the map with another release: by attribute, by area, by photo.

Correlations are over all photos that both releases have scored, none left out, and nothing grows
with their number: scores are whole numbers from 0 to 1000, so the ranks of a release are those of
1001 values. The first pass over the pairs of scores counts each value, the second sums up.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app import areas
from app.areas import AreaFigures, ListedLayer
from app.attributes import KEYS
from app.errors import BadRequest
from app.releases.shapes import Agreement, AreaMove, Comparison, LayerMoves, PhotoMove
from app.schemas import Words
from app.tables import Release

AREAS, PHOTOS = 5, 6
"""So many areas of a layer, and so many photos, are named for each attribute."""
_VALUES = 1001

_COUNTED = text("""
    SELECT count(*) FILTER (WHERE n = 2) AS both,
           count(*) FILTER (WHERE n = 1 AND release_id = :before) AS only_before,
           count(*) FILTER (WHERE n = 1 AND release_id = :after) AS only_after
      FROM (SELECT photo_id, count(*) AS n, min(release_id) AS release_id
              FROM score WHERE release_id IN (:before, :after) GROUP BY photo_id) photo
""")

_PAIRED = "FROM score b JOIN score a ON a.photo_id = b.photo_id AND a.release_id = :after"
# A score whose counterpart is missing does not count.
_TWELVE = ", ".join(
    f"({i}, {side}, {one}.score_{key} + 0 * {other}.score_{key})"
    for i, key in enumerate(KEYS)
    for side, (one, other) in enumerate([("b", "a"), ("a", "b")])
)
_VALUES_OF_PAIRS = text(f"""
    SELECT v.attribute, v.side, v.score, count(*) AS n
      {_PAIRED} CROSS JOIN LATERAL (VALUES {_TWELVE}) AS v (attribute, side, score)
     WHERE b.release_id = :before AND v.score IS NOT NULL
     GROUP BY v.attribute, v.side, v.score
""")
_SUMS = ", ".join(
    f"""sum((CAST(:before_{key} AS float8[]))[b.score_{key} + 1]
          * (CAST(:after_{key} AS float8[]))[a.score_{key} + 1]) AS together_{key},
        sum(abs(a.score_{key} - b.score_{key})) AS moves_{key}"""
    for key in KEYS
)
_SUMS_OF_PAIRS = text(f"SELECT {_SUMS} {_PAIRED} WHERE b.release_id = :before")

_MOVED = {
    key: text(f"""
        SELECT photo_id, before, after, storage_key IS NOT NULL AS has_image
          FROM (SELECT b.photo_id, b.score_{key} AS before, a.score_{key} AS after
                  {_PAIRED}
                 WHERE b.release_id = :before AND b.score_{key} <> a.score_{key}
                 ORDER BY abs(a.score_{key} - b.score_{key}) DESC, b.photo_id LIMIT :limit) moved
          JOIN photo ON photo.id = photo_id
         ORDER BY abs(after - before) DESC, photo_id
    """)
    for key in KEYS
}


def compare(
    session: Session, release: Release, other: Release, *, photos: int = PHOTOS
) -> Comparison:
    """Of a release with the one that is shown, or any other. Raises BadRequest for itself."""
    if release.id == other.id:
        raise BadRequest(
            f"Release {release.name} is the one that it would be compared with. Name another one."
        )
    pair = {"before": other.id, "after": release.id}
    counted = session.execute(_COUNTED, pair).one()
    layers = [each for each in areas.layers(session) if not each.is_city]
    return Comparison(
        release=release.name,
        other=other.name,
        n=counted.both,
        only_before=counted.only_before,
        only_after=counted.only_after,
        attributes=_agreement(session, pair),  # type: ignore[arg-type]
        layers=[_layer(session, each, other, release) for each in layers],
        photos={key: _photos(session, key, pair, photos) for key in KEYS},  # type: ignore[misc]
    )


def _agreement(session: Session, pair: dict[str, int]) -> dict[str, Agreement]:
    counts = np.zeros((len(KEYS), 2, _VALUES), np.int64)
    for row in session.execute(_VALUES_OF_PAIRS, pair):
        counts[row.attribute, row.side, row.score] = row.n
    ranks = {
        f"{side}_{key}": _ranks(counts[i, j]).tolist()
        for i, key in enumerate(KEYS)
        for j, side in enumerate(("before", "after"))
    }
    sums = session.execute(_SUMS_OF_PAIRS, {**pair, **ranks}).one()
    there = [i for i in range(len(KEYS)) if counts[i].any()]
    return {KEYS[i]: _of_attribute(KEYS[i], counts[i], sums) for i in there}


def _ranks(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of each value, equal ones at their mean rank; less the mean of all ranks."""
    n = counts.sum()
    ranks: NDArray[np.float64] = counts.cumsum() - counts / 2 - n / 2
    return ranks


def _of_attribute(key: str, counts: NDArray[np.int64], sums: Row[Any]) -> Agreement:
    """counts: of the values before and after, shape (2, 1001)."""
    n = int(counts[0].sum())
    spread = float(np.prod([(each * _ranks(each) ** 2).sum() for each in counts])) ** 0.5
    means = counts @ np.arange(_VALUES) / n / 100
    row = sums._mapping
    return Agreement(
        n=n,
        rank_correlation=row[f"together_{key}"] / spread if spread else None,
        mean_before=means[0],
        mean_after=means[1],
        move=row[f"moves_{key}"] / n / 100,
    )


def _layer(session: Session, layer: ListedLayer, other: Release, release: Release) -> LayerMoves:
    before = {area.code: area for area in areas.figures(session, other, layer.key) if area.shown}
    after = [area for area in areas.figures(session, release, layer.key) if area.shown]
    pairs = [(before[area.code], area) for area in after if area.code in before]
    return LayerMoves(
        key=layer.key,
        label=Words(es=layer.label["es"], en=layer.label["en"]),
        areas=len(pairs),
        moves={key: _areas(key, pairs) for key in KEYS},  # type: ignore[misc]
    )


def _areas(key: str, pairs: list[tuple[AreaFigures, AreaFigures]]) -> list[AreaMove]:
    """Those whose rank changes most, of equal changes those whose mean does."""
    moves = []
    for before, after in pairs:
        was, now = before.attributes.get(key), after.attributes.get(key)
        if was is None or now is None or was.rank is None or now.rank is None:
            continue
        moves.append(
            AreaMove(
                code=after.code,
                name=after.name,
                n_before=was.n,
                n_after=now.n,
                mean_before=was.mean,
                mean_after=now.mean,
                rank_before=was.rank,
                rank_after=now.rank,
                of=now.of or 0,
            )
        )
    moves = [m for m in moves if m.rank_before != m.rank_after or m.mean_before != m.mean_after]
    moves.sort(
        key=lambda m: (
            -abs(m.rank_after - m.rank_before),
            -abs(m.mean_after - m.mean_before),
            m.code,
        )
    )
    return moves[:AREAS]


def _photos(session: Session, key: str, pair: dict[str, int], limit: int) -> list[PhotoMove]:
    return [
        PhotoMove(
            id=row.photo_id,
            before=row.before / 100,
            after=row.after / 100,
            thumbnail=f"/api/admin/photos/{row.photo_id}/thumbnail" if row.has_image else None,
        )
        for row in session.execute(_MOVED[key], {**pair, "limit": limit})
    ]
