"""Sentinel-2's own grid: which pixel a place lies in, and which window covers a box."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyproj import Transformer

from timesen_nb.sources.grid import PIXEL, Grid, Pixel, check_bbox, from_degrees, halves, pixel_at, utm_epsg

lons, lats = st.floats(-180, 180), st.floats(-79.9, 83.9)


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (4.36, 50.85, 32631),
        (-46.6, -23.5, 32723),
        (180.0, 10.0, 32660),
        (-180.0, 10.0, 32601),
        (5.3, 60.4, 32632),  # Bergen: zone 32 is wider in southern Norway
        (5.3, 50.4, 32631),
        (15.6, 78.2, 32633),  # Longyearbyen: zones are wider round Svalbard
        (8.9, 75.0, 32631),
        (9.1, 75.0, 32633),
        (0.0, 0.0, 32631),
    ],
)
def test_the_zone_is_that_of_the_tiles(lon: float, lat: float, epsg: int) -> None:
    assert utm_epsg(lon, lat) == epsg


@pytest.mark.parametrize("lat", [84.01, 90, -80.01, -90])
def test_there_is_no_grid_at_the_poles(lat: float) -> None:
    with pytest.raises(ValueError, match="at a pole"):
        pixel_at(10, lat)


@given(lons, lats)
def test_a_place_lies_in_its_pixel(lon: float, lat: float) -> None:
    pixel = pixel_at(lon, lat)
    x, y = from_degrees(pixel.epsg).transform(lon, lat)
    cx, cy = pixel.centre
    assert abs(x - cx) <= PIXEL / 2 + 1e-6
    assert abs(y - cy) <= PIXEL / 2 + 1e-6


@given(lons, lats)
def test_the_centre_of_a_pixel_lies_in_it(lon: float, lat: float) -> None:
    pixel = pixel_at(lon, lat)
    there = pixel.place
    assert -180 <= there[0] <= 180
    assume(utm_epsg(*there) == pixel.epsg)  # at a zone's edge the centre may lie beyond it
    assume(abs(there[0]) < 180)
    assert pixel_at(*there) == pixel


@given(lons, lats, st.floats(1e-4, 0.02), st.floats(1e-4, 0.02))
def test_a_window_covers_its_box(lon: float, lat: float, width: float, height: float) -> None:
    assume(lat > -79.9 and lat + height < 83.9)
    box = (lon, lat, lon + width, lat + height)
    grid = Grid.over(box)
    to_zone = Transformer.from_crs(4326, grid.corner.epsg, always_xy=True)
    x, y = to_zone.transform([box[0], box[0], box[2], box[2]], [box[1], box[3], box[1], box[3]])
    assert min(x) >= grid.x[0] - 5 - 1e-6
    assert max(x) <= grid.x[-1] + 5 + 1e-6
    assert max(y) <= grid.y[0] + 5 + 1e-6
    assert min(y) >= grid.y[-1] - 5 - 1e-6
    assert grid.shape == (len(grid.y), len(grid.x))


@pytest.mark.parametrize("middle", [179.999, -179.999])
def test_a_window_may_cross_the_date_line(middle: float) -> None:
    west, east = middle % 360 - 0.004, middle % 360 + 0.004
    grid = Grid.over((west, -17.001, east, -17.0))
    assert grid.corner.epsg == (32760 if middle > 0 else 32701)
    assert 80 < grid.width < 90
    assert Grid.over((west, -17.001, east - 360, -17.0)) == grid


@given(st.lists(st.tuples(st.floats(4.0, 4.02), st.floats(50.0, 50.02)), min_size=1, max_size=9))
def test_a_window_around_pixels_is_the_smallest(places: list[tuple[float, float]]) -> None:
    pixels = [pixel_at(*place) for place in places]
    grid = Grid.around(pixels)
    rows = {grid.corner.row - p.row for p in pixels}
    columns = {p.column - grid.corner.column for p in pixels}
    assert (min(rows), max(rows) + 1) == (0, grid.height)
    assert (min(columns), max(columns) + 1) == (0, grid.width)
    for p in pixels:
        assert np.isclose(grid.x[p.column - grid.corner.column], p.centre[0])
        assert np.isclose(grid.y[grid.corner.row - p.row], p.centre[1])


def test_keys_of_different_places_differ() -> None:
    pixels = {pixel_at(4 + i / 1000, 50) for i in range(50)}
    keys = {p.key for p in pixels} | {Grid(p, 3, 4).key for p in pixels} | {Grid(p, 4, 3).key for p in pixels}
    assert len(keys) == 3 * len(pixels)


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ((1, 2, 3), "expected four numbers"),
        ("here", "expected four numbers"),
        ((179, 0, -179, 1), "date line"),
        ((4, 50, 4, 51), "west < east"),
        ((4, 51, 5, 50), "south < north"),
        ((4, 50, 5, 95), "expected longitude"),
    ],
)
def test_boxes_that_are_none_are_refused(box: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_bbox(box)


def test_a_box_over_the_date_line_is_two() -> None:
    assert halves((4.0, 50.0, 5.0, 51.0)) == [(4.0, 50.0, 5.0, 51.0)]
    assert halves((179.0, -18.0, 182.5, -17.0)) == [
        (179.0, -18.0, 180.0, -17.0),
        (-180.0, -18.0, -177.5, -17.0),
    ]


@pytest.mark.parametrize(("width", "height", "side"), [(5, 3, 2), (512, 300, 256), (1, 1, 9), (7, 7, 7)])
def test_blocks_of_a_window_are_all_of_it_in_even_parts(width: int, height: int, side: int) -> None:
    grid = Grid(Pixel(32631, 100, 200), width, height)
    rows = grid.blocks(side)
    assert np.array_equal(np.concatenate([block.x for block in rows[0]]), grid.x)
    assert np.array_equal(np.concatenate([row[0].y for row in rows]), grid.y)
    sizes = [size for row in rows for block in row for size in block.shape]
    assert max(sizes) <= side
    for row in rows:
        assert len({block.height for block in row}) == 1
        assert np.array_equal(row[0].y, row[-1].y)
    assert max(b.width for b in rows[0]) - min(b.width for b in rows[0]) <= 1


def test_the_corners_of_a_window() -> None:
    corners = Grid(Pixel(32631, 100, 200), 5, 3).corners
    assert {(c.column, c.row) for c in corners} == {(100, 200), (104, 200), (100, 198), (104, 198)}


@pytest.mark.parametrize(
    ("box", "size"),
    [
        ((-180, -80, 180, 84), "4,007,520 by 1,825,648"),
        ((170, -80, 169, 84), "3,996,388 by 1,825,648"),
        ((-180, 10, 180, 10.01), "4,007,520 by 111 pixels"),
        ((-10, 35, 30, 60), "52,302 GB"),
    ],
)
def test_a_box_that_is_too_large_is_said_with_its_size(box: tuple[float, ...], size: str) -> None:
    with pytest.raises(ValueError, match=r"at most 4,294,967,296 pixels.*Give a smaller box") as refused:
        Grid.over(box)
    assert size in str(refused.value)


def test_a_country_is_not_too_large() -> None:
    assert Grid.over((2.5, 49.5, 6.4, 51.5)).width == 28238
