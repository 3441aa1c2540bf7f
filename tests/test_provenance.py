"""What a series was made of goes with it: kept as given, as plain JSON, and no part of the values."""

import json
import pickle

import numpy as np
import pytest

import timesen_nb as tn
from timesen_nb.sources.checks import series_of

MADE_OF = {
    "acquisitions": [1] * 12,
    "offset": {"applied": True, "rule": "baseline 04.00 or later"},
    "left_out": [],
}


def series(provenance: dict | None = None) -> tn.PixelSeries:
    return series_of(np.full((12, 10), 500.0), 4.0, 50.0, 2018, "made up", provenance)


def test_nothing_known_is_an_empty_dict() -> None:
    assert series().provenance == {}
    assert tn.PixelSeries(np.ones((12, 10)), np.ones(12, bool), 4.0, 50.0, 2018, "made up").provenance == {}


def test_it_is_a_copy_of_its_own() -> None:
    given = json.loads(json.dumps(MADE_OF))
    one, two = series(given), series(given)
    given["acquisitions"][0] = 99
    one.provenance["offset"]["rule"] = "none"
    assert two.provenance == MADE_OF
    assert pickle.loads(pickle.dumps(two)).provenance == MADE_OF


def test_series_are_equal_by_what_was_read_not_by_how() -> None:
    one, two = series(MADE_OF), series()
    assert one == two
    assert len({one, two}) == 1
    assert one != series_of(np.full((12, 10), 501.0), 4.0, 50.0, 2018, "made up")
    assert one != series_of(np.full((12, 10), 500.0), 4.0, 50.0, 2019, "made up")
    gap = np.full((12, 10), 500.0)
    gap[3] = np.nan
    assert series_of(gap, 4.0, 50.0, 2018, "made up") == series_of(gap, 4.0, 50.0, 2018, "made up") != one
    assert one != "a series"


@pytest.mark.parametrize("wrong", [np.int64(1), np.zeros(12), float("nan"), {1, 2}])
def test_what_json_cannot_hold_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="provenance given cannot be kept as JSON"):
        series({"acquisitions": wrong})
