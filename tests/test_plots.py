"""Figures: each mark stands where its value says, and classes can be told apart by the colour-blind."""

from collections.abc import Iterator
from itertools import combinations
from types import SimpleNamespace

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from matplotlib.text import Text

import timesen_nb as tn
from timesen_nb.bands import BANDS
from timesen_nb.plots import (
    AREAS,
    class_colours,
    plot_confusion,
    plot_map,
    plot_reliability,
    plot_report,
    plot_series,
)
from timesen_nb.plots.colours import NEUTRAL, as_rgb


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


# A year


def series(*missing: int) -> tn.PixelSeries:
    """Red light from 100 in January to 1200 in December (x 10000), everything else 3600; missing: months, 1 to 12."""
    values = np.full((12, 10), 3600.0)
    values[:, tn.BANDS.index("B4")] = 100.0 * np.arange(1, 13)
    valid = np.array([m not in missing for m in range(1, 13)])
    return tn.PixelSeries(values, valid, 3.0, 50.0, 2018, "made up")


def line(ax: plt.Axes, label: str) -> np.ndarray:
    """(n, 2) data coordinates of a line."""
    (found,) = [drawn for drawn in ax.lines if drawn.get_label().startswith(label)]
    return found.get_xydata()


def test_a_year_is_drawn_month_by_month_with_higher_values_higher_up() -> None:
    ax = plot_series(series())
    right = ax.figure.axes[1]
    months = np.arange(1, 13)
    np.testing.assert_allclose(line(ax, "red"), np.stack([months, 0.01 * months], axis=1), rtol=1e-6)
    np.testing.assert_allclose(line(ax, "near infrared")[:, 1], 0.36, rtol=1e-6)
    ndvi = (3600 - 100 * months) / (3600 + 100 * months)
    np.testing.assert_allclose(line(right, "NDVI"), np.stack([months, ndvi], axis=1), rtol=1e-6)
    assert [t.get_text() for t in ax.get_xticklabels()] == [name[:3] for name in tn.MONTHS]
    assert ax.get_xticks().tolist() == months.tolist()
    for axis in (ax, right):
        low, high = axis.get_ylim()
        assert low < high
    assert not ax.patches
    assert "2018" in ax.get_title(loc="left")


@pytest.mark.parametrize("month", [1, 6, 12])
def test_the_shaded_column_is_the_missing_month(month: int) -> None:
    ax = plot_series(series(month))
    (shade,) = ax.patches
    left, _, width, _ = shade.get_bbox().bounds
    assert (left, width) == (month - 0.5, 1)
    assert np.isnan(line(ax, "red")[month - 1, 1])
    assert np.isfinite(line(ax, "red")[:, 1]).sum() == 11


# A region


def region(classes: list[str], label: np.ndarray) -> xr.Dataset:
    """A map of 10 m pixels in UTM 31N, as ``map_region`` makes it."""
    import rioxarray  # noqa: F401

    rows, columns = label.shape
    y, x = 5_600_000 + 10 * np.arange(rows)[::-1] + 5, 500_000 + 10 * np.arange(columns) + 5
    about = {"classes": classes, "colours": class_colours(len(classes))}
    array = xr.DataArray(label.astype(np.int16), {"y": y, "x": x}, ("y", "x"), attrs=about)
    return xr.Dataset({"label": array}).rio.write_crs("EPSG:32631")


def test_a_map_lies_in_metres_in_the_colours_of_its_classes() -> None:
    label = np.array([[0, 1, 1, 1], [2, 2, -1, 1]])
    ax = plot_map(region(["meadow", "maize", "lake"], label))
    (image,) = ax.images
    assert image.get_extent() == [500_000, 500_040, 5_600_000, 5_600_020]  # left, right, bottom, top
    drawn = [[to_hex(pixel).upper() for pixel in row] for row in image.get_array()]
    a, b, c = class_colours(3)
    assert drawn == [[a, b, b, b], [c, c, "#FFFFFF", b]]
    assert image.origin == "upper"  # the first row is the north
    handles = ax.get_legend().legend_handles
    shown = [
        (t.get_text(), to_hex(h.get_facecolor()).upper())
        for t, h in zip(ax.get_legend().texts, handles, strict=True)
    ]
    assert shown == [("maize", b), ("lake", c), ("meadow", a), ("no data", "#FFFFFF")]


