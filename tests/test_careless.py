"""Calls as people make them in a hurry: the right answer, or words that say what was given and what to do."""

import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dated_cube import dated_cube
from synthetic import small_model

import timesen_nb as tn
from timesen_nb.datasets import Pairs, PlaceDataset, read_points
from timesen_nb.evaluation import words_to_places

WORLD = dated_cube(dates=20, height=4, width=6)


@pytest.fixture(scope="module", params=["flanders", "sample", "cube"])
def source(request: pytest.FixtureRequest) -> tn.Source:
    return tn.open_source(WORLD.dataset() if request.param == "cube" else request.param)


def middle(source: tn.Source) -> tuple[float, float]:
    west, south, east, north = source.bounds
    return (west + east) / 2, (south + north) / 2


def test_places_in_any_list_are_read(source: tn.Source) -> None:
    place = middle(source)
    year = source.years[0]
    one = source.pixel(*place, year)
    table = pd.DataFrame({"lon": [place[0]], "lat": [place[1]]})
    for given in ([place], np.array([place]), zip(table.lon, table.lat, strict=True), iter([place])):
        (found,) = source.pixels(given, year)
        np.testing.assert_array_equal(found.values, one.values)
    assert source.pixels([], year) == []


@pytest.mark.parametrize("wrong", ["one place", "a table", "a number", "three numbers", "words"])
def test_what_is_no_list_of_places_is_said(source: tn.Source, wrong: str) -> None:
    lon, lat = middle(source)
    given: Any = {
        "one place": (lon, lat),
        "a table": pd.DataFrame({"lon": [lon], "lat": [lat]}),
        "a number": 3,
        "three numbers": [(lon, lat, 2018)],
        "words": "3.02, 50.81",
    }[wrong]
    with pytest.raises(ValueError, match=r"expected a list of \(longitude, latitude\)"):
        source.pixels(given, source.years[0])


@pytest.mark.parametrize("year", [2018.7, True, float("nan"), float("inf"), "last", [2018], "2018.0.1"])
def test_what_is_no_year_is_said(source: tn.Source, year: Any) -> None:
    for ask in (lambda: source.pixel(*middle(source), year), lambda: source.cube(source.bounds, year)):
        with pytest.raises(ValueError, match="expected"):
            ask()


@pytest.mark.parametrize("year", ["2018", 2018.0, np.int64(2018), np.float32(2018)])
def test_a_year_however_it_is_written(source: tn.Source, year: Any) -> None:
    assert source.pixel(*middle(source), year).year == 2018


def test_sentences_that_would_not_be_read_are_refused() -> None:
    with pytest.raises(ValueError, match=r"as a dict, whose sentences would not be read.*tn\.tasks\.add"):
        small_model().zero_shot({"wheat": ["a field of wheat"], "water": ["a lake"]})


def test_the_columns_of_a_table_are_no_words() -> None:
    model, table = small_model(), pd.DataFrame({"crop": ["wheat", "maize"], "soil": ["loam", "clay"]})
    zs = model.zero_shot(table["crop"])
    vectors = model.encode(SERIES[:2])
    for read in (
        lambda: model.zero_shot(table),
        lambda: model.check_words(table),
        lambda: model.encode_text(table),
        lambda: zs.only(table),
        lambda: zs.teach_vectors(vectors, table),
        lambda: tn.tasks["crops"].index(table),
        lambda: words_to_places(zs.vectors, table, vectors, ["wheat", "maize"], ks=(1,)),
        lambda: words_to_places(zs.vectors, zs.classes, vectors, table, ks=(1,)),
    ):
        with pytest.raises(
            ValueError, match=r"given as a table with the columns crop, soil; expected a list of texts"
        ):
            read()
    assert zs.classes == ["wheat", "maize"]
    assert zs.teach_vectors(vectors, table["crop"]).classes == zs.classes


def test_the_letters_of_a_sentence_are_no_sentences() -> None:
    with pytest.raises(ValueError, match=r"texts given: 'a lake'; expected a list of texts"):
        small_model().encode_text("a lake")


def test_a_model_at_an_address_is_no_file_and_its_key_is_not_shown() -> None:
    address = "https://me:s3cret@host/m.ckpt?token=s3cret"
    with pytest.raises(FileNotFoundError, match=r"is an address.*Download the file") as refused:
        tn.load(address)
    assert "s3cret" not in "".join(traceback.format_exception(refused.value))


SERIES = np.random.default_rng(0).uniform(200, 4000, (3, 12, 10)).astype(np.float32)


@pytest.mark.parametrize("valid", ["False", np.nan, -1, 2, None])
def test_what_says_neither_yes_nor_no_is_refused(valid: Any) -> None:
    """To numpy all of them but None are true."""
    with pytest.raises(ValueError, match="expected True and False, or 1 and 0"):
        small_model().encode(SERIES, valid=np.full((3, 12), valid))
    with pytest.raises(ValueError, match="expected True and False, or 1 and 0"):
        tn.PixelSeries(SERIES[0], [valid] * 12, 4.35, 50.85, 2018, "made up")


