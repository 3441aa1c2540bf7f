"""Tables of labelled points as people have them: the right value, or words that say what is wrong."""

import codecs
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import timesen_nb as tn
from tests.synthetic import GridSource
from timesen_nb.bands import BANDS
from timesen_nb.datasets import read_point_table, read_points
from timesen_nb.datasets.points import COLUMNS
from timesen_nb.nodata import CODES
from timesen_nb.tasks.names import tidy
from timesen_nb.widgets.answer import Answer
from timesen_nb.widgets.kept import KeptPlaces

BRUSSELS = (4.35, 50.85)
SERIES = np.random.default_rng(0).integers(200, 4000, (12, 10)).astype(float)


def table(rows: int = 2, **columns: object) -> pd.DataFrame:
    """Places near Brussels with series; further columns, or other values, by name."""
    series = {name: [SERIES.ravel()[i] + n for n in range(rows)] for i, name in enumerate(COLUMNS)}
    where = {"lon": [4.35 + n / 10 for n in range(rows)], "lat": [50.85 + n / 10 for n in range(rows)]}
    return pd.DataFrame(where | {"true_class": ["wheat", "oats"] * (rows // 2)} | series | columns)


def save(path: Path, data: pd.DataFrame, encoding: str = "utf-8", mark: bytes = b"", **how: object) -> Path:
    path.write_bytes(mark + data.to_csv(index=False, **how).encode(encoding))
    return path


def check(points: tn.Pairs, labels: list[str] | None = None) -> None:
    """The table of two places, whatever it was written as."""
    assert points.labels.tolist() == (labels or ["wheat", "oats"])
    np.testing.assert_allclose(points.lonlats, [BRUSSELS, (4.45, 50.95)])
    np.testing.assert_array_equal(
        np.asarray(points.values), np.stack([SERIES, SERIES + 1]).astype(np.float32)
    )


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


# Years and places that a source is asked for -------------------------------------------------------------------------


def places(source: GridSource, **columns: object) -> pd.DataFrame:
    lonlats = [source.place(3, 3), source.place(5, 5)]
    lon, lat = ([place[i] for place in lonlats] for i in (0, 1))
    return pd.DataFrame({"lon": lon, "lat": lat, "true_class": ["a", "b"]} | columns)


@pytest.mark.parametrize(
    ("years", "read"),
    [
        (["2018", "2019"], [0, 1]),
        (["2018.0", "2019.0"], [0, 1]),
        (["", ""], [1, 1]),  # nothing said: year=
        (None, [1, 1]),
    ],
)
@pytest.mark.parametrize("column", ["year", "Year", "YEAR"])
def test_years(tmp_path, years, read, column):
    source = GridSource()
    data = places(source, **({} if years is None else {column: years}))
    points = read_points(save(tmp_path / "p.csv", data), source=source, year=2019)
    grid = source.grid.transpose("y", "x", "month", "band").values
    expected = np.stack([grid[3, 3] + read[0], grid[5, 5] + read[1]])
    np.testing.assert_allclose(np.asarray(points.values), expected)


@pytest.mark.parametrize(
    ("years", "said"),
    [
        (["2018", ""], "no year at line 3"),
        (["2018", "18"], "the year 18 at line 3"),
        (["2018.5", "2018"], "the year 2018.5 at line 2"),
        (["2018-06-01", "2018"], "'2018-06-01' in column year of line 2"),
    ],
)
def test_a_year_that_is_none_is_said(tmp_path, years, said):
    source = GridSource()
    with pytest.raises(ValueError, match=said):
        read_points(save(tmp_path / "p.csv", places(source, year=years)), source=source)


@pytest.mark.parametrize(
    ("dates", "years"),
    [
        (["2018-05-31", "2019-05-31"], [2018, 2019]),
        (["31.5.2018", "05/31/2019"], [2018, 2019]),
        (["20180531", "20190531T101500Z"], [2018, 2019]),
        (["May 2018", "2019-05-31 10:15"], [2018, 2019]),
        (["", "NA"], [2020, 2020]),
    ],
)
def test_the_year_of_a_date_is_read(tmp_path, dates, years):
    path = save(tmp_path / "p.csv", places(GridSource(), Date=dates))
    assert read_point_table(path, year=2020).years.tolist() == years
    both = save(tmp_path / "b.csv", places(GridSource(), Date=dates, year=2017))
    assert read_point_table(both).years.tolist() == [2017, 2017]


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        (
            ["2018-05-31", "31.5.18"],
            "'31.5.18' in column date of line 3, which tells no year.*a column called year",
        ),
        (["43221", "2018-05-31"], "'43221' in column date of line 2"),
        (["01052018", "2018-05-31"], "'01052018' in column date of line 2, which tells no year"),
        (["20122018", "2018-05-31"], "'20122018' in column date of line 2, which tells no year"),
        (["2018-05-31", ""], "no year at line 3"),
    ],
)
def test_a_date_that_tells_no_year_is_said(tmp_path, dates, said):
    with pytest.raises(ValueError, match=said):
        read_points(save(tmp_path / "p.csv", places(GridSource(), date=dates)), source=GridSource())


def test_a_date_counts_where_the_year_is_empty(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("lon,lat,year,date\n3.02,50.81,,2020-05-01\n3.02,50.81,2019,\n")
    assert read_point_table(path).years.tolist() == [2020, 2019]


def test_capitals_of_column_names_do_not_matter(tmp_path):
    data = table()
    check(read_points(save(tmp_path / "p.csv", data.rename(columns=str.upper))))
    check(read_points(save(tmp_path / "q.csv", data.rename(columns=str.title)), label="TRUE_class"))
    # a name that is exact goes before one that is like it
    check(read_points(save(tmp_path / "r.csv", data.assign(TRUE_CLASS="other", LON=0))))
    two = data.rename(columns={"lon": "Lon"}).assign(LON=0)
    with pytest.raises(ValueError, match="several columns 'lon'"):
        read_points(save(tmp_path / "s.csv", two))


def test_longitude_and_latitude_may_be_spelt_out(tmp_path):
    data = table()
    for new in ("Longitude", "Latitude"), ("LONGITUDE", "latitude "), ("Longitude", "lat"):
        check(
            read_points(
                save(tmp_path / "p.csv", data.rename(columns=dict(zip(("lon", "lat"), new, strict=True))))
            )
        )
    # the short name goes before the long one
    check(read_points(save(tmp_path / "q.csv", data.assign(Longitude=0, latitude=0))))
    two = data.rename(columns={"lon": "Longitude"}).assign(longitude=0)
    with pytest.raises(ValueError, match="several columns 'lon'"):
        read_points(save(tmp_path / "s.csv", two))
    with pytest.raises(ValueError, match=r"has no lon, lat among x, y.*longitude and latitude") as refused:
        read_point_table(save(tmp_path / "t.csv", data.rename(columns={"lon": "x", "lat": "y"})))
    assert "label=" not in str(refused.value)


def test_swapped_places_of_a_source_are_seen(tmp_path):
    source = GridSource()
    data = places(source).rename(columns={"lon": "lat", "lat": "lon"})
    with pytest.raises(
        ValueError, match=r"2 of 2 places outside a synthetic grid.*swap the columns lon and lat"
    ):
        read_points(save(tmp_path / "p.csv", data), source=source)
    assert not source.requests


# GeoJSON ------------------------------------------------------------------------------------------------------------


def feature(geometry: object, **properties: object) -> dict[str, object]:
    series = dict(zip(COLUMNS, SERIES.ravel().tolist(), strict=True))
    return {
        "type": "Feature",
        "geometry": geometry,
        "properties": {"true_class": "wheat"} | series | properties,
    }


def collection(path: Path, *features: object, **more: object) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features} | more))
    return path


