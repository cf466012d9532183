"""Keys of cells against the grid's definition, written as loops over bits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cells import Box, block, bounds, cell_key, deinterleave, interleave, key_of
from app.cells.keys import key_ranges
from app.errors import BadRequest, TileNotFound

SIZE = 1 << 25
longitudes = st.floats(-180, 180)
latitudes = st.floats(-85.05, 85.05)


def morton(x: int, y: int) -> int:
    return sum((x >> bit & 1) << 2 * bit | (y >> bit & 1) << 2 * bit + 1 for bit in range(25))


def grid_position(lon: float, lat: float) -> tuple[float, float]:
    """The textbook formula, in cells of zoom 25; app.cells uses another form of it."""
    down = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return (lon + 180) / 360 * SIZE, down * SIZE


@given(longitudes, latitudes)
def test_point_is_in_its_cell(lon: float, lat: float) -> None:
    q, x, y = key_of(lon, lat)
    across, down = grid_position(lon, lat)
    assert 0 <= x < SIZE
    assert 0 <= y < SIZE
    assert x - 1e-5 <= across <= x + 1 + 1e-5
    assert y - 1e-5 <= down <= y + 1 + 1e-5
    assert q == morton(x, y)


@given(st.lists(st.tuples(longitudes, latitudes), min_size=1, max_size=50))
def test_arrays_are_many_scalars(points: list[tuple[float, float]]) -> None:
    lons, lats = zip(*points, strict=True)
    q, x, y = key_of(np.array(lons), np.array(lats))
    for i, (lon, lat) in enumerate(points):
        one = key_of(lon, lat)
        # The vector unit may round the last digit otherwise than the scalar one.
        assert abs(int(x[i]) - one[1]) <= 1
        assert abs(int(y[i]) - one[2]) <= 1
        assert int(q[i]) == morton(int(x[i]), int(y[i]))


@given(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1))
def test_interleaving_is_bit_by_bit_and_comes_back(x: int, y: int) -> None:
    q = interleave(np.array([x]), np.array([y]))
    assert q.tolist() == [morton(x, y)]
    assert [values.tolist() for values in deinterleave(q)] == [[x], [y]]


@given(longitudes, latitudes, st.integers(0, 24))
def test_coarser_cell_is_a_prefix_of_the_key(lon: float, lat: float, z: int) -> None:
    q, x, y = key_of(lon, lat)
    shift = 25 - z
    assert cell_key(z, x >> shift, y >> shift) == q >> 2 * shift


def test_edges_belong_to_the_cell_east_and_south() -> None:
    assert key_of(0.0, 0.0)[1:] == (SIZE // 2, SIZE // 2)
    assert key_of(-1e-9, 1e-9)[1:] == (SIZE // 2 - 1, SIZE // 2 - 1)
    assert key_of(90.0, 0.0)[1] == SIZE * 3 // 4


def test_antimeridian_has_a_cell_on_either_side() -> None:
    assert key_of(-180.0, 0.0)[1] == 0
    assert key_of(180.0, 0.0)[1] == SIZE - 1


def test_poles_end_at_85_05() -> None:
    assert 0 <= key_of(0.0, 85.05)[2] < SIZE // 10_000
    assert SIZE - SIZE // 10_000 < key_of(0.0, -85.05)[2] < SIZE


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        *((0, 85.051), (0, -85.051), (0, 90), (180.001, 0), (-181, 0)),
        *((math.nan, 0), (0, math.nan), (math.inf, 0), (0, -math.inf)),
    ],
)
def test_there_is_no_cell_elsewhere(lon: float, lat: float) -> None:
    with pytest.raises(BadRequest, match="There is no place at longitude"):
        key_of(lon, lat)


def test_the_first_bad_point_of_many_is_named() -> None:
    with pytest.raises(BadRequest, match="latitude -91"):
        key_of([-70.0, -70.0, -70.0], [-33.0, -91.0, -95.0])


@pytest.mark.parametrize("address", [(5, 32, 0), (5, 0, 32), (5, -1, 0), (-1, 0, 0), (26, 0, 0)])
def test_cell_outside_of_the_grid_is_not_found(address: tuple[int, int, int]) -> None:
    with pytest.raises(TileNotFound):
        cell_key(*address)


@given(st.integers(0, 14), st.data())
def test_block_of_a_cells_own_box_is_that_cell(z: int, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, (1 << z) - 1))
    # The outermost rows reach beyond the latitudes that photos may have.
    y = data.draw(st.integers(1, (1 << z) - 2)) if z > 1 else 0
    assert block(bounds(z, x, y), z)[:2] == (x, y)
    if z > 1:
        assert block(bounds(z, x, y), z) == (x, y, 1, 1)


def test_block_wraps_around_the_antimeridian() -> None:
    box = Box(west=179.0, south=-1.0, east=-179.0, north=1.0)
    x, y, columns, rows = block(box, 5)
    assert (x, columns) == (31, 2)
    assert (y, rows) == (15, 2)
    assert bounds(5, x, y, columns, rows).west == pytest.approx(168.75)
    assert bounds(5, x, y, columns, rows).east == pytest.approx(-168.75)


def test_block_of_the_world_is_the_grid() -> None:
    assert block(Box(-180, -90, 180, 90), 5) == (0, 0, 32, 32)


@given(st.integers(3, 14), st.data())
def test_key_ranges_hold_each_cell_once(z: int, data: st.DataObject) -> None:
    size = 1 << z
    x = data.draw(st.integers(0, size - 1))
    y = data.draw(st.integers(0, size - 1))
    columns = data.draw(st.integers(1, min(size, 32)))
    rows = data.draw(st.integers(1, min(size - y, 32)))
    firsts, lasts = key_ranges(z, x, y, columns, rows)
    keys = [q for first, last in zip(firsts, lasts, strict=True) for q in range(first, last + 1)]
    expected = {cell_key(z, (x + i) % size, y + j) for i in range(columns) for j in range(rows)}
    assert sorted(keys) == sorted(expected)
    assert all(second - first > 1 for first, second in zip(lasts, firsts[1:], strict=False))
