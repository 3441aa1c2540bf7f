"""Tables of labelled points as people have them: the right value, or words that say what is wrong."""

import codecs

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from point_tables import BRUSSELS, SERIES, check, places, save, table

import timesen_nb as tn
from tests.synthetic import GridSource
from timesen_nb.bands import BANDS
from timesen_nb.datasets import read_points
from timesen_nb.datasets.points import COLUMNS
from timesen_nb.nodata import CODES
from timesen_nb.tasks.names import tidy
from timesen_nb.widgets.answer import Answer
from timesen_nb.widgets.kept import KeptPlaces

# How a file is written --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"sep": ";"},
        {"sep": "\t"},
        {"sep": "|"},
        {"sep": ";", "decimal": ","},
        {"sep": "\t", "decimal": ","},
        {"mark": codecs.BOM_UTF8},
        {"encoding": "utf-16"},
        {"encoding": "utf-16-le"},
        {"encoding": "utf-16-be", "mark": codecs.BOM_UTF16_BE},
        {"encoding": "utf-32"},
        {"mark": b"sep=;\r\n", "sep": ";"},
        {"lineterminator": "\r\n"},
        {"lineterminator": "\n\n"},
        {"quoting": 1},
    ],
    ids=str,
)
def test_a_table_is_the_same_however_it_is_written(tmp_path, written):
    check(read_points(save(tmp_path / "points.csv", table(), **written)))


def test_trailing_delimiters_and_other_names_of_files(tmp_path):
    path = save(tmp_path / "points.tsv", table(), sep="\t")
    check(read_points(path))
    path.write_text("".join(f"{line}\t\n" for line in path.read_text().splitlines()))
    check(read_points(path))


def test_letters_of_windows_are_read_and_said(tmp_path):
    path = save(tmp_path / "points.csv", table(true_class=["Grünland", "Rüben"]), encoding="cp1252")
    with pytest.warns(
        UserWarning, match="not UTF-8; its letters are read as Windows-1252, such as 'Grünland'"
    ):
        check(read_points(path), ["Grünland", "Rüben"])


# What the cells hold ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_labels", "read"),
    [
        (["0100", "0200"], ["0100", "0200"]),
        (["211", ""], ["211", ""]),
        (["0100", ""], ["0100", ""]),
        (["211.0", ""], ["211", ""]),  # what a spreadsheet makes of codes in a column with blanks
        (["1.5", "2.0"], ["1.5", "2.0"]),
        (["1e5", "1E-3"], ["1e5", "1E-3"]),
        (["NA", "None"], ["NA", "None"]),
        (["null", "nan"], ["null", "nan"]),
        (["N/A", "#N/A"], ["N/A", "#N/A"]),
        (["True", "yes"], ["True", "yes"]),
        (["wheat, winter", 'the "big" one'], ["wheat, winter", 'the "big" one']),
        (["  wheat ", "\toats"], ["wheat", "oats"]),
        (["'=wheat", "'quoted'"], ["=wheat", "'quoted'"]),  # as the click map writes "=wheat"
        (["12345678901234567890", "x"], ["12345678901234567890", "x"]),
    ],
)
@pytest.mark.filterwarnings("ignore:.*of a class named")
def test_class_names_stay_the_text_they_are(tmp_path, given_labels, read):
    check(read_points(save(tmp_path / "points.csv", table(true_class=given_labels))), read)


@pytest.mark.parametrize("unknown", ["NA", "nan", "None", "null", "N/A", "-"])
def test_a_class_that_may_stand_for_unknown_is_said(tmp_path, unknown):
    path = save(tmp_path / "points.csv", table(true_class=["wheat", unknown]))
    with pytest.warns(
        UserWarning, match=f"1 places are of a class named '{unknown}'.*leave these cells empty"
    ):
        read_points(path)


def test_classes_that_differ_in_capitals_alone_are_said(tmp_path):
    path = save(tmp_path / "points.csv", table(true_class=["wheat", "Wheat"]))
    with pytest.warns(UserWarning, match="'Wheat' and 'wheat' differ in capitals alone and are 2 classes"):
        check(read_points(path), ["wheat", "Wheat"])