POINT = {"type": "Point", "coordinates": list(BRUSSELS)}


def named(name: object) -> dict[str, object]:
    return {"crs": {"type": "name", "properties": {"name": name}}}


@pytest.mark.parametrize(
    ("features", "more", "place"),
    [
        ([feature(POINT)], {}, BRUSSELS),
        ([feature(POINT, lon=-70.0, lat=10.0)], {}, BRUSSELS),  # the geometry is the place
        ([feature({"type": "Point", "coordinates": [*BRUSSELS, 56.0]})], {}, BRUSSELS),
        ([feature({"type": "MultiPoint", "coordinates": [list(BRUSSELS)]})], {}, BRUSSELS),
        ([feature(POINT)], {"crs": None}, BRUSSELS),
        ([feature(POINT)], named("urn:ogc:def:crs:OGC:1.3:CRS84"), BRUSSELS),
        ([feature(POINT)], named("urn:ogc:def:crs:EPSG::4326"), BRUSSELS),
        # 3 degrees east, on the equator, is the middle of UTM zone 31 by definition
        ([feature({"type": "Point", "coordinates": [500_000, 0]})], named("EPSG:32631"), (3.0, 0.0)),
        ([feature({"type": "Point", "coordinates": [4_321_000, 3_210_000]})], named("EPSG:3035"), (10.0, 52.0)),
        ([feature({"type": "Point", "coordinates": [5e5, 0]})], named("urn:ogc:def:crs:EPSG::32631"), (3.0, 0.0)),
    ],
)  # fmt: skip
def test_places_of_geojson(tmp_path, features, more, place):
    points = read_points(collection(tmp_path / "p.geojson", *features, **more))
    np.testing.assert_allclose(points.lonlats, [place], atol=1e-6)
    np.testing.assert_array_equal(np.asarray(points.values[0]), SERIES.astype(np.float32))