@pytest.mark.parametrize(
    ("crs", "names"),
    [
        ("EPSG:32631", ("metres east (EPSG:32631)", "metres north")),
        ("EPSG:4326", ("longitude (EPSG:4326)", "latitude")),
        ("EPSG:2263", ("US survey foot east (EPSG:2263)", "US survey foot north")),
    ],
)
def test_the_axes_of_a_map_say_what_they_count(crs: str, names: tuple[str, str]) -> None:
    ax = plot_map(region(["meadow", "lake"], np.array([[0, 1], [1, 0]])).rio.write_crs(crs))
    assert (ax.get_xlabel(), ax.get_ylabel()) == names


def test_a_large_map_is_thinned_and_stays_where_it_is() -> None:
    label = np.zeros((20, 2400), dtype=int)
    label[:, 1200:] = 1
    ax = plot_map(region(["meadow", "lake"], label))
    (image,) = ax.images
    assert image.get_array().shape[:2] == (7, 800)
    assert image.get_extent()[:2] == [500_000, 524_000]
    west, east = image.get_array()[3, 399], image.get_array()[3, 400]
    assert [to_hex(west).upper(), to_hex(east).upper()] == class_colours(2)


# Reports


def test_confusion_has_the_truth_in_rows_and_shares_of_it_as_colours() -> None:
    table = pd.DataFrame([[3, 1, 0], [0, 0, 0], [5, 0, 5]], index=list("abc"), columns=list("abc"))
    ax = plot_confusion(table)
    (image,) = ax.images
    np.testing.assert_allclose(image.get_array(), [[0.75, 0.25, 0], [0, 0, 0], [0.5, 0, 0.5]])
    written = {t.get_position(): t.get_text() for t in ax.texts}
    assert written == {(0, 0): "3", (1, 0): "1", (0, 2): "5", (2, 2): "5"}  # (column, row)
    assert ax.yaxis_inverted()
    assert ax.get_ylabel() == "true"


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        ([[0.5, 0.43], [0.0, 0.07]], ["0.50", "0.43", "0.07"]),
        ([[12.4, 3.6], [0.3, 0.0]], ["12.4", "3.6", "0.3"]),
        ([[1.0, 0.0], [0.0, 12.0]], ["1", "12"]),
        ([[3], [4]], ["3", "4"]),  # one class was never predicted
    ],
)
def test_shares_and_areas_are_written_as_they_are(cells: list, written: list[str]) -> None:
    ax = plot_confusion(pd.DataFrame(cells, list("ab"), list("ab")[: len(cells[0])]))
    assert [t.get_text() for t in ax.texts] == written
    assert [t.get_text() for t in ax.get_xticklabels()] == list("ab")[: len(cells[0])]
    with pytest.raises(ValueError, match="holds -1; expected counts, areas or shares"):
        plot_confusion(pd.DataFrame([[-1.0]]))


def test_reliability_has_accuracy_over_confidence_and_shares_as_bars() -> None:
    table = pd.DataFrame(
        {
            "low": [0.0, 0.5],
            "high": [0.5, 1.0],
            "confidence": [0.4, 0.9],
            "accuracy": [0.2, 0.7],
            "places": [1, 3],
        }
    )
    ax = plot_reliability(table, label="mine")
    np.testing.assert_allclose(line(ax, "true probabilities"), [[0, 0], [1, 1]])
    np.testing.assert_allclose(line(ax, "mine"), [[0.4, 0.2], [0.9, 0.7]])
    bars = [bar.get_bbox().bounds for bar in ax.patches]
    np.testing.assert_allclose(bars, [(0, 0, 0.5, 0.25), (0.5, 0, 0.5, 0.75)])  # left, bottom, width, height
    plot_reliability(table.assign(accuracy=[0.4, 0.9]), ax, label="other")
    np.testing.assert_allclose(line(ax, "other"), [[0.4, 0.4], [0.9, 0.9]])
    assert len({drawn.get_color() for drawn in ax.lines}) == 3
    assert len([d for d in ax.lines if d.get_linestyle() == "--"]) == 1  # the diagonal is drawn once