def test_missing_numbers_stay_missing(tmp_path):
    data = table().astype(object)
    for name, text in zip(COLUMNS[:70:10], ("", "NA", "nan", "None", "null", "-", "NaN"), strict=True):
        data.loc[0, name] = text
    values = read_points(save(tmp_path / "points.csv", data)).values
    assert np.isnan(values[0, :7, 0]).all()
    assert np.isfinite(values[0, :7, 1:]).all()
    assert np.isfinite(values[1]).all()


@pytest.mark.parametrize("code", [*CODES, 1e20, 9.96921e36])
def test_a_code_for_no_data_is_no_month_of_zeros(tmp_path, code):
    data = table()
    data.loc[0, COLUMNS[:10]] = code
    with pytest.warns(UserWarning, match="no data"):
        values = read_points(save(tmp_path / "points.csv", data)).values
    assert np.isnan(values[0, 0]).all()
    np.testing.assert_array_equal(values[1], (SERIES + 1).astype(np.float32))


def test_zero_in_every_band_is_missing_and_noise_below_zero_is_zero(tmp_path):
    data = table()
    data.loc[0, COLUMNS[:10]] = 0
    data.loc[0, COLUMNS[10]] = -12
    data.loc[0, COLUMNS[11]] = 0
    values = read_points(save(tmp_path / "points.csv", data)).values
    assert np.isnan(values[0, 0]).all()
    assert values[0, 1, :2].tolist() == [0, 0]


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "swapped": ({"lon": [51.0, 50.9], "lat": [104.35, 104.4]}, r"2 of 2 places at no place.*other way round: swap"),
    "metres": ({"lon": [601000, 602000], "lat": [5630000, 5640000]}, "Metres of a map projection"),
    "no place": ({"lon": [4.35, None]}, "1 rows without lon or lat, the first at line 3"),
    "a word for a number": ({"B4_m07": ["high", 200]}, "'high' in column B4_m07 of line 2"),
    "a decimal comma": ({"lon": ["4,35", "4,45"]}, "'4,35' in column lon of line 2, which is no number"),
    "infinite": ({"B4_m07": ["inf", 200]}, "'inf' in column B4_m07"),
    "no reflectance": ({"B4_m07": [-5000, 200]}, "B4 is -5000"),
    "a band on another scale": ({f"B12_m{m:02d}": [0.1, 0.2] for m in range(1, 13)}, "bands B12 with reflectance"),
    "a month on another scale": ({f"{b}_m06": [0.11, 0.21] for b in BANDS}, "months 6 with reflectance from 0 to 1"),
    "a month of a place": ({f"{b}_m06": [0.11, 900] for b in BANDS}, "months 6 of 1 places with reflectance from"),
    "a band in percent": (
        {f"B12_m{m:02d}": [12.5, 20.1] for m in range(1, 13)}, "bands B12 with reflectance in percent.* by 100"
    ),
    "a month in percent": ({f"{b}_m06": [12.5, 20.1] for b in BANDS}, "months 6 with reflectance in percent"),
    "a place on another scale": ({name: [0.1, 900] for name in COLUMNS}, "1 places with reflectance from 0 to 1"),
}  # fmt: skip


