"""The charts beside the map, read back from their SVG: each value stands at its month, higher values higher up."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

import timesen_nb as tn
from timesen_nb.bands import BANDS, MONTHS
from timesen_nb.widgets.charts import colour_bar, compare_chart, field_chart, series_chart, years_chart

SVG = "{http://www.w3.org/2000/svg}"
VERMILION, GREEN = "#D55E00", "#009E73"  # red light, NDVI


def year(missing: tuple[int, ...] = (), **bands: np.ndarray | float) -> tn.PixelSeries:
    """A series whose bands hold what is given (x 10000) and else 1000; missing: months, 1 to 12."""
    values = np.full((12, 10), 1000.0)
    for band, level in bands.items():
        values[:, BANDS.index(band)] = level
    valid = np.ones(12, dtype=bool)
    valid[[m - 1 for m in missing]] = False
    return tn.PixelSeries(values, valid, 3.0, 50.0, 2018, "made up")


def lines(tree: ET.Element, colour: str) -> list[np.ndarray]:
    """(n, 2) pixels from the left and from the top of each stretch of a line."""
    found = [line for line in tree.iter(f"{SVG}polyline") if line.get("stroke") == colour]
    return [np.array([point.split(",") for point in line.get("points").split()], float) for line in found]


def texts(tree: ET.Element) -> dict[str, tuple[float, float]]:
    """Where each text stands, pixels from the left and from the top; of a chart above another, those of the upper."""
    found: dict[str, tuple[float, float]] = {}
    for t in tree.iter(f"{SVG}text"):
        found.setdefault(t.text, (float(t.get("x")), float(t.get("y"))))
    return found


def test_values_stand_above_their_months_and_beside_their_ticks() -> None:
    tree = ET.fromstring(series_chart(year(B4=np.linspace(0, 4000, 12))))
    (red,), at = lines(tree, VERMILION), texts(tree)
    np.testing.assert_allclose(red[:, 0], [at[name[:3]][0] for name in MONTHS], atol=0.06)
    assert red[0, 1] == pytest.approx(at["0"][1] - 4, abs=0.11)  # ticks are written 4 pixels below their line
    assert red[-1, 1] == pytest.approx(at["0.4"][1] - 4, abs=0.11)
    assert (np.diff(red[:, 1]) < 0).all()  # more light is higher up


def test_a_greener_month_is_higher_in_the_chart_of_ndvi() -> None:
    tree = ET.fromstring(series_chart(year(B4=1000, B8=np.array([1000.0] * 6 + [9000.0] * 6))))
    (green,) = lines(tree, GREEN)
    ticks = [float(p.get("d").split()[1].split("H")[0]) for p in tree.iter(f"{SVG}path") if "H" in p.get("d")]
    zero, half, one = sorted(ticks)[-3:][::-1]  # the lower chart has the last three
    assert one < half < zero
    np.testing.assert_allclose(green[:6, 1], zero, atol=0.11)
    np.testing.assert_allclose(green[6:, 1], zero + 0.8 * (one - zero), atol=0.11)


@pytest.mark.parametrize("month", [1, 3, 12])
def test_the_hatched_column_is_the_missing_month(month: int) -> None:
    tree = ET.fromstring(series_chart(year(missing=(month,))))
    hatched = [r for r in tree.iter(f"{SVG}rect") if r.get("fill") == "url(#gap)"]
    assert len(hatched) == 2
    middle = texts(tree)[MONTHS[month - 1][:3]][0]
    width = np.diff([texts(tree)[name[:3]][0] for name in MONTHS[:2]])[0]
    for column in hatched:
        assert float(column.get("x")) == pytest.approx(middle - width / 2, abs=0.11)
        assert float(column.get("width")) == pytest.approx(width, abs=0.11)
    assert not any(abs(line[:, 0] - middle).min() < width / 2 for line in lines(tree, VERMILION))


def test_each_name_stands_beside_the_end_of_its_line() -> None:
    tree = ET.fromstring(series_chart(year(B8=4000, B11=3000, B5=2000, B4=1000, B2=100)))
    at = texts(tree)
    for words, colour in (("near infrared", "#222"), ("red", VERMILION), ("NDVI", GREEN)):
        end = lines(tree, colour)[-1][-1]
        assert at[words][0] > end[0]
        assert at[words][1] == pytest.approx(end[1] + 4, abs=0.2)
    assert at["near infrared"][1] < at["red edge"][1] < at["red"][1] < at["blue"][1]


def test_compared_places_keep_their_own_lines() -> None:
    meadow, lake = year(B4=500, B8=4500), year(B4=1000, B8=1000)
    tree = ET.fromstring(compare_chart([("meadow", meadow), ("lake", lake)]))
    (first,), (second,) = lines(tree, "#0072B2"), lines(tree, VERMILION)
    assert (first[:, 1] < second[:, 1]).all()  # NDVI 0.8 above 0
    at = texts(tree)
    assert at["meadow"][1] == pytest.approx(first[-1, 1] + 4, abs=0.2)
    np.testing.assert_allclose(second[:, 1], at["0"][1] - 4, atol=0.11)
    dashes = [line.get("stroke-dasharray") for line in tree.iter(f"{SVG}polyline")]
    assert len(set(dashes)) == 2


def test_the_colour_bar_runs_from_0_to_100_percent() -> None:
    colours = np.linspace((0, 0, 0), (1, 0.5, 0), 256)
    tree = ET.fromstring(colour_bar(colours))
    stops = [(s.get("offset"), s.get("stop-color")) for s in tree.iter(f"{SVG}stop")]
    assert stops[0] == ("0%", "rgb(0,0,0)")
    assert stops[-1] == ("100%", "rgb(255,128,0)")
    (bar,) = tree.iter(f"{SVG}rect")
    left, width, at = float(bar.get("x")), float(bar.get("width")), texts(tree)
    for words, share in (("0 %", 0), ("50 %", 0.5), ("100 %", 1)):
        assert at[words][0] == pytest.approx(left + share * width)


@pytest.mark.parametrize("level", [300, 4900])
def test_the_axis_is_the_same_for_dark_and_bright_places(level: float) -> None:
    at = texts(ET.fromstring(series_chart(year(B8=level))))
    assert {"0", "0.1", "0.5"} <= set(at)
    assert "0.6" not in at
    assert "1" in texts(ET.fromstring(series_chart(year(B8=9000))))  # snow and clouds need another


def test_several_years_of_a_place_are_named_and_the_newest_stands_out() -> None:
    from dataclasses import replace

    years = [replace(year(B8=1000 + 500 * k), year=2017 + k) for k in range(4)]
    tree = ET.fromstring(years_chart(years[::-1]))
    assert [name for name in texts(tree) if name.startswith("20")] == ["2020", "2019", "2018", "2017"]
    (newest,) = lines(tree, VERMILION)
    np.testing.assert_allclose(newest[:, 1].mean() + 4, texts(tree)["2020"][1], atol=0.2)


def test_lines_break_at_missing_months() -> None:
    tree = ET.fromstring(series_chart(year(missing=(1, 6, 7))))
    assert "missing: January, June, July" in tree.find(f"{SVG}title").text
    stretches = [len(line.get("points").split()) for line in tree.iter(f"{SVG}polyline")]
    assert stretches == [4, 5] * 6


def test_the_spread_of_a_field_lies_on_either_side_of_its_mean_and_breaks_where_a_month_is_missing() -> None:
    mean, spread = np.full((12, 10), 3000.0), np.full((12, 10), 1000.0)
    mean[5] = spread[5] = np.nan
    tree = ET.fromstring(field_chart(mean, spread))
    shades = [shape for shape in tree.iter(f"{SVG}polygon") if shape.get("fill") == VERMILION]
    first, second = ([float(p.split(",")[1]) for p in shade.get("points").split()] for shade in shades)
    assert (len(first), len(second)) == (10, 12)  # five months before the gap, six after it, there and back
    level, at = lines(tree, VERMILION)[0][0, 1], texts(tree)
    assert min(first) == pytest.approx(at["0.4"][1] - 4, abs=0.11)
    assert max(first) == pytest.approx(at["0.2"][1] - 4, abs=0.11)
    assert min(first) < level < max(first)
