"""Publishing, withdrawing and recounting, case by case."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from app import areas, totals
from app.attributes import KEYS
from app.tables import (
    Base,
    Layer,
    Pending,
    Photo,
    Release,
    area_cell_total,
    area_histogram,
    area_total,
    cell_histogram,
    cell_total,
    photo_area,
    score,
)
from tests.builders import flat, make_photo, make_release, square, write_scores

TOTALS = (cell_total, cell_histogram, area_total, area_cell_total, area_histogram)


def comuna() -> Layer:
    return Layer(key="comuna", label_es="Comunas", label_en="Communes")


ROWS = [
    areas.AreaRow("w", "Poniente", square(-71, -34, 1)),
    areas.AreaRow("e", "Oriente", square(-70, -34, 1)),
]


@pytest.fixture
def release(session: Session) -> Release:
    totals.load_layer(session, comuna(), ROWS)
    return make_release(session)


@pytest.fixture
def photos(session: Session, release: Release) -> list[int]:
    """Two in either area, one elsewhere."""
    places = [(-70.5, -33.5), (-70.4, -33.5), (-69.5, -33.5), (-69.4, -33.5), (114.3, 30.6)]
    return [make_photo(session, *place).id for place in places]


def counted(session: Session, table: str = "cell_total") -> int:
    statement = f"SELECT coalesce(sum(n), 0) FROM {table}"
    if table == "cell_total":
        statement += " WHERE z = 22"
    return int(session.scalar(text(statement)) or 0)


def rows_of(session: Session, release: Release) -> list[int]:
    return [
        session.scalar(
            select(func.count()).select_from(table).where(table.c.release_id == release.id)
        )
        or 0
        for table in TOTALS
    ]


def test_scores_count_from_the_next_publish_on(
    session: Session, release: Release, photos: list[int]
) -> None:
    write_scores(session, release, {photo_id: flat(300) for photo_id in photos[:3]})
    write_scores(session, release, {photos[4]: flat(800)})
    assert counted(session) == 0
    assert totals.check(session) == []
    assert totals.publish(session) == 4
    assert counted(session) == 4
    assert counted(session, "area_total") == 3 * 2  # comuna and city
    assert session.scalar(select(func.count()).select_from(Pending)) == 0
    assert totals.check(session) == []


def test_publish_raises_the_version_of_what_it_changed(
    session: Session, release: Release, photos: list[int]
) -> None:
    other = make_release(session)
    assert (release.version, release.published_at) == (0, None)
    write_scores(session, release, {photos[0]: flat(300)})
    assert totals.publish(session) == 1
    assert (release.version, other.version) == (1, 0)
    assert release.published_at is not None
    assert totals.publish(session) == 0
    assert release.version == 1
    write_scores(session, release, {photos[1]: flat(300)})
    write_scores(session, other, {photos[1]: flat(300)})
    assert totals.publish(session) == 2
    assert (release.version, other.version) == (2, 1)


def test_one_release_may_be_published_alone(
    session: Session, release: Release, photos: list[int]
) -> None:
    other = make_release(session)
    write_scores(session, release, {photos[0]: flat(300)})
    write_scores(session, other, {photos[0]: flat(900), photos[1]: flat(900)})
    assert totals.publish(session, other.id) == 2
    assert rows_of(session, release) == [0] * 5
    assert totals.check(session) == []
    assert totals.publish(session, other.id) == 0
    assert totals.publish(session, release.id) == 1
    assert totals.check(session) == []


def test_a_photo_in_two_pending_rows_counts_once(
    session: Session, release: Release, photos: list[int]
) -> None:
    write_scores(session, release, {photos[0]: flat(300)})
    session.add(Pending(release_id=release.id, photo_ids=[photos[0]]))
    session.flush()
    assert totals.publish(session) == 1
    assert totals.check(session) == []


def test_withdrawn_photos_leave_no_trace(
    session: Session, release: Release, photos: list[int]
) -> None:
    """Published in one release, waiting in another, scored in none."""
    other = make_release(session)
    write_scores(session, release, {photo_id: flat(300) for photo_id in photos})
    totals.publish(session)
    write_scores(session, other, {photo_id: flat(600) for photo_id in photos[:2]})
    unscored = make_photo(session, -70.5, -33.5).id
    totals.withdraw(session, [photos[0], photos[4], unscored])
    assert totals.check(session) == []
    assert counted(session) == 3
    assert (release.version, other.version) == (2, 0)
    assert session.scalars(select(Pending.photo_ids)).all() == [[photos[1]]]
    left = session.execute(select(score.c.release_id, score.c.photo_id)).all()
    assert sorted(left) == [*[(release.id, p) for p in photos[1:4]], (other.id, photos[1])]
    assert totals.publish(session) == 1
    assert totals.check(session) == []


def test_withdrawing_all_leaves_no_rows(
    session: Session, release: Release, photos: list[int]
) -> None:
    write_scores(session, release, {photo_id: flat(300) for photo_id in photos})
    totals.publish(session)
    assert all(rows_of(session, release))
    totals.withdraw(session, photos)
    assert rows_of(session, release) == [0] * 5


def test_withdrawing_from_one_release_leaves_the_others(
    session: Session, release: Release, photos: list[int]
) -> None:
    other = make_release(session)
    for each in (release, other):
        write_scores(session, each, {photo_id: flat(300) for photo_id in photos})
    totals.publish(session)
    totals.withdraw(session, photos[:2], other.id)
    assert totals.check(session) == []
    assert (release.version, other.version) == (1, 2)
    write_scores(session, other, {photos[0]: flat(999)})
    totals.publish(session)
    assert totals.check(session) == []


def test_withdrawing_nothing_changes_nothing(
    session: Session, release: Release, photos: list[int]
) -> None:
    write_scores(session, release, {photos[0]: flat(300)})
    totals.publish(session)
    totals.withdraw(session, [])
    totals.withdraw(session, [photos[1]])
    assert release.version == 1


def test_missing_scores_do_not_count(session: Session, release: Release, photos: list[int]) -> None:
    write_scores(session, release, {photos[0]: {"safety": 1000}, photos[1]: {"safety": 0}})
    totals.publish(session)
    row = session.execute(select(cell_total).where(cell_total.c.z == 5)).one()
    assert (row.n, row.n_safety, row.sum_safety) == (2, 2, 1000)
    assert (row.n_lively, row.sum_lively) == (0, 0)
    bins = session.execute(select(cell_histogram).where(cell_histogram.c.z == 5)).all()
    assert sorted((b.attribute, b.bin, b.n) for b in bins) == [(0, 0, 1), (0, 19, 1)]
    assert totals.check(session) == []


def test_layer_that_comes_later_counts_what_is_published(
    session: Session, release: Release, photos: list[int]
) -> None:
    write_scores(session, release, {photo_id: flat(300) for photo_id in photos[:3]})
    totals.publish(session)
    write_scores(session, release, {photos[3]: flat(300)})
    rows = [areas.AreaRow("z", "Zona", square(-70.45, -34, 1))]
    zone = Layer(key="zone", label_es="Zonas", label_en="Zones")
    assert totals.load_layer(session, zone, rows) == ["zone"]
    assert release.version == 2
    assert [each.n for each in areas.figures(session, release, "zone")] == [1 + 1]
    assert totals.check(session) == []
    totals.publish(session)
    assert totals.check(session) == []
    totals.drop_layer(session, "zone")
    assert release.version == 4
    assert totals.check(session) == []


def test_rebuilding_repairs_a_layer(session: Session, release: Release, photos: list[int]) -> None:
    write_scores(session, release, {photo_id: flat(300) for photo_id in photos})
    totals.publish(session)
    session.execute(area_total.update().values(n=area_total.c.n + 7))
    session.execute(area_histogram.delete())
    assert totals.check(session) != []
    for key in ("comuna", "city"):
        totals.rebuild_layer(session, key)
    assert totals.check(session) == []


def test_dropped_release_takes_its_totals_with_it(
    session: Session, release: Release, photos: list[int]
) -> None:
    other = make_release(session)
    for each in (release, other):
        write_scores(session, each, {photo_id: flat(300) for photo_id in photos[:4]})
    totals.publish(session)
    write_scores(session, release, {photos[4]: flat(300)})
    totals.drop_release(session, release.id)
    session.delete(release)
    session.flush()
    for table in (*TOTALS, score, Base.metadata.tables["pending"]):
        left = select(func.count()).select_from(table).where(table.c.release_id == release.id)
        assert session.scalar(left) == 0
    assert counted(session) == 4
    assert totals.check(session) == []


PLANTED: list[tuple[str, str]] = [
    ("cell_total", "UPDATE cell_total SET n = n + 1 WHERE z = 12"),
    ("cell_total", "UPDATE cell_total SET sum_beautiful = sum_beautiful - 1 WHERE z = 22"),
    ("cell_total", "UPDATE cell_total SET x = x + 1 WHERE z = 9"),
    ("cell_total", "DELETE FROM cell_total WHERE z = 5"),
    ("cell_total", "UPDATE cell_total SET release_id = release_id + 1000 WHERE z = 7"),
    ("cell_histogram", "UPDATE cell_histogram SET n = n - 1 WHERE z = 14 AND attribute = 5"),
    ("cell_histogram", "DELETE FROM cell_histogram WHERE z = 6"),
    ("area_total", "UPDATE area_total SET n_lively = n_lively + 1"),
    ("area_total", "DELETE FROM area_total"),
    ("area_cell_total", "UPDATE area_cell_total SET q = q + 1"),
    ("area_histogram", "UPDATE area_histogram SET bin = bin + 1"),
    ("photo_area", "DELETE FROM photo_area WHERE layer = 'comuna'"),
    ("photo_area", "UPDATE photo_area SET area_id = (SELECT min(id) FROM area)"),
    ("pending", "INSERT INTO pending (release_id, photo_ids) SELECT id, '{0}' FROM release"),
    ("cell_total", "DELETE FROM pending"),
    ("area_total", "UPDATE score SET score_safety = 1 WHERE score_safety = 300"),
    ("photo", "UPDATE photo SET x = x + 2"),
    ("photo", "UPDATE photo SET q = q + 1"),
    ("photo", "UPDATE photo SET location = ST_Translate(location, 1e-5, 0)"),
]


@pytest.mark.parametrize(("table", "statement"), PLANTED)
def test_recount_finds_what_was_planted(
    session: Session, release: Release, photos: list[int], table: str, statement: str
) -> None:
    write_scores(session, release, {photo_id: flat(300) for photo_id in photos[:4]})
    totals.publish(session)
    write_scores(session, release, {photos[4]: flat(300)})
    assert totals.check(session) == []
    assert session.execute(text(statement)).rowcount > 0  # type: ignore[attr-defined]
    assert table in {difference.table for difference in totals.check(session)}


def test_difference_says_where_and_what(
    session: Session, release: Release, photos: list[int]
) -> None:
    write_scores(session, release, {photos[0]: flat(300)})
    totals.publish(session)
    session.execute(text("UPDATE cell_total SET n = 3, sum_safety = 0 WHERE z = 22"))
    (found,) = totals.check(session)
    assert found.stored == {"n": 3, "sum_safety": 0}
    assert found.counted == {"n": 1, "sum_safety": 300}
    assert str(found) == (
        f"cell_total (release_id {release.id}, z 22, x {found.key['x']}, y {found.key['y']}): "
        "stored n 3, sum_safety 0, counted n 1, sum_safety 300"
    )
    session.execute(text("DELETE FROM cell_total WHERE z = 22"))
    (found,) = totals.check(session)
    assert found.stored is None
    assert str(found).endswith(
        "stored nothing, counted q "
        f"{found.counted and found.counted['q']}, n 1, "
        + ", ".join(f"n_{key} 1, sum_{key} 300" for key in KEYS)
    )


def test_differences_of_a_table_are_limited(
    session: Session, release: Release, photos: list[int]
) -> None:
    write_scores(session, release, {photo_id: flat(300) for photo_id in photos})
    totals.publish(session)
    session.execute(text("DELETE FROM cell_total"))
    session.execute(text("UPDATE photo SET q = q + 1"))
    found = [difference.table for difference in totals.check(session, limit=2)]
    assert found.count("cell_total") == 2
    assert found.count("photo") == 2


@pytest.mark.parametrize(
    "call",
    [
        totals.lock_shared,
        totals.lock_exclusive,
        totals.publish,
        totals.check,
        lambda session: totals.drop_release(session, 1),
    ],
)
def test_old_snapshots_are_refused(engine: Engine, call: Callable[[Session], object]) -> None:
    """What another transaction committed while this one waited for the lock must be seen."""
    bind = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(bind) as session, pytest.raises(RuntimeError, match="repeatable read"):
        call(session)


def test_photos_of_no_release_are_in_no_total(session: Session, photos: list[int]) -> None:
    assert totals.publish(session) == 0
    assert totals.check(session) == []
    assert session.scalar(select(func.count()).select_from(Photo)) == 5
    assert session.scalar(select(func.count()).select_from(photo_area)) == 4 * 2
