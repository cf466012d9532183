"""Where photos are, and in which city.

A frame of places has the index photo key and the columns `lat`, `lon` (degrees, WGS 84; NaN where
unknown) and `city` (str, "" where unknown).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from model import table
from model.errors import VotesError
from model.photos import folder as photos

Floats = npt.NDArray[np.float64]

# The mean radius. Against the ellipsoid, distances are right to 0.6 %.
EARTH_RADIUS_M = 6_371_008.8
CITY_REACH_M = 30_000.0

# What a file of places may call its columns; a file name also holds its photo's key.
_PHOTO = ("photo", "filename", "_id")
_LAT, _LON = ("lat", "loc.0"), ("lon", "loc.1")


def gather(
    files: Mapping[str, Path], of_votes: pd.DataFrame, file: Path | None = None
) -> pd.DataFrame:
    """The places of the photos in `files`, with a city for each whose place is known.

    The first that knows a place is right: `file`, `of_votes` (as `votes.read` gives them), the
    name of the photo's file, whose coordinates are rounded. A latitude and longitude of 0, or
    one that is no coordinate, is unknown.
    """
    sources = [_known(of_votes), _of_names(files)]
    if file is not None:
        sources.insert(0, read(file))
    found = pd.DataFrame(
        {"lat": np.nan, "lon": np.nan, "city": ""}, index=pd.Index(list(files), name="photo")
    )
    for source in sources:
        own = source.reindex(found.index)
        new = found["lat"].isna() & own["lat"].notna()
        found.loc[new, ["lat", "lon"]] = own.loc[new, ["lat", "lon"]]
        named = (found["city"] == "") & own["city"].notna()
        found.loc[named, "city"] = own.loc[named, "city"]
    return found.assign(city=_cities(found))


def read(path: Path) -> pd.DataFrame:
    """Places from `locations.tsv` of Place Pulse, or a CSV or TSV with named columns.

    The photo stands in `photo`, `filename` or `_id`, its place in `lat` and `lon` (or `loc.0`
    and `loc.1`), its city, if any, in `city`; further columns are ignored.
    """
    raw = table.read(path, "places")
    names = [next((name for name in wanted if name in raw), "") for wanted in (_PHOTO, _LAT, _LON)]
    if "" in names:
        raise VotesError(
            f"{path} is no file of places: it has the columns {', '.join(raw)}, but it needs "
            "photo, filename or _id; lat or loc.0; and lon or loc.1."
        )
    rows = raw[names].set_axis(["photo", "lat", "lon"], axis=1)
    if names[0] == "filename":
        rows["photo"] = [photos.key(Path(name)) for name in rows["photo"]]
    return _known(rows.assign(city=raw.get("city", "")))


def _of_names(files: Mapping[str, Path]) -> pd.DataFrame:
    found = {key: photos.PLACE_PULSE.fullmatch(path.stem) for key, path in files.items()}
    rows = [
        (key, match["lat"], match["lon"], match["city"])
        for key, match in found.items()
        if match is not None
    ]
    return _known(pd.DataFrame(rows, columns=["photo", "lat", "lon", "city"]))


def _known(rows: pd.DataFrame) -> pd.DataFrame:
    """Text to a frame of places: of the rows on one photo the first whose place is known."""
    lat, lon = (pd.to_numeric(rows[name], errors="coerce").astype(float) for name in ("lat", "lon"))
    known = (lat.abs() <= 90) & (lon.abs() <= 180) & ((lat != 0) | (lon != 0))
    city = rows["city"].str.strip() if "city" in rows else pd.Series("", index=rows.index)
    frame = pd.DataFrame(
        {"photo": rows["photo"], "lat": lat.where(known), "lon": lon.where(known), "city": city}
    )
    # A stable sort: rows with a place first, each kind in the order of the file.
    frame = frame.iloc[np.argsort(~known.to_numpy(), kind="stable")]
    return frame.drop_duplicates("photo").set_index("photo")


def unit_vectors(places: pd.DataFrame) -> Floats:
    """Places on the unit sphere, shape (places, 3)."""
    lat, lon = np.radians(places["lat"].to_numpy()), np.radians(places["lon"].to_numpy())
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def chord(distance_m: float) -> float:
    """The straight distance between unit vectors whose places are `distance_m` apart."""
    return 2 * float(np.sin(min(distance_m / (2 * EARTH_RADIUS_M), np.pi / 2)))


def _cities(places: pd.DataFrame) -> pd.Series:
    """The city that was given, else that of the nearest photo with one, if nearer than 30 km.

    Others form cities of their own: photos that are joined by steps of less than 30 km. Such a
    city is named by the latitude and longitude of its middle.
    """
    city = places["city"].copy()
    placed = places["lat"].notna()
    named, unnamed = placed & (city != ""), placed & (city == "")
    points, reach = pd.DataFrame(unit_vectors(places), index=places.index), chord(CITY_REACH_M)
    if named.any() and unnamed.any():
        distance, nearest = cKDTree(points[named]).query(points[unnamed])
        names = city[named].to_numpy()[nearest]
        city[unnamed] = np.where(distance < reach, names, "")
        unnamed &= city == ""
    if unnamed.any():
        own = points[unnamed].to_numpy()
        labels = components(own, reach)
        middles = np.stack([np.bincount(labels, weights=axis) for axis in own.T], axis=1)
        names = np.array([_place_name(middle) for middle in middles], dtype=object)
        city[unnamed] = names[labels]
    return city


def _place_name(direction: Floats) -> str:
    x, y, z = direction
    return f"{np.degrees(np.arctan2(z, np.hypot(x, y))):.2f},{np.degrees(np.arctan2(y, x)):.2f}"


def components(points: Floats, reach: float) -> npt.NDArray[np.int32]:
    """Number of the group of each point, where points nearer than `reach` are in one group.

    Points of one cube with the diagonal `reach` are in one group; between cubes, the nearest two
    points decide. So a dense city costs a few searches instead of all its pairs.
    """
    cubes, cube_of = np.unique(np.floor(points / (reach / np.sqrt(3))), axis=0, return_inverse=True)
    order = np.argsort(cube_of, kind="stable")
    inside = np.split(points[order], np.flatnonzero(np.diff(cube_of[order])) + 1)
    trees = [cKDTree(group) for group in inside]
    # Cubes whose numbers differ by 3 along an axis are farther apart than `reach`.
    pairs = cKDTree(cubes).query_pairs(2 * np.sqrt(3) + 0.01, output_type="ndarray")
    near = [
        (a, b)
        for a, b in pairs
        if trees[a].query(inside[b], distance_upper_bound=reach)[0].min() < reach
    ]
    a, b = np.array(near, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(near)), (a, b)), shape=(len(cubes), len(cubes)))
    groups: npt.NDArray[np.int32] = connected_components(graph, directed=False)[1][cube_of]
    return groups