@pytest.mark.parametrize(
    ("features", "more", "said"),
    [
        ([feature(POINT), feature(None)], {}, "feature 2 has no geometry"),
        ([{"type": "Feature", "properties": {}}], {}, "feature 1 has no geometry"),
        ([feature({"type": "Polygon", "coordinates": []})], {}, "feature 1 is a Polygon.*centroids"),
        ([feature({"type": "MultiPoint", "coordinates": [[4, 50], [5, 51]]})], {}, "is a MultiPoint"),
        ([feature({"type": "Point", "coordinates": []})], {}, "has the coordinates \\[\\]"),
        ([feature({"type": "Point", "coordinates": [None, 50]})], {}, "has the coordinates"),
        ([feature({"type": "Point", "coordinates": [601_000, 5_630_000]})], {}, "Metres of a map projection"),
        ([feature({"type": "Point", "coordinates": [50.85, 104.35]})], {}, "other way round"),
        ([feature(POINT)], named("EPSG:999999"), "EPSG:999999, which is not known"),
        ([feature(POINT)], named(None), "not known"),
        ([feature(POINT)], {"crs": {"type": "link", "properties": {"href": "x"}}}, "not known"),
        ([feature({"type": "Point", "coordinates": [1e30, 1e30]})], named("EPSG:3035"), "no place in the coordinate"),
        ([feature(POINT, B4_m07="high")], {}, "'high' in column B4_m07"),
        (["x"], {}, "no GeoJSON"),
    ],
)  # fmt: skip
def test_geojson_that_says_no_place(tmp_path, features, more, said):
    with pytest.raises(ValueError, match=said):
        read_points(collection(tmp_path / "p.geojson", *features, **more))


@pytest.mark.filterwarnings("ignore:.*of a class named")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_class_codes_of_geojson(tmp_path, encoding):
    path = tmp_path / "p.geojson"
    labels = ["0100", 211, 212.0, None, "NA", "Grünland", True]
    features = [feature(POINT, true_class=label) for label in labels]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    path.write_bytes(text.encode(encoding))
    assert read_points(path).labels.tolist() == ["0100", "211", "212", "", "NA", "Grünland", "True"]


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
