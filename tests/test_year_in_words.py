"""A year of NDVI as a sentence: what it says is so, and it guesses at nothing."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import timesen_nb as tn
from timesen_nb.bands import MONTHS
from timesen_nb.series import year_in_words

NAN = np.nan
YEARS = arrays(np.float32, 12, elements=st.one_of(st.just(NAN), st.floats(-1, 1, width=32)))


@pytest.mark.parametrize(
    ("ndvi", "words"),
    [
        ([0.8] * 6 + [0.9] * 6, "Green all year: NDVI stays between 0.80 and 0.90."),
        (
            [0.8] * 3 + [NAN] * 9,
            "Green in the 3 months that are there: NDVI stays between 0.80 and 0.80.",
        ),
        ([0.1] * 11 + [NAN], "Not green in the 11 months that are there: NDVI stays between 0.10 and 0.10."),
        (
            [NAN] * 6 + [0.3, 0.5] + [NAN] * 4,
            "Hardly changes over the 2 months that are there: NDVI stays between 0.30 and 0.50.",
        ),
        ([-0.1] * 11 + [0.1], "Never green: NDVI stays between -0.10 and 0.10."),
        ([0.3] * 6 + [0.5] * 6, "Hardly changes over the year: NDVI stays between 0.30 and 0.50."),
        (
            [0.3, 0.35, 0.45, 0.7, 0.85, 0.8, 0.35, 0.2, 0.25, 0.3, 0.3, 0.3],
            "Greenest in May (NDVI 0.85), least green in August (0.20). "
            "It greens up fastest from March to April and fades fastest from June to July.",
        ),
        (
            [
                0.3,
                0.35,
                0.45,
                NAN,
                0.85,
                0.8,
                NAN,
                0.2,
                0.25,
                0.3,
                0.3,
                0.3,
            ],  # turns beside gaps are not known
            "Greenest in May (NDVI 0.85), least green in August (0.20), of the 10 months that are there.",
        ),
        (
            [0.8, 0.7, 0.6, 0.6, 0.2, 0.6, 0.8, 0.8, 0.7, 0.6, 0.5, 0.5],  # in the order of the year
            "Greenest in January (NDVI 0.80), least green in May (0.20). "
            "It fades fastest from April to May and greens up fastest from May to June.",
        ),
        ([NAN] * 5 + [0.4] + [NAN] * 6, "Only June can be read: NDVI 0.40."),
        ([NAN] * 12, "No month can be read."),
    ],
)
def test_known_years(ndvi: list[float], words: str) -> None:
    assert year_in_words(np.array(ndvi)) == words


@given(YEARS)
def test_only_months_that_are_there_are_named(ndvi: np.ndarray) -> None:
    named = re.findall("|".join(MONTHS), year_in_words(ndvi))
    assert all(np.isfinite(ndvi[MONTHS.index(month)]) for month in named)


@given(YEARS)
def test_nothing_is_said_of_a_whole_year_with_gaps(ndvi: np.ndarray) -> None:
    whole = np.isfinite(ndvi).all()
    assert whole or not re.search("all year|the year|Never", year_in_words(ndvi))


@given(YEARS)
def test_numbers_bound_the_year(ndvi: np.ndarray) -> None:
    numbers = [float(n) for n in re.findall(r"-?\d\.\d\d", year_in_words(ndvi))]
    known = ndvi[np.isfinite(ndvi)]
    assert len(numbers) == min(2, len(known))
    if numbers:
        assert min(numbers) == pytest.approx(known.min(), abs=0.00501)
        assert max(numbers) == pytest.approx(known.max(), abs=0.00501)


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(4,\); expected \(12,\)"):
        year_in_words(np.zeros(4))


def test_a_series_describes_its_own_year() -> None:
    series = tn.open_source("sample").pixel(9.0, 50.0, year=2018)
    assert series.describe() == year_in_words(series.ndvi)


def test_a_month_that_is_not_valid_holds_nothing() -> None:
    values, valid = np.full((12, 10), 3000.0), np.ones(12, dtype=bool)
    valid[[0, 6]] = False
    series = tn.PixelSeries(values, valid, 4.0, 50.0, 2018, "made up")
    assert np.isnan(series.values[[0, 6]]).all()
    assert np.isnan(series.ndvi[[0, 6]]).all()
    assert (series.values[valid] == 3000).all()
    assert (values == 3000).all()  # what was given stays


def made_up(values: object = 3000.0, valid: object = True, **named: object) -> tn.PixelSeries:
    """A year by hand, of the same number everywhere or of those given."""
    given = {"lon": 4.0, "lat": 50.0, "year": 2018, "source": "made up", **named}
    return tn.PixelSeries(np.broadcast_to(values, (12, 10)), np.broadcast_to(valid, 12), **given)


@pytest.mark.parametrize("year", [2018, 2018.0, "2018", np.int16(2018), np.float32(2018)])
def test_a_year_is_a_whole_number_however_it_was_written(year: object) -> None:
    series = made_up(year=year)
    assert type(series.year) is int
    assert series == made_up()


@pytest.mark.parametrize("year", [2018.7, 18, 20180, "2018-06", NAN, np.inf, None, True, "x"])
def test_what_is_no_year_is_refused(year: object) -> None:
    with pytest.raises(ValueError, match=r"year given: .*; expected a calendar year such as 2018"):
        made_up(year=year)


@pytest.mark.parametrize(
    ("values", "words"),
    [(np.inf, "B2 of January is infinite"), (-np.inf, "infinite")],
)
def test_what_is_infinite_is_refused_at_the_door(values: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        made_up(values)
    some = np.full((12, 10), 3000.0)
    some[5] = values
    valid = np.arange(12) != 5
    assert made_up(some, valid).missing == ("June",)  # what is not valid may hold anything


def test_codes_for_no_data_are_missing_months() -> None:
    values = np.full((12, 10), 3000.0)
    values[2], values[7], values[9, 1] = 0, -9999, -9999
    with pytest.warns(UserWarning, match="the values of a PixelSeries: -9999 stands for no data"):
        series = made_up(values)
    assert series.missing == ("March", "August")
    assert np.isnan(series.values[[2, 7]]).all()
    assert np.isnan(series.values[9]).tolist() == [False, True] + [False] * 8
    assert (made_up(values * 0).values.size, made_up(values * 0).valid.any()) == (120, False)


def test_places_are_numbers_and_classes_are_names() -> None:
    assert made_up(lon="4", lat=np.float32(50)) == made_up()
    assert made_up(lon="4").title.startswith("4.0000, 50.0000")
    for truth in (3, NAN):
        with pytest.raises(ValueError, match="expected the name of a class, or None"):
            made_up(truth=truth)
