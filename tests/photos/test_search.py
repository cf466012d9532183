"""Lists of photos against sorting them all in Python; samples; the plan that makes them fast."""

import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyproj import Geod
from sqlalchemy import Select, insert, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import totals
from app.attributes import KEYS
from app.cells import Box
from app.errors import AreaNotFound, BadRequest, LayerNotFound, PhotoNotFound
from app.photos import public
from app.photos.filter import (
    NEAR_M,
    Near,
    PhotoFilter,
    ScoreRange,
    published,
    read_near,
    read_ranges,
)
from app.photos.orders import Part, ranked
from app.photos.search import SKIP_LIMIT, sample, search
from app.photos.selection import select_photos
from app.photos.word import DrawnWord, read_word
from app.photos.zone import TooLarge
from app.schemas import Order, PhotoPage
from app.tables import Batch, Photo, Release, score
from tests.builders import flat, make_layer, make_photo, make_release, square, write_scores
from tests.words import circle, polygon

WEST, SOUTH = -70.70, -33.50
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Truth:
    """One photo as the test made it; score is that of safety."""

    id: int
    lon: float
    lat: float
    area: str | None
    score: int | None
    captured_at: datetime | None


@dataclass(frozen=True)
class City:
    release: Release
    photos: list[Truth]


@pytest.fixture
def city(session: Session) -> City:
    """120 photos in two areas and outside of them, with many ties, and some without a score."""
    rng = random.Random(7)
    shapes = {"a": square(WEST, SOUTH, 0.04), "b": square(WEST + 0.04, SOUTH, 0.04)}
    make_layer(session, "comuna", shapes)
    release = make_release(session, "shown", active=True)
    photos = []
    for number in range(120):
        lon, lat = WEST + rng.random() * 0.1, SOUTH + rng.random() * 0.039
        taken = None if number % 5 == 0 else EPOCH + timedelta(hours=rng.randrange(30))
        photo = make_photo(session, lon, lat, captured_at=taken)
        area = "a" if lon < WEST + 0.04 else "b" if lon < WEST + 0.08 else None
        value = None if number % 11 == 0 else rng.randrange(300, 700, 20)
        photos.append(Truth(photo.id, lon, lat, area, value, taken))
    scores = {p.id: {"safety": p.score, "boring": 500} for p in photos}
    write_scores(session, release, scores)
    totals.publish(session)
    session.refresh(release)
    return City(release, photos)


def all_pages(
    session: Session, city: City, where: PhotoFilter, order: Order, limit: int = 7
) -> tuple[list[int], list[PhotoPage]]:
    pages = [search(session, city.release, where, order, limit)]
    while pages[-1].next is not None:
        pages.append(search(session, city.release, where, order, limit, pages[-1].next))
    return [photo.id for page in pages for photo in page.photos], pages


Belongs = Callable[[Truth], bool]

HERE = Near(WEST + 0.05, SOUTH + 0.02)


def metres_from_here(photo: Truth) -> float:
    """Along a great circle, by the haversine formula."""
    lat1, lat2 = math.radians(HERE.lat), math.radians(photo.lat)
    half_lat, half_lon = (lat2 - lat1) / 2, math.radians(photo.lon - HERE.lon) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return 2 * 6_371_008.77 * math.asin(math.sqrt(chord))


def geodesic_m(photo: Truth) -> float:
    """Along the ellipsoid."""
    *_, metres = Geod(ellps="WGS84").inv(HERE.lon, HERE.lat, photo.lon, photo.lat)
    return float(metres)


def box_word(west: float, south: float, east: float, north: float) -> DrawnWord:
    return read_word(polygon((west, south), (east, south), (east, north), (west, north)))


MIDDLE = box_word(WEST + 0.02, SOUTH + 0.01, WEST + 0.07, SOUTH + 0.03)


