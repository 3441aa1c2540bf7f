"""Pictures on the map, on its still figure and in the panel: they lie where the data are, and show what is there."""

from dataclasses import replace
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image
from synthetic import GridSource, small_model

import timesen_nb as tn
from timesen_nb.model.words import WordCheck
from timesen_nb.plots import class_colours
from timesen_nb.widgets.answer_trust import NO_FIT, UNLIKE, Trust
from timesen_nb.widgets.card import ShareCard
from timesen_nb.widgets.layers import (
    Picture,
    WebGrid,
    class_picture,
    month_picture,
    palette,
    probability_picture,
)


@pytest.fixture
def source() -> GridSource:
    return GridSource()


def test_pictures_lie_where_the_data_are(source: GridSource) -> None:
    web = WebGrid.of(source.grid)
    blank = np.full((32, 32), 0.0)
    for picture in (
        month_picture(source.grid, 6),
        probability_picture(blank, web),
        class_picture(blank, class_colours(1), web),
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
    assert month_picture(grid, 1).url


def pixels(picture: Picture) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(picture.png)))


def middles(web: WebGrid, rows: int = 32, columns: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of a picture at which pixels of the cube, whole in it, have their middle."""
    height, width = web.index.shape
    down = ((np.arange(rows) + 0.5) / rows * height).astype(int)
    return down[2:-2], ((np.arange(columns) + 0.5) / columns * width).astype(int)[2:-2]


def test_a_sure_pixel_is_light_a_doubtful_one_dark_and_an_unknown_one_is_not_drawn(
    source: GridSource,
) -> None:
    web = WebGrid.of(source.grid)
    share = np.zeros((32, 32))
    share[:16], share[16:, 16:] = 1.0, np.nan
    drawn = pixels(probability_picture(share, web))
    down, across = middles(web)
    dark, light = np.round(255 * palette()[[0, -1]]).astype(int).tolist()
    assert drawn[down[2], across[2]].tolist() == [*light, 255]
    assert drawn[down[-3], across[2]].tolist() == [*dark, 255]
    assert drawn[down[-3], across[-3]].tolist() == [0, 0, 0, 0]
    assert sum(light) > 3 * sum(dark)


def test_a_class_is_drawn_in_its_colour_where_it_is(source: GridSource) -> None:
    web = WebGrid.of(source.grid)
    labels = np.zeros((32, 32))
    labels[:, 16:], labels[16:, :16] = 2.0, np.nan
    drawn = pixels(class_picture(labels, ["#102030", "#FFFFFF", "#405060"], web))
    down, across = middles(web)
    assert drawn[down[2], across[2]].tolist() == [0x10, 0x20, 0x30, 255]
    assert drawn[down[2], across[-3]].tolist() == [0x40, 0x50, 0x60, 255]
    assert drawn[down[-3], across[2], 3] == 0


@pytest.fixture
def app(source: GridSource) -> tn.ClickMap:
    app = tn.ClickMap(small_model(), source, task=["meadow", "maize", "lake"])
    app._landscape.settle(60)
    return app


def test_the_still_figure_has_picture_layer_and_place_where_the_live_map_has_them(
    app: tn.ClickMap, source: GridSource
) -> None:
    app.click(*source.place(5, 7))
    app.keep()
    app.click(*source.place(20, 9))
    app.map_view()
    figure = app.still()
    scene, bars, year, _ = figure.axes
    west, south, east, north = source.bounds
    assert scene.get_xlim() == pytest.approx((west, east))
    assert scene.get_ylim() == pytest.approx((south, north))
    below, above = scene.images
    for image, picture in ((below, app._landscape.picture), (above, app._layer.drawn.picture)):
        np.testing.assert_array_equal(image.get_array(), pixels(picture))
        w, s, e, n = picture.bounds
        assert image.get_extent() == pytest.approx([w, e, s, n])
        assert image.origin == "upper"
    assert below.get_alpha() == 1.0
    assert above.get_alpha() == app.view.opacity.value
    (marker,) = scene.lines
    np.testing.assert_allclose(marker.get_xydata(), [source.place(20, 9)])
    (flag,) = scene.texts
    assert flag.get_text() == "1"
    assert flag.xy == pytest.approx(source.place(5, 7))
    np.testing.assert_array_equal(year.lines[0].get_ydata(), app.result.series.values[:, 2] / 10_000)
    ranked = app.result.ranked()
    assert [bar.get_width() for bar in bars.patches] == pytest.approx([share for _, share in ranked])
    assert [t.get_text() for t in bars.get_yticklabels()] == [name for name, _ in ranked]
    assert bars.yaxis_inverted()  # the most probable one is above
    drawn = app._layer.drawn.classes
    legend = scene.get_legend()
    assert [t.get_text() for t in legend.texts] == list(drawn)
    assert [to_hex(h.get_facecolor()).upper() for h in legend.legend_handles] == list(drawn.values())
    figure.canvas.draw()
    assert legend.get_window_extent().y1 < scene.get_window_extent().y0  # on the map it would hide places


def test_the_still_figure_shows_what_is_found_alike_with_its_own_legend(
    app: tn.ClickMap, source: GridSource
) -> None:
    app.click(*source.place(5, 7))
    app.map_view()
    card = next(w for w in app.panel.year._buttons.children if isinstance(w, ShareCard))
    card.make.click()
    assert card.file.value
    app.find_alike()
    assert card.file.value == "", "it is the picture of another layer"
    app.view.opacity.value = 0.8
    figure = app.still()
    figure.draw_without_rendering()
    scene = figure.axes[0]
    layer = scene.images[1]
    np.testing.assert_array_equal(layer.get_array(), pixels(app._layer.drawn.picture))
    assert np.isclose((pixels(app._layer.drawn.picture)[..., 3] > 0).mean(), 0.05, atol=0.03)
    assert layer.get_alpha() == 0.8
    assert scene.get_legend() is None
    (bar,) = scene.child_axes
    assert bar.get_title().replace("\n", " ") == app.legend.text
    low, high = app.alike.threshold.value, float(app.alike.cosines.max())
    assert [t.get_text() for t in bar.get_xticklabels()][::2] == [f"{low:.3f}", f"{high:.3f}"]
    box = bar.get_tightbbox()
    assert figure.bbox.y0 <= box.y0
    assert box.y1 <= scene.get_tightbbox(for_layout_only=True).y1
    app.map_view("lake")
    (bar,) = app.still().axes[0].child_axes
    assert bar.get_title() == "How well 'lake' fits"


def test_the_still_figure_warns_as_the_panel_does(app: tn.ClickMap, source: GridSource) -> None:
    app.click(*source.place(5, 7))
    unknown = WordCheck("maiz", ("maiz",), "maize")
    doubt = Trust(checks=(unknown,), fits=False, inside=False)
    app.session.result = replace(app.result, trust=doubt)
    figure = app.still()
    _, bars, *_ = figure.axes
    notes = {t.get_text(): t for t in bars.texts}
    assert set(app.result.notes) <= set(notes)
    assert len(app.result.notes) == 3
    assert notes[UNLIKE].get_weight() == notes[NO_FIT].get_weight() == "bold"
    figure.draw_without_rendering()
    # the gravest first, below the headline, and nothing over anything else
    rows = [notes[note].get_window_extent() for note in app.result.notes]
    headline = bars._left_title.get_window_extent()
    for above, below in pairwise([headline, *rows, bars.get_window_extent()]):
        assert above.y0 >= below.y1 - 1
    assert max(row.x1 for row in [headline, *rows]) <= figure.bbox.x1
    assert headline.y1 <= figure.bbox.y1


def test_the_panel_has_bars_as_long_as_probabilities_and_views_in_their_directions(
    app: tn.ClickMap, source: GridSource
) -> None:
    answer = app.click(*source.place(5, 7))
    rows = [row.children for row in app.panel._bars.children[:3]]
    shown = [(name.value, bar.value) for name, bar, _ in rows]
    assert shown == [(name, pytest.approx(share)) for name, share in answer.ranked()]
    assert (rows[0][1].min, rows[0][1].max) == (0, 1)
    views = [
        np.full((4, 6, 3), level, dtype=np.uint8) for level in (10, 20, 30, 40)
    ]  # north, east, south, west
    app.panel.show_views(views, month=6)
    when, row = app.panel._ground.children
    assert "June" in when.value
    seen = [
        (caption.value, np.asarray(Image.open(BytesIO(drawing.data)))[0, 0, 0])
        for drawing, caption in (pair.children for pair in row.children)
    ]
    assert seen == [("looking north", 10), ("looking east", 20), ("looking south", 30), ("looking west", 40)]