@pytest.mark.parametrize("situation", WRONG)
def test_what_is_wrong_is_said(tmp_path, situation):
    columns, said = WRONG[situation]
    with pytest.raises(ValueError, match=said):
        read_points(save(tmp_path / "points.csv", table(**columns)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("lon,lat,true_class\n", "column names and no row"),
        ("lon,lat,true_class\n4,35,50,85,wheat\n", "5 cells in line 2 and 3 column names.*semicolons"),
        ("lon,lat,true_class\n4.3,50.8,wheat\n4.4,5", "2 cells in line 3 and 3 column names.*cut off"),
        ('lon,lat,true_class\n4.3,50.8,"wheat\n', "expected as many|no series"),
        ("lon;lat;true_class\n4,3;50.8;wheat\n", r"with a comma, such as '4,3', and with a point"),
        ("lon;lat;true_class\n1.234,5;50;wheat\n", "with a comma"),
        ("<!DOCTYPE html><html>not found</html>", "is a web page"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:aa\n", "is a Git LFS pointer"),
        ("PK\x03\x04\x00\x00", "an Excel workbook or a zip archive"),
    ],
)
def test_files_that_are_no_whole_table(tmp_path, text, said):
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        read_points(path)


def test_commas_that_may_part_thousands_are_not_guessed_at(tmp_path):
    data = table().map(lambda v: f"{v:,.0f}" if isinstance(v, float) and v > 1000 else v)
    with pytest.raises(ValueError, match=r"which may be \d{4} or \d\.\d{3}"):
        read_points(save(tmp_path / "points.csv", data.assign(lon="4", lat="50"), sep=";"))


@pytest.mark.parametrize("how", [{"sep": ";"}, {"sep": ","}, {"sep": "\t"}], ids=str)
@pytest.mark.parametrize("lon", ["4.35", "4"])
def test_points_that_may_part_thousands_are_not_guessed_at(tmp_path, how, lon):
    """As a Dutch or German spreadsheet writes 2796: 2.796."""
    data = table()
    data[COLUMNS] = data[COLUMNS].map(lambda v: f"{v:,.0f}".replace(",", "."))
    with pytest.raises(ValueError, match=r"which may be \d{4} or \d\.\d{3}"):
        read_points(save(tmp_path / "points.csv", data.assign(lon=lon, lat="50"), **how))


def test_three_decimals_are_read(tmp_path):
    data = table()
    data[COLUMNS] += 0.125
    values = read_points(save(tmp_path / "points.csv", data)).values
    np.testing.assert_array_equal(values[0], (SERIES + 0.125).astype(np.float32))


def test_dark_water_is_on_no_other_scale(tmp_path):
    """Products clip it: a month of 0, 1 and 2."""
    data = table(**{f"{b}_m06": [i % 3, i % 2] for i, b in enumerate(BANDS)})
    values = read_points(save(tmp_path / "points.csv", data)).values
    assert values[:, 5].max() == 2


def test_series_that_lack_a_column_are_said(tmp_path):
    source = GridSource()
    series = table()[list(COLUMNS)].drop(columns="B12_m12")
    path = save(tmp_path / "p.csv", places(source).join(series))
    with pytest.warns(
        UserWarning, match=r"119 of the 120 columns of series, and lacks B12_m12.*source instead"
    ):
        points = read_points(path, source=source, year=2019)
    assert points.values[0, 0, 0] != SERIES[0, 0]
    with pytest.raises(ValueError, match=r"lacks B12_m12\. Add them"):
        read_points(path)


def test_bands_of_columns_may_have_products_names(tmp_path):
    data = table().rename(columns=lambda name: name.replace("B2_", "B02_").replace("B8A_m", "b8a_M"))
    check(read_points(save(tmp_path / "points.csv", data)))


# There and back ---------------------------------------------------------------------------------------------------

NAMES = (
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), max_size=12)
    .map(tidy)
    .filter(bool)
)


ODD = ["NA", "None", "=1+1", "'=1", "''+x", "-5", "@x", "0100", "1.5", "'x", "a,b", 'a"b']


@pytest.mark.filterwarnings("ignore:.*(of a class named|differ in capitals)")
@given(st.lists(NAMES | st.sampled_from(ODD), min_size=2, max_size=5, unique=True))
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_classes_come_back_from_the_click_maps_csv_as_they_were(tmp_path, names):
    kept = KeptPlaces()
    for name in names:
        series = tn.PixelSeries(SERIES, np.ones(12, bool), *BRUSSELS, 2018, "made up", truth=name)
        kept.add(Answer(series, np.ones(4), (name,), np.ones(1), "names", None))
    path = kept.export(tmp_path / "kept.csv")
    assert read_points(path).labels.tolist() == names
    cells = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert not cells["true_class"].str.match(r"[=+\-@]").any()
    assert not cells["top_class"].str.match(r"[=+\-@]").any()
    assert float(cells["lon"][0]) == BRUSSELS[0]


def test_numbers_are_not_escaped(tmp_path):
    kept = KeptPlaces()
    series = tn.PixelSeries(SERIES, np.ones(12, bool), -4.35, -50.85, 2018, "-made up")
    kept.add(Answer(series, np.ones(4), ("=SUM(A1)", "b"), np.array([1.0, 0.0]), "names", None))
    first = kept.csv().splitlines()[1]
    assert first.startswith("1,-4.35,-50.85,2018,'-made up,'=SUM(A1),1.0,,,,names,")