FILTERS: dict[str, tuple[PhotoFilter, Belongs]] = {
    "all": (PhotoFilter(), lambda p: True),
    "area": (PhotoFilter(layer="comuna", area="b"), lambda p: p.area == "b"),
    "box": (
        PhotoFilter(bbox=Box(WEST + 0.02, SOUTH + 0.01, WEST + 0.07, SOUTH + 0.03)),
        lambda p: WEST + 0.02 <= p.lon <= WEST + 0.07 and SOUTH + 0.01 <= p.lat <= SOUTH + 0.03,
    ),
    "bounds": (
        PhotoFilter(lowest=3.4, highest=5.8),
        lambda p: p.score is not None and 340 <= p.score <= 580,
    ),
    "ranges": (
        PhotoFilter(only=(ScoreRange("safety", 3.4, 5.8), ScoreRange("boring", 5, 10))),
        lambda p: p.score is not None and 340 <= p.score < 580,
    ),
    "days": (
        PhotoFilter(since=date(2024, 1, 1), until=date(2024, 1, 1)),
        lambda p: p.captured_at is not None and p.captured_at < EPOCH + timedelta(days=1),
    ),
    "near": (PhotoFilter(near=HERE), lambda p: metres_from_here(p) <= NEAR_M),
    "polygon": (
        PhotoFilter(zone=MIDDLE),
        lambda p: WEST + 0.02 <= p.lon <= WEST + 0.07 and SOUTH + 0.01 <= p.lat <= SOUTH + 0.03,
    ),
    "circle": (
        PhotoFilter(zone=read_word(circle(HERE.lon, HERE.lat, 1_900))),
        lambda p: geodesic_m(p) <= 1_900,
    ),
    "polygon and more": (
        PhotoFilter(zone=MIDDLE, only=(ScoreRange("safety", 3.4, 6.6),), layer="comuna", area="b"),
        lambda p: (
            p.area == "b"
            and 340 <= (p.score or 0) < 660
            and p.lon <= WEST + 0.07
            and SOUTH + 0.01 <= p.lat <= SOUTH + 0.03
        ),
    ),
    "everything at once": (
        PhotoFilter(layer="comuna", area="a", bbox=Box(-71, -34, WEST + 0.03, -33), lowest=4),
        lambda p: p.area == "a" and p.lon <= WEST + 0.03 and (p.score or 0) >= 400,
    ),
}


CASES = [(order, name) for order in ("most", "least", "typical", "newest") for name in FILTERS]


@pytest.mark.parametrize(("order", "name"), [*CASES, ("nearest", "near")])
def test_pages_are_the_sorted_list_cut_up(
    session: Session, city: City, order: Order, name: str
) -> None:
    where, belongs = FILTERS[name]
    truth = [p for p in city.photos if belongs(p) and (p.score is not None or order == "newest")]
    ids, pages = all_pages(session, city, where, order)
    assert len(truth) > 7
    assert sorted(ids) == sorted(p.id for p in truth)
    assert ids == [p.id for p in sorted(truth, key=_key(order, truth))]
    assert {page.total for page in pages} == {len(truth)}
    assert all(len(page.photos) == 7 for page in pages[:-1])