def test_a_report_has_bars_in_percent_intervals_and_the_paper_s_marks() -> None:
    rows = [
        ("land_cover", "names", 0.5),
        ("land_cover", "template", 0.6),
        ("crops", "names", 0.3),
        ("crops", "template", 0.4),
    ]
    scores = pd.DataFrame(rows, columns=["task", "prompts", "top1"])
    scores = scores.assign(model="m", T=12, top1_low=scores["top1"] - 0.1, top1_high=scores["top1"] + 0.2)
    columns = pd.MultiIndex.from_product([["land_cover", "crops"], ["names", "template"]])
    index = pd.MultiIndex.from_tuples([("paper: TimeSenCLIP, 1 px", 12)])
    paper = pd.DataFrame([[51.0, 61.0, 31.0, np.nan]], index=index, columns=columns)
    ax = plot_report(SimpleNamespace(scores=scores, paper=paper))
    bars = [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in ax.patches]
    np.testing.assert_allclose(bars, [(-0.125, 50), (0.875, 30), (0.125, 60), (1.125, 40)])
    intervals = [segment[:, 1] for drawn in ax.collections for segment in drawn.get_segments()]
    np.testing.assert_allclose(intervals, [(40, 70), (20, 50), (50, 80), (30, 60)])
    marks = [
        tuple(point)
        for d in ax.lines
        if d.get_marker() == "_" and d.get_markersize() == 13
        for point in d.get_xydata()
    ]
    np.testing.assert_allclose(marks, [(-0.125, 51), (0.875, 31), (0.125, 61), (1.125, np.nan)])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["land cover", "crops"]
    assert ax.get_ylim() == (0, 100)


# Colours


def test_classes_have_the_same_colours_in_the_click_map_and_in_a_region() -> None:
    """Twelve classes, more than there are colours made by hand."""
    from io import BytesIO

    from PIL import Image
    from synthetic import GridSource, small_model

    kinds = [
        "maize",
        "wheat",
        "rye",
        "barley",
        "hops",
        "flax",
        "beans",
        "peas",
        "clover",
        "potatoes",
        "rape",
        "oats",
    ]
    words = [f"a field of {kind}" for kind in kinds]
    app = tn.ClickMap(small_model(), GridSource(), task=words)
    app.map_view()
    drawn = app._layer.drawn
    maps = tn.map_region(small_model().zero_shot(words), GridSource().grid, progress=False)
    assert maps.label.attrs["colours"] == class_colours(words) == app.session.colours_of(words)
    assert drawn.classes == {words[k]: class_colours(words)[k] for k in np.unique(maps.label) if k >= 0}
    pixels = np.asarray(Image.open(BytesIO(drawn.picture.png)))
    seen = {tuple(pixel[:3]) for pixel in pixels[pixels[..., 3] > 0].tolist()}
    assert seen == {tuple(rgb) for rgb in as_rgb(list(drawn.classes.values())).tolist()}


def test_as_many_colours_as_classes_and_no_two_the_same() -> None:
    assert class_colours(8) == list(AREAS)
    assert class_colours(3) == list(AREAS[:3])
    assert len(set(class_colours(300))) > 290
    assert as_rgb(["#A63278", "#010203"]).tolist() == [[0xA6, 0x32, 0x78], [1, 2, 3]]


