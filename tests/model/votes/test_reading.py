from pathlib import Path

import pandas as pd
import pytest

from model.errors import PhotosError, VotesError
from model.photos import folder as photos
from model.votes import reading as votes

A, B, C = "513d2dbefdc9f03587002515", "51413b2ffdc9f049260058ca", "513d7e23fdc9f0358700733a"
PLACE_PULSE = "left_id,right_id,winner,left_lat,left_long,right_lat,right_long,category\n"
SAFETY = "50a68a51fdc9f05596000002"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "votes.csv"


def rows(read: votes.Votes) -> list[tuple[str, str, int, str]]:
    return list(read.frame.itertuples(index=False, name=None))


def test_reads_place_pulse(file: Path) -> None:
    file.write_text(
        PLACE_PULSE
        + f"{A},{B},left,41.9,-87.6,34.0,-118.2,wealthy\n{B},{C},equal,1,2,3,4,depressing\n"
    )
    read = votes.read(file)
    assert rows(read) == [(A, B, 1, "wealthy"), (B, C, 0, "depressing")]
    assert read.frame.dtypes["winner"] == "int8"
    assert read.rejected == {}


def test_reads_the_other_distribution(tmp_path: Path) -> None:
    file = tmp_path / "votes.tsv"
    file.write_text(
        "\tchoice\tleft\tright\tstudy_id\tvoter\n"
        f"0\tright\t{A}\t{B}\t{SAFETY}\tx\n"
        f"1\tsomething\t{A}\t{B}\t{SAFETY}\tx\n"
        f"2\tleft\tundefined\t{B}\t{SAFETY}\tx\n"
        f"3\tleft\t{A}\t{B}\tffffffffffffffffffffffff\tx\n"
        f"4\tequal\t{B}\t{C}\t5217c351ad93a7d3e7b07a64\tx\n"
    )
    read = votes.read(file)
    assert rows(read) == [(A, B, -1, "safety"), (B, C, 0, "beautiful")]
    assert read.rejected == {
        "a winner other than left, right or equal": 1,
        "no photo id on one side": 1,
        "no known attribute": 1,
    }
    assert read.examples["no photo id on one side"] == [4]


def test_reads_a_plain_file_with_a_byte_order_mark_and_windows_line_ends(file: Path) -> None:
    file.write_bytes("\ufeffattribute,winner,right,left,x\r\nsafety, left ,b,a,ñ\r\n".encode())
    assert rows(votes.read(file)) == [("a", "b", 1, "safety")]


def test_bad_rows_are_counted_and_the_rest_goes_on(file: Path) -> None:
    file.write_text(
        "left,right,winner,attribute\n"
        "a,b,left,safety\n"
        "a,b,LEFT,safety\n"
        "a,,left,safety\n"
        "a,b\n"
        "a,b,left,safety,more\n"
        "a,a,left,safety\n"
        "a,b,right,\n"
        "\n"
        "NaN,b,right,safety\n"
        "a,b,righ,safety\n"
        "\n"
    )
    read = votes.read(file)
    assert rows(read) == [("a", "b", 1, "safety"), ("NaN", "b", -1, "safety")]
    assert read.rejected == {
        "a winner other than left, right or equal": 2,
        "no photo id on one side": 1,
        "another number of columns than the header": 2,
        "the same photo on both sides": 1,
        "no known attribute": 1,
    }
    assert read.examples["another number of columns than the header"] == [5, 6]
    assert read.examples["the same photo on both sides"] == [7]
    assert read.examples["a winner other than left, right or equal"] == [3, 11]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a votes file"),
        (b"name,lat,lon\nx,1,2\n", "is not a votes file"),
        (b"left,right,winner,attribute\n", "holds no votes"),
        (b"left,right,winner,attribute\na,b,both,safety\n", "1 rows: a winner other than"),
        (b"left,left,right,winner,attribute\na,a,b,left,safety\n", "column left twice"),
        ("left,right,winner,attribute\na,ñ,left,safety\n".encode("latin-1"), "UTF-8"),
        ("left,right,winner,attribute\na,b,left,x\n".encode("utf-16"), "UTF-8"),
    ],
)
def test_refuses_what_is_no_votes_file(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    with pytest.raises(VotesError, match=said) as refused:
        votes.read(file)
    assert str(file) in str(refused.value)


def test_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(VotesError, match="There is no votes file"):
        votes.read(tmp_path / "votes.csv")
    with pytest.raises(VotesError, match="is a folder"):
        votes.read(tmp_path)


def test_keeps_every_place_that_the_file_gives(file: Path) -> None:
    file.write_text(
        PLACE_PULSE + f"{A},{B},left,41.9,-87.6,34.0,,safety\n{B},{A},left,0,0,1,x,safety\n"
    )
    places = votes.read(file).places
    assert {tuple(row) for row in places.itertuples(index=False)} == {
        (A, "41.9", "-87.6"),
        (B, "34.0", ""),
        (B, "0", "0"),
        (A, "1", "x"),
    }


def test_a_file_without_places_gives_none(file: Path) -> None:
    file.write_text("left,right,winner,attribute\na,b,left,safety\n")
    assert votes.read(file).places.empty
    file.write_text("left_id,right_id,winner,category\na,b,left,safety\n")
    assert votes.read(file).places.empty


def test_reads_the_real_rows_without_loss(shared_data: Path) -> None:
    file = shared_data / "place_pulse" / "votes.csv"
    read = votes.read(file)
    lines = [line.split(",") for line in file.read_text().splitlines()[1:]]
    assert len(lines) == 60
    assert rows(read) == [(x[0], x[1], votes.WINNERS[x[2]], x[7]) for x in lines]
    assert read.rejected == {}
    said = {(x[0], x[3], x[4]) for x in lines} | {(x[1], x[5], x[6]) for x in lines}
    assert {tuple(row) for row in read.places.itertuples(index=False)} == said


def test_finds_the_real_photos_by_their_id(shared_data: Path) -> None:
    folder = shared_data / "place_pulse"
    rated = pd.read_csv(folder / "qscores.tsv", sep="\t")["location_id"]
    found = photos.index(folder / "images")
    assert sorted(found) == sorted(rated)
    assert all(path.suffix == ".JPG" for path in found.values())


def test_a_folder_of_photos_is_searched_through(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.jpg", "deep/a.PNG", "notes.txt", "deep/-33.4_-70.6_notanid_Santiago.jpg"):
        (tmp_path / name).touch()
    assert list(photos.index(tmp_path)) == ["-33.4_-70.6_notanid_Santiago", "a", "b"]
    (tmp_path / "a.webp").touch()
    with pytest.raises(PhotosError, match="same key a"):
        photos.index(tmp_path)


def test_refuses_a_folder_without_photos(tmp_path: Path) -> None:
    with pytest.raises(PhotosError, match="holds no JPEG"):
        photos.index(tmp_path)
    with pytest.raises(PhotosError, match="no folder"):
        photos.index(tmp_path / "gone")
