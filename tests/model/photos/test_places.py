from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from model.errors import VotesError
from model.photos import folder as photos
from model.photos import places
from model.votes import reading as votes

ID = "513d5c7afdc9f03587003718"
NAMED = f"-19.818072_-43.951946_{ID}_BeloHorizonte.JPG"


def of_votes(*rows: tuple[str, object, object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["photo", "lat", "lon"]).astype({"lat": str, "lon": str})


def files(*names: str) -> dict[str, Path]:
    return {photos.key(Path(name)): Path(name) for name in names}


def place(frame: pd.DataFrame, key: str) -> tuple[float, float, str]:
    row = frame.loc[key]
    return float(row["lat"]), float(row["lon"]), str(row["city"])


def test_reads_the_place_in_a_name() -> None:
    assert place(places.gather(files(NAMED), of_votes()), ID) == (
        -19.818072,
        -43.951946,
        "BeloHorizonte",
    )


def test_the_first_that_knows_a_place_is_right(tmp_path: Path) -> None:
    """A file of places, the votes, the name; the city is taken from where it is given."""
    exact = of_votes((ID, -19.8, -43.9))
    assert place(places.gather(files(NAMED), exact), ID) == (-19.8, -43.9, "BeloHorizonte")
    table = tmp_path / "places.csv"
    table.write_text(f"photo,lat,lon,city\n{ID},-19.7,-43.8,BH\n")
    assert place(places.gather(files(NAMED), exact, table), ID) == (-19.7, -43.8, "BH")
    table.write_text(f"photo,lat,lon\n{ID},,\n")
    assert place(places.gather(files(NAMED), exact, table), ID) == (-19.8, -43.9, "BeloHorizonte")


@pytest.mark.parametrize("lat_lon", [(0, 0), ("", ""), ("x", 1), (91, 0), (1, 181), (1, "")])
def test_no_coordinate_is_no_place(lat_lon: tuple[object, object]) -> None:
    frame = places.gather(files("a.jpg"), of_votes(("a", *lat_lon)))
    assert frame.loc["a", ["lat", "lon"]].isna().all()
    assert frame.loc["a", "city"] == ""
    again = places.gather(files("a.jpg"), of_votes(("a", *lat_lon), ("a", 0, 5)))
    assert place(again, "a")[:2] == (0, 5)


def test_reads_the_locations_of_place_pulse(tmp_path: Path) -> None:
    table = tmp_path / "locations.tsv"
    table.write_text(f"\t_id\tloc.0\tloc.1\tother\n0\t{ID}\t-19.8\t-43.9\tx\n1\tb\t0\t0\ty\n")
    frame = places.gather(files("b.jpg", f"{ID}.jpg"), of_votes(), table)
    assert place(frame, ID) == (-19.8, -43.9, "-19.80,-43.90")
    assert np.isnan(frame.loc["b", "lat"])


def test_reads_a_manifest_of_photos(shared_data: Path) -> None:
    folder = shared_data / "street_photos"
    frame = places.gather(photos.index(folder / "photos"), of_votes(), folder / "manifest.csv")
    manifest = pd.read_csv(folder / "manifest.csv")
    assert len(frame) == len(manifest) == 576
    keys = manifest["filename"].str.removesuffix(".jpg")
    assert (frame.loc[keys, ["lat", "lon"]].to_numpy() == manifest[["lat", "lon"]]).all(axis=None)
    assert frame["city"].nunique() == 1


def test_finds_the_real_places_of_the_votes_and_of_the_names(shared_data: Path) -> None:
    folder = shared_data / "place_pulse"
    read = votes.read(folder / "votes.csv")
    keys = {*read.frame["left"], *read.frame["right"]}
    frame = places.gather({key: Path(f"{key}.jpg") for key in keys}, read.places)
    raw = pd.read_csv(folder / "votes.csv")
    for side, lat, lon in (("left", "left_lat", "left_long"), ("right", "right_lat", "right_long")):
        found = frame.loc[raw[f"{side}_id"], ["lat", "lon"]].to_numpy()
        assert (found == raw[[lat, lon]].to_numpy()).all()
    named = places.gather(photos.index(folder / "images"), of_votes())
    assert set(named["city"]) == {"BeloHorizonte"}
    assert named["lat"].between(-19.9, -19.8).all()
    assert named["lon"].between(-44.1, -43.9).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("photo,latitude,lon\n", "needs photo, filename or _id; lat or loc.0; and lon or loc.1"),
        ("name,lat,lon\n", "is no file of places"),
        ("", "cannot be read"),
    ],
)
def test_refuses_what_is_no_file_of_places(tmp_path: Path, text: str, said: str) -> None:
    table = tmp_path / "places.csv"
    table.write_text(text)
    with pytest.raises(VotesError, match=said):
        places.read(table)
    with pytest.raises(VotesError, match="There is no file of places"):
        places.read(tmp_path / "gone.csv")
    with pytest.raises(VotesError, match="is a folder"):
        places.read(tmp_path)


def test_cities_are_named_or_near_or_of_their_own() -> None:
    """At the equator a degree is 111 km."""
    named = f"0.0_10.0_{ID}_Quito.jpg"
    frame = places.gather(
        files(named, "near.jpg", "a.jpg", "b.jpg", "c.jpg", "far.jpg", "nowhere.jpg"),
        of_votes(
            ("near", 0, 10.2),
            ("a", 5, 10.0),
            ("b", 5, 10.25),
            ("c", 5, 10.5),
            ("far", 5, 11.0),
        ),
    )
    assert dict(frame["city"]) == {
        ID: "Quito",
        "near": "Quito",
        "a": "5.00,10.25",
        "b": "5.00,10.25",
        "c": "5.00,10.25",
        "far": "5.00,11.00",
        "nowhere": "",
    }


def test_a_city_may_lie_on_both_sides_of_the_date_line() -> None:
    frame = places.gather(
        files("w.jpg", "e.jpg"), of_votes(("w", -16.8, 179.95), ("e", -16.8, -179.95))
    )
    assert frame["city"].nunique() == 1


def slow_groups(points: npt.NDArray[np.float64], reach: float) -> list[int]:
    """Labels spread from neighbour to neighbour until nothing changes."""
    near = cdist(points, points) < reach
    labels = np.arange(len(points))
    while True:
        lowest = np.array([labels[row].min() for row in near])
        if (lowest == labels).all():
            return [int(label) for label in labels]
        labels = lowest


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5)), min_size=1, max_size=60),
    st.sampled_from([5_000.0, 30_000.0, 80_000.0]),
)
def test_groups_are_those_of_all_pairs(lat_lon: list[tuple[float, float]], reach_m: float) -> None:
    points = places.unit_vectors(pd.DataFrame(lat_lon, columns=["lat", "lon"]))
    reach = places.chord(reach_m)
    groups = places.components(points, reach)
    slow = slow_groups(points, reach)
    assert len({*zip(groups.tolist(), slow, strict=True)}) == len(set(slow)) == max(groups) + 1
