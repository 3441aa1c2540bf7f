"""Pictures on the map and charts beside it: they lie where the data are, and show what is there."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from synthetic import GridSource

import timesen_nb as tn
from timesen_nb.widgets.charts import class_legend, class_shades, series_chart
from timesen_nb.widgets.layers import WebGrid, class_picture, probability_picture, true_colour


@pytest.fixture
def source() -> GridSource:
    return GridSource()


def test_pictures_lie_where_the_data_are(source: GridSource) -> None:
    web = WebGrid.of(source.grid)
    blank = np.full((32, 32), 0.0)
    for picture in (
        true_colour(source.grid, 6),
        probability_picture(blank, web),
        class_picture(blank, np.ones((1, 3)), web),
    ):
        assert picture.url.startswith("data:image/png;base64,")
        np.testing.assert_allclose(picture.bounds, source.bounds, atol=0.0003)


def test_every_pixel_of_a_picture_is_the_one_below_it(source: GridSource) -> None:
    """A pixel's place, looked up in the picture, shows that pixel's class."""
    web = WebGrid.of(source.grid)
    west, south, east, north = web.bounds
    height, width = web.index.shape
    numbers = np.arange(32 * 32, dtype=float).reshape(32, 32)
    laid = web.lay(numbers)
    for column, row in [(0, 0), (31, 0), (10, 20), (31, 31), (0, 31)]:
        lon, lat = source.place(column, row)
        across, down = (lon - west) / (east - west) * width, (north - lat) / (north - south) * height
        near = laid[max(0, int(down) - 1) : int(down) + 2, max(0, int(across) - 1) : int(across) + 2]
        assert numbers[row, column] in near


def test_a_huge_cube_is_drawn_thinly() -> None:
    grid = GridSource().grid.isel(month=slice(0, 1)).pad(x=(0, 1500), constant_values=1.0)
    grid = grid.assign_coords(x=500_005.0 + 10 * np.arange(1532))
    web = WebGrid.of(grid)
    assert web.step == 3
    assert max(web.index.shape) < 800
    assert true_colour(grid, 1).url


def test_the_chart_breaks_at_missing_months(source: GridSource) -> None:
    values = np.full((12, 10), 1000.0)
    valid = np.ones(12, dtype=bool)
    valid[[0, 5, 6]] = False
    series = tn.PixelSeries(values, valid, 3.0, 50.0, 2018, "made up")
    tree = ET.fromstring(series_chart(series))
    name = "{http://www.w3.org/2000/svg}"
    assert "missing: January, June, July" in tree.find(f"{name}title").text
    hatched = [r for r in tree.iter(f"{name}rect") if r.get("fill") == "url(#gap)"]
    assert len(hatched) == 2 * 3
    lines = [line.get("points").split() for line in tree.iter(f"{name}polyline")]
    assert [len(points) for points in lines] == [4, 5] * 6


def test_a_series_can_be_drawn_with_matplotlib(source: GridSource) -> None:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    axes = source.pixel(*source.place(3, 3)).plot()
    assert "2018" in axes.get_title(loc="left")
    plt.close(axes.figure)


def test_of_many_classes_the_largest_have_a_colour_and_the_others_are_named_together() -> None:
    area = np.array([0.01] * 10 + [0.3, 0.6])
    shades = class_shades(area)
    assert len({tuple(shade) for shade in shades.tolist()}) == 8
    words = "".join(ET.fromstring(class_legend([f"kind {k}." for k in range(12)], area, shades)).itertext())
    assert "kind 11. · 60 %" in words
    assert "5 others · 5 %" in words