@pytest.mark.parametrize("kind", [int, float, np.uint8])
def test_yes_and_no_as_numbers(kind: type) -> None:
    valid = np.arange(36).reshape(3, 12) % 3 > 0
    expected = small_model().encode(SERIES, valid=valid)
    np.testing.assert_array_equal(small_model().encode(SERIES, valid=valid.astype(kind)), expected)


@pytest.mark.parametrize("months", [["Jan", "Feb", "Mar"], [1.5, 2, 3], [0, 1, 2], [1, 2, 2], [1, 2]])
def test_what_are_no_months_is_said(months: list[Any]) -> None:
    with pytest.raises(
        ValueError, match=r"expected whole numbers from 1 to 12, each once|expected the month of each"
    ):
        small_model().encode(SERIES[:, :3], months=months)


def test_one_series_of_another_scale_among_pairs_is_refused() -> None:
    values = SERIES.copy()
    values[1] /= 10_000
    with pytest.raises(ValueError, match=r"largest reflectance of place 1 is 0\.\d+: .* Multiply by 10000"):
        Pairs(values, labels=["a", "b", "c"])
    values[1] = 1.0
    assert len(Pairs(values, labels=["a", "b", "c"])) == 3, "1 stands for clouds in Sen4Map"


def test_places_that_are_none_are_no_data_set() -> None:
    lonlats = np.array([[50.9, 104.3], [4.3, 50.9], [np.nan, np.nan]])
    with pytest.raises(ValueError, match=r"1 places that are none, such as \[50\.9, 104\.3\]"):
        PlaceDataset(SERIES, lonlats, {"land_cover": np.array(["a", "b", "c"])}, np.arange(3))


def test_two_columns_of_one_name_are_said(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("lon,lon,lat,true_class\n4.3,5.3,50.9,a\n")
    with pytest.raises(ValueError, match=r"points\.csv has several columns 'lon'; expected each once"):
        read_points(tmp_path / "points.csv", source=tn.open_source("flanders"))


def test_a_report_of_nothing_is_said() -> None:
    with pytest.raises(ValueError, match="the data set given is a NoneType; expected labelled places"):
        tn.report(small_model(), None)


@pytest.mark.parametrize("which", ["flanders", "sample", "cube", "stac", "earthengine"])
def test_an_option_that_a_source_does_not_have_is_said(which: str) -> None:
    with pytest.raises(ValueError, match=r"options given: yaer; this source has .*Check the spelling"):
        tn.open_source(WORLD.dataset() if which == "cube" else which, yaer=2018)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"offset": "high"}, "offset= high; expected what is to be added"),
        ({"nodata": ["none"]}, r"nodata=\['none'\]; expected a number"),
        ({"rename": "B2"}, "rename='B2'; expected names in the data"),
        ({"crs": "UTM 31N"}, "is no coordinate system"),
        ({"out_of_range": "clip"}, "out_of_range='clip'; expected one of"),
    ],
)
def test_options_of_a_cube_that_make_no_sense_are_said(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tn.open_source(WORLD.dataset(), **options)


def test_numbers_given_as_text_are_numbers() -> None:
    text, number = (tn.open_source(WORLD.dataset(), offset=offset) for offset in ("-50", -50))
    np.testing.assert_array_equal(
        text.cube(text.bounds, 2018).values, number.cube(number.bounds, 2018).values
    )


def test_a_mask_is_no_scene_classification() -> None:
    data = WORLD.dataset()
    with pytest.raises(ValueError, match=r"SCL holds bool; expected the whole numbers 0 to 11.*Is it a mask"):
        tn.open_source(data.assign(SCL=data["SCL"].isin([4, 5])))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"masked": "3"}, "masked='3'; expected scene classes"),
        ({"masked": ["3", "8"]}, "expected scene classes"),
        ({"masked": [3, 99]}, "expected scene classes"),
        ({"deadline": "5"}, "deadline='5'.*expected a whole number of attempts"),
        ({"deadline": float("nan")}, "expected a whole number of attempts"),
        ({"catalog": "https://[x"}, "expected one that begins with https://"),
        (
            {"catalog": "ftp://me:s3cret@x/y"},
            r"address given: 'ftp://x/y'; expected one that begins with https://",
        ),
        ({"catalog": "earthsearch"}, "expected one of earth-search"),
    ],
)
def test_options_of_stac_that_make_no_sense_are_said(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tn.open_source("stac", **options)


def test_names_in_place_of_a_model_and_a_source_are_said() -> None:
    source = tn.open_source("flanders")
    with pytest.raises(ValueError, match=r"the source given is 'flanders'; expected what tn\.open_source"):
        tn.ClickMap(small_model(), "flanders", task=["a", "b"])
    with pytest.raises(ValueError, match=r"the model given is 'pocket'; expected what tn\.load"):
        tn.ClickMap("pocket", source, task=["a", "b"])
    app = tn.ClickMap(small_model(), source, task=["a", "b"])
    app.settle()
    app.open_source(None)
    assert "the source given is None" in app.error
    for box, words in (
        ("1,2,3,4", "expected four numbers"),
        ((float("nan"), 50, 4, 51), "expected longitude"),
    ):
        app.map_view(bbox=box)
        assert words in app.error
    assert app.session.source is source