#: What linear RGB becomes for an eye that lacks one kind of cone: Machado, Oliveira and Fernandes (2009), severity 1.
EYES = {
    "all cones": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ.sum(axis=1)


def seen(colour: str, eye: str) -> np.ndarray:
    """CIE Lab of #RRGGBB as an eye sees it."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    t = TO_XYZ @ np.clip(np.array(EYES[eye]) @ linear, 0, 1) / WHITE
    x, y, z = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eye", EYES)
def test_no_two_classes_of_a_map_look_alike(eye: str) -> None:
    """A difference of 2.3 can just be seen side by side; across a map it takes some ten times that."""
    for a, b in combinations(AREAS, 2):
        assert np.linalg.norm(seen(a, eye) - seen(b, eye)) > 24, f"{a} and {b}"
    for a, b in combinations((*AREAS, *NEUTRAL), 2):
        assert np.linalg.norm(seen(a, eye) - seen(b, eye)) > 19, f"{a} and {b}"


@pytest.mark.parametrize("task", ["crops", "habitat", "country"])
def test_classes_of_a_long_list_are_told_apart_and_none_is_no_data(task: str) -> None:
    names = tn.tasks[task].classes
    drawn = [*class_colours(names), "#FFFFFF"]
    apart = {
        (a, b): np.linalg.norm(seen(a, "all cones") - seen(b, "all cones")) for a, b in combinations(drawn, 2)
    }
    assert min(apart.values()) > 10, min(apart, key=lambda pair: apart[pair])
    assert class_colours([*names, "one more"])[: len(names)] == drawn[:-1]


# Text of users


@pytest.mark.parametrize("word", ["$x^2$", "US$ 5 and $6", r"\$\frac$", "$", "_wood", "100 %"])
def test_words_are_drawn_letter_by_letter(word: str) -> None:
    """What a drawing shows is compared with what it shows of the same letters where mathematics are off."""
    table = pd.DataFrame(np.eye(2), index=[word, "b"], columns=[word, "b"])
    bins = pd.DataFrame({"low": [0.0], "high": [1.0], "confidence": [0.4], "accuracy": [0.2], "places": [1]})
    label = xr.DataArray(
        np.zeros((2, 2), int),
        {"y": [15.0, 5.0], "x": [5.0, 15.0]},
        ("y", "x"),
        attrs={"classes": [word], "colours": ["#ff0000"]},
    )
    scores = pd.DataFrame([(word, "names", 0.5, "m", 12, 0.4, 0.6)],
                          columns=["task", "prompts", "top1", "model", "T", "top1_low", "top1_high"])  # fmt: skip
    paper = pd.DataFrame(columns=pd.MultiIndex.from_tuples([(word, "names")]))
    year = tn.PixelSeries(np.full((12, 10), 900.0), np.ones(12, bool), 3.0, 50.0, 2018, word)
    drawn = {
        "confusion": plot_confusion(table),
        "reliability": plot_reliability(bins, label=word),
        "map": plot_map(xr.Dataset({"label": label}).rio.write_crs(32631)),
        "report": plot_report(SimpleNamespace(scores=scores, paper=paper)),
        "model's name": plot_report(SimpleNamespace(scores=scores.assign(model=word, task="a"), paper=paper)),
        "series": plot_series(year),
    }
    for name, ax in drawn.items():
        texts = [text._preprocess_math(text.get_text()) for text in ax.figure.findobj(Text)]
        shown = word.replace("_", " ") if name == "report" else word
        assert any(shown in seen for seen, _ in texts), name
        assert not any(mathematics for _, mathematics in texts), name
        ax.figure.canvas.draw()


def test_the_year_of_water_is_seen() -> None:
    values = np.full((12, 10), 100.0, dtype=np.float32)
    values[:, BANDS.index("B4")], values[3, BANDS.index("B4")] = 300, -20
    series = tn.PixelSeries(values, np.ones(12, bool), 3.0, 50.0, 2018, "a lake")
    left = plot_series(series)
    right = left.figure.axes[1]
    assert right.get_ylim()[0] < np.nanmin(series.ndvi)
    assert left.get_ylim()[0] <= -0.002