@pytest.mark.parametrize("order", ["most", "typical", "newest", "random"])
@pytest.mark.parametrize("name", ["polygon", "circle", "polygon and more"])
def test_a_large_shape_is_listed_as_a_small_one(
    session: Session, city: City, order: Order, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is looked for along the scores of all photos, the other in its own photos."""
    where, _ = FILTERS[name]
    small = all_pages(session, city, where, order)
    drawn = sample(session, city.release, 40, where)
    assert not is_large(session, city, where)
    monkeypatch.setattr("app.photos.zone.MOST_PHOTOS_SORTED", 3)
    assert is_large(session, city, where)
    assert all_pages(session, city, where, order) == small
    assert sample(session, city.release, 40, where) == drawn


@pytest.mark.parametrize("order", ["most", "random"])
def test_a_walk_that_takes_too_long_is_given_up(
    session: Session, city: City, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shape is then read as a small one is, and what comes after has its own time again."""
    where, _ = FILTERS["polygon"]
    small = all_pages(session, city, where, order), sample(session, city.release, 40, where)
    monkeypatch.setattr("app.photos.zone.MOST_PHOTOS_SORTED", 3)
    monkeypatch.setattr("app.photos.selection.WALK_MS", 100)
    slow = text("pg_sleep(1) IS NOT NULL")
    monkeypatch.setattr("app.photos.zone.passed", lambda _: slow)
    assert (
        all_pages(session, city, where, order),
        sample(session, city.release, 40, where),
    ) == small
    assert session.scalar(text("SHOW statement_timeout")) == "10s"
    monkeypatch.setattr("app.photos.zone.Zone.is_readable", False)
    monkeypatch.setattr("app.photos.zone.TIMEOUT_MS", 100)
    with pytest.raises(OperationalError, match="statement timeout"):
        search(session, city.release, where, order)


def is_large(session: Session, city: City, where: PhotoFilter) -> bool:
    zone = select_photos(session, city.release, where).zone
    assert zone is not None
    return zone.is_large


def test_a_shape_with_too_many_photos_at_its_border_is_refused(
    session: Session, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.photos.zone.MOST_PHOTOS_READ", 3)
    where, _ = FILTERS["circle"]
    with pytest.raises(TooLarge, match="smaller shape"):
        search(session, city.release, where)
    with pytest.raises(TooLarge, match="smaller shape"):
        sample(session, city.release, 9, where)


def test_a_large_shape_with_another_filter_is_refused(
    session: Session, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Totals answer for the cells in it, but not for the filter."""
    wide = box_word(WEST - 1, SOUTH - 1, WEST + 1, SOUTH + 1)
    monkeypatch.setattr("app.photos.zone.MOST_PHOTOS_READ", 100)
    assert search(session, city.release, PhotoFilter(zone=wide), "most").total > 100
    ranged = PhotoFilter(zone=wide, only=(ScoreRange("boring", 5, 6),))
    with pytest.raises(TooLarge, match="by a filter"):
        search(session, city.release, ranged, "most")


def _key(order: str, truth: list[Truth]) -> Callable[[Truth], Any]:
    scored = [p.score for p in truth if p.score is not None]
    center = round(sum(scored) / len(scored))

    def distance(photo: Truth) -> Any:
        assert photo.score is not None
        above = photo.score >= center
        return abs(photo.score - center), above, photo.id if above else -photo.id

    def age(photo: Truth) -> Any:
        taken = photo.captured_at
        return taken is None, 0 if taken is None else -taken.timestamp(), -photo.id

    keys: dict[str, Callable[[Truth], Any]] = {
        "most": lambda p: (-p.score, -p.id),  # type: ignore[operator]
        "least": lambda p: (p.score, p.id),
        "typical": distance,
        "newest": age,
        "nearest": metres_from_here,
    }
    return keys[order]


def test_random_orders_are_whole_and_each_its_own(session: Session, city: City) -> None:
    """Once round the same circle, entered elsewhere."""
    scored = {p.id for p in city.photos if p.score is not None}
    orders = []
    for seed in range(5):
        page, ids = search(session, city.release, PhotoFilter(), "random", 7, seed=seed), []
        while page.next is not None:
            ids += [photo.id for photo in page.photos]
            asked = (PhotoFilter(), "random", 7, page.next)
            page = search(session, city.release, *asked, seed=seed)  # type: ignore[arg-type]
        ids += [photo.id for photo in page.photos]
        assert len(ids) == len(scored)
        assert set(ids) == scored
        orders.append(ids)
    first = orders[0]
    assert first != sorted(first)
    for ids in orders[1:]:
        at = first.index(ids[0])
        assert ids == first[at:] + first[:at]
    # Two of a few seeds may well enter at one photo of so few; not all of them do.
    assert len({ids[0] for ids in orders}) > 1
    again = search(session, city.release, PhotoFilter(), "random", 50, seed=3)
    assert [photo.id for photo in again.photos] == orders[3][:50]
    middle = search(session, city.release, PhotoFilter(), "random", 50, seed=3, skip=40)
    assert [photo.id for photo in middle.photos] == orders[3][40:90]


def test_a_random_page_reads_a_page(session: Session) -> None:
    """However many photos there are, and wherever in them it begins."""
    release = make_release(session)
    _many_photos(session, release, 20_000)
    session.execute(text("ANALYZE score"))
    conditions = [*published(release), score.c.score_safety.is_not(None)]
    for seed in (0, 1):
        part = Part(conditions, None, None, limit=61, skip=0, seed=seed)
        plan = explained(session, ranked("random", PhotoFilter(), part))
        assert "score_chance_idx" in plan
        assert max(rows_read(plan)) <= 2 * 61, plan


@pytest.mark.parametrize("order", ["most", "least", "typical", "newest", "random", "nearest"])
def test_a_list_is_entered_in_its_midst(session: Session, city: City, order: Order) -> None:
    """A page after any number of photos, and its cursor, are those of the whole list."""
    where = PhotoFilter(near=Near(WEST + 0.05, SOUTH + 0.02)) if order == "nearest" else None
    ids, pages = all_pages(session, city, where or PhotoFilter(), order)
    for skip in (0, 1, 19, len(ids) - 3, len(ids), len(ids) + 5):
        page = search(session, city.release, where or PhotoFilter(), order, 7, skip=skip)
        assert [photo.id for photo in page.photos] == ids[skip : skip + 7], skip
        assert page.total == pages[0].total
        assert (page.next is None) == (skip + 7 >= len(ids))
    page = search(session, city.release, where or PhotoFilter(), order, 7, skip=5)
    after = search(session, city.release, where or PhotoFilter(), order, 7, page.next)
    assert [photo.id for photo in after.photos] == ids[12:19]


def test_the_photos_of_a_batch(session: Session, city: City) -> None:
    batch = Batch(title="b", source="s", licence="CC0-1.0")
    session.add(batch)
    session.flush()
    chosen = [p.id for p in city.photos if p.score is not None][:9]
    session.execute(update(Photo).where(Photo.id.in_(chosen)).values(batch_id=batch.id))
    page = search(session, city.release, PhotoFilter(batch=batch.id), "most")
    assert (sorted(p.id for p in page.photos), page.total) == (sorted(chosen), 9)
    assert search(session, city.release, PhotoFilter(batch=batch.id + 1)).total == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("safety:6-7.5", (ScoreRange("safety", 6, 7.5),)),
        ("boring:0-3,lively:9.25-10", (ScoreRange("boring", 0, 3), ScoreRange("lively", 9.25, 10))),
    ],
)
def test_ranges_are_read(text: str, found: tuple[ScoreRange, ...]) -> None:
    assert read_ranges(text) == found


@pytest.mark.parametrize("text", ["", "safety", "safe:1-2", "safety:2-1", "safety:1-11", "a:1-2,"])
def test_what_is_no_range_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BadRequest, match=r"safety:6-7\.5|must go up"):
        read_ranges(text)


@pytest.mark.parametrize("text", ["", "1", "a,b", "1,2,3", "181,0", "0,86", "nan,0", "0,inf"])
def test_what_is_no_place_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BadRequest, match="lon,lat"):
        read_near(text)


def test_an_order_without_what_it_needs_is_refused(session: Session, city: City) -> None:
    with pytest.raises(BadRequest, match="give near"):
        search(session, city.release, PhotoFilter(), "nearest")
    page = search(session, city.release, PhotoFilter(), limit=7)
    with pytest.raises(BadRequest, match="leave out skip"):
        search(session, city.release, PhotoFilter(), limit=7, cursor=page.next, skip=7)
    with pytest.raises(BadRequest, match="up to 200000"):
        search(session, city.release, PhotoFilter(), skip=SKIP_LIMIT + 1)


def test_the_newest_are_listed_without_any_score_of_the_attribute(
    session: Session, city: City
) -> None:
    ids, _ = all_pages(session, city, PhotoFilter("wealthy"), "newest")
    assert sorted(ids) == sorted(photo.id for photo in city.photos)
    assert search(session, city.release, PhotoFilter("wealthy"), "most").total == 0


@pytest.mark.parametrize(
    ("attribute", "best", "worst"), [("safety", "most", "least"), ("boring", "least", "most")]
)
def test_best_is_the_favourable_end(
    session: Session, city: City, attribute: str, best: Order, worst: Order
) -> None:
    where = PhotoFilter(attribute)
    assert search(session, city.release, where, "best") == search(
        session, city.release, where, best
    )
    assert search(session, city.release, where, "worst") == search(
        session, city.release, where, worst
    )


def test_a_bound_is_inclusive_to_the_hundredth(session: Session) -> None:
    """6.91 * 100 is 691.0000000000001 in binary."""
    release = make_release(session)
    photo = make_photo(session, WEST, SOUTH)
    write_scores(session, release, {photo.id: flat(691)})
    totals.publish(session)
    for where in (PhotoFilter(lowest=6.91), PhotoFilter(highest=6.91)):
        page = search(session, release, where)
        assert [(p.id, p.scores["safety"]) for p in page.photos] == [(photo.id, 6.91)]
    for where in (PhotoFilter(lowest=6.92), PhotoFilter(highest=6.9)):
        assert search(session, release, where).total == 0


def test_a_box_across_the_antimeridian_is_two(session: Session) -> None:
    release = make_release(session)
    fiji, samoa, greenwich = (make_photo(session, lon, -17.0) for lon in (179.5, -179.5, 0.0))
    write_scores(session, release, {p.id: flat(500) for p in (fiji, samoa, greenwich)})
    totals.publish(session)
    page = search(session, release, PhotoFilter(bbox=Box(179, -18, -179, -16)))
    assert {p.id for p in page.photos} == {fiji.id, samoa.id}


def test_what_is_not_published_is_not_listed(session: Session, city: City) -> None:
    late = make_photo(session, WEST + 0.01, SOUTH + 0.01)
    write_scores(session, city.release, {late.id: flat(1000)})
    before = search(session, city.release, PhotoFilter(), "most")
    assert late.id not in {p.id for p in before.photos}
    assert late.id not in sample(session, city.release, 1000).id
    totals.publish(session)
    after = search(session, city.release, PhotoFilter(), "most")
    assert after.photos[0].id == late.id
    assert after.total == before.total + 1


def test_a_cursor_outlives_new_photos(session: Session, city: City) -> None:
    """The pages that follow neither repeat nor skip one that was there."""
    ids, _ = all_pages(session, city, PhotoFilter(), "typical")
    first = search(session, city.release, PhotoFilter(), "typical", 7)
    new = [make_photo(session, WEST, SOUTH + 0.001) for _ in range(30)]
    write_scores(session, city.release, {p.id: flat(1000) for p in new})
    totals.publish(session)
    second = search(session, city.release, PhotoFilter(), "typical", 7, first.next)
    assert [p.id for p in (*first.photos, *second.photos)] == ids[:14]
    assert second.total == first.total


@pytest.mark.parametrize("word", ["", "x", "abc=", "é", "eyJhIjoxfQ==", "bnVsbA==", "AAAA", "W10="])
def test_a_cursor_of_others_is_refused(session: Session, city: City, word: str) -> None:
    with pytest.raises(BadRequest, match="not one of ours"):
        search(session, city.release, PhotoFilter(), cursor=word)


def test_a_cursor_belongs_to_its_list(session: Session, city: City) -> None:
    page = search(session, city.release, PhotoFilter(), "most", 7)
    other = make_release(session)
    for release, where, order in [
        (other, PhotoFilter(), "most"),
        (city.release, PhotoFilter("boring"), "most"),
        (city.release, PhotoFilter(layer="comuna", area="a"), "most"),
        (city.release, PhotoFilter(), "least"),
    ]:
        with pytest.raises(BadRequest, match="another list"):
            search(session, release, where, order, 7, page.next)  # type: ignore[arg-type]
    assert search(session, city.release, PhotoFilter(), "best", 7, page.next).photos


def test_a_filter_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(BadRequest, match="give both or neither"):
        PhotoFilter(layer="comuna")
    with pytest.raises(BadRequest, match="swap them"):
        PhotoFilter(lowest=6, highest=4)
    PhotoFilter(lowest=0, highest=0)
    with pytest.raises(BadRequest, match="is after to"):
        PhotoFilter(since=date(2024, 2, 1), until=date(2024, 1, 31))


def test_an_area_that_is_not_there(session: Session, city: City) -> None:
    with pytest.raises(LayerNotFound):
        search(session, city.release, PhotoFilter(layer="barrio", area="a"))
    with pytest.raises(AreaNotFound):
        search(session, city.release, PhotoFilter(layer="comuna", area="z"))


def test_a_release_without_scores_has_an_empty_page(session: Session) -> None:
    release = make_release(session)
    for order in ("most", "typical", "newest"):
        page = search(session, release, PhotoFilter(), order)
        assert (page.total, page.photos, page.next) == (0, [], None)
    drawn = sample(session, release, 10)
    assert (drawn.n, drawn.total, drawn.id, drawn.scores["safety"]) == (0, 0, [], [])


def test_a_photo_tells_what_everybody_may_know(session: Session, city: City) -> None:
    photo = make_photo(session, WEST + 0.01, SOUTH + 0.01, heading_deg=90.0, licence="CC0")
    write_scores(session, city.release, {photo.id: {"safety": 691, "boring": None}})
    shown = public.one(session, city.release, photo.id)
    assert shown.image == f"/photos/{photo.id}/image"
    assert shown.thumbnail == f"/photos/{photo.id}/thumbnail"
    assert (shown.lat, shown.lon) == (SOUTH + 0.01, WEST + 0.01)
    assert shown.scores == {"safety": 6.91}
    assert shown.raw == {"safety": 6.91}
    assert shown.areas["comuna"].code == "a"
    assert shown.licence == "CC0"
    with pytest.raises(PhotoNotFound):
        public.one(session, city.release, photo.id + 1_000_000)


@pytest.mark.parametrize("hidden", ["place", "private"])
def test_no_address_for_an_image_that_may_not_be_shown(
    session: Session, city: City, hidden: str
) -> None:
    photo = make_photo(
        session, WEST, SOUTH, image=hidden != "place", images_public=hidden != "private"
    )
    shown = public.one(session, city.release, photo.id)
    assert (shown.image, shown.thumbnail, shown.scores) == (None, None, {})
    with pytest.raises(PhotoNotFound, match="with an image to show"):
        public.storage_key(session, photo.id)


def test_neighbours_are_the_frames_of_the_same_drive(session: Session, city: City) -> None:
    keys = [("drive", "0001"), ("drive", "0003"), ("drive", "0002"), ("other", "0002")]
    one, three, two, other = (
        make_photo(session, WEST, SOUTH, source=source, source_key=key).id for source, key in keys
    )

    def around(photo_id: int) -> tuple[int | None, int | None]:
        found = public.one(session, city.release, photo_id).neighbours
        return found.previous, found.next

    assert around(two) == (one, three)
    assert around(one) == (None, two)
    assert around(other) == (None, None)


def test_a_sample_is_stable_and_a_smaller_one_begins_it(session: Session, city: City) -> None:
    large = sample(session, city.release, 100)
    small = sample(session, city.release, 30)
    assert (large.n, large.total, small.n) == (100, 120, 30)
    assert large.id[:30] == small.id
    assert large.scores["safety"][:30] == small.scores["safety"]
    assert large.id != sorted(large.id)
    other = sample(session, city.release, 30, seed=1)
    assert set(other.id) != set(small.id)
    make_photo(session, WEST, SOUTH)
    assert sample(session, city.release, 100) == large


def test_a_sample_says_of_each_photo_what_is_so(session: Session, city: City) -> None:
    truth = {p.id: p for p in city.photos}
    drawn = sample(session, city.release, 1_000)
    assert sorted(drawn.id) == sorted(truth)
    for row, photo_id in enumerate(drawn.id):
        photo = truth[photo_id]
        assert drawn.lon[row] == pytest.approx(photo.lon, abs=1e-6)
        assert drawn.lat[row] == pytest.approx(photo.lat, abs=1e-6)
        expected = None if photo.score is None else photo.score / 100
        assert drawn.scores["safety"][row] == expected
        assert drawn.scores["boring"][row] == 5.0
        assert drawn.scores["wealthy"][row] is None


@pytest.mark.parametrize("name", FILTERS)
def test_a_sample_of_a_filter(session: Session, city: City, name: str) -> None:
    where, belongs = FILTERS[name]
    drawn = sample(session, city.release, 1_000, where)
    assert sorted(drawn.id) == sorted(p.id for p in city.photos if belongs(p))
    assert drawn.total == drawn.n


def test_a_sample_is_spread_evenly(session: Session) -> None:
    """Ids in a row, as an import gives them, fall into a sample like a coin's tosses."""
    release = make_release(session)
    photo_ids = _many_photos(session, release, 4_000)
    drawn = set(sample(session, release, 1_000).id)
    eighths = [len(drawn.intersection(photo_ids[i : i + 500])) for i in range(0, 4_000, 500)]
    # 125 expected in each, standard deviation below 10.
    assert all(85 < n < 165 for n in eighths), eighths


@pytest.mark.parametrize(
    ("order", "scan"), [("most", "Index Only Scan Backward"), ("least", "Index Only Scan")]
)
def test_the_first_page_of_a_large_city_walks_along_an_index(
    session: Session, order: str, scan: str
) -> None:
    release = make_release(session)
    _many_photos(session, release, 20_000)
    session.execute(text("ANALYZE score"))
    conditions = [*published(release), score.c.score_safety.is_not(None)]
    part = Part(conditions, None, None, limit=61, skip=0, seed=0)
    query = ranked(order, PhotoFilter(), part)  # type: ignore[arg-type]
    compiled = query.compile(
        dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"literal_binds": True},
    )
    plan = "\n".join(session.scalars(text(f"EXPLAIN {compiled}")))
    assert "score_order_safety_idx" in plan
    assert ("Backward" in plan) == ("Backward" in scan)
    assert "Sort" not in plan


@pytest.mark.parametrize("order", ["most", "typical", "newest", "random"])
def test_a_page_of_a_small_shape_reads_the_shape_alone(session: Session, order: str) -> None:
    """Whatever the order: neither a walk along all scores nor all photos."""
    release = make_release(session)
    _many_photos(session, release, 20_000)
    inside = make_photo(session, WEST + 0.05, SOUTH + 0.02)
    write_scores(session, release, {inside.id: flat(500)})
    totals.publish(session)
    session.execute(text("ANALYZE score, photo"))
    where = PhotoFilter(zone=read_word(circle(WEST + 0.05, SOUTH + 0.02, 500)))
    selection = select_photos(session, release, where)
    part = Part(selection.listed, None, 500, limit=61, skip=0, seed=1)
    query = ranked(order, where, part)  # type: ignore[arg-type]
    plan = explained(session, query)
    assert "photo_q_idx" in plan
    assert "score_order" not in plan
    assert "score_chance" not in plan
    assert "photo_newest_idx" not in plan
    assert max(rows_read(plan)) < 100, plan


def explained(session: Session, query: Select[Any]) -> str:
    """What it did, after it was run."""
    statement = query.compile(dialect=session.get_bind().dialect)
    rows = session.connection().exec_driver_sql(
        f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement}", statement.construct_params()
    )
    return "\n".join(row[0] for row in rows)


def rows_read(plan: str) -> list[int]:
    return [int(n) for n in re.findall(r"actual rows=(\d+)", plan)]


def _many_photos(session: Session, release: Release, n: int) -> list[int]:
    """Rows like those of one photo, n times."""
    first = make_photo(session, WEST, SOUTH, image=False)
    rows = text("""
        INSERT INTO photo (source, source_key, location, q, x, y)
        SELECT source, 'many-' || i, location, q, x, y FROM photo, generate_series(1, :n) i
         WHERE id = :first RETURNING id
    """)
    ids = sorted(session.scalars(rows, {"n": n, "first": first.id}))
    values = [
        {"release_id": release.id, "photo_id": id, **{f"score_{key}": id % 1000 for key in KEYS}}
        for id in ids
    ]
    session.execute(insert(score), values)
    return ids
