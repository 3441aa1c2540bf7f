"""What notebook 01 writes for Earth Engine, by the real client against a server on 127.0.0.1: one month, twice."""

from pathlib import Path

import nbformat
import numpy as np
import pytest
from earth_engine_cube import CUBE
from earth_engine_server import EarthEngineServer

import timesen_nb as tn

NOTEBOOK = Path(__file__).resolve().parent.parent / "notebooks" / "01_sentinel2_series.ipynb"


def cells() -> list[str]:
    """The code that only runs with Earth Engine."""
    found = nbformat.read(NOTEBOOK, as_version=4).cells
    return [c.source for c in found if "earthengine" in c.metadata.get("tags", ())]


def test_a_month_by_hand_is_that_of_the_library(
    server: EarthEngineServer, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tn.open_source("earthengine", cache=False)
    compared = 0
    for row, column in ((0, 0), (3, 4), (11, 9)):
        place = CUBE.place(row, column)
        names = {"tn": tn, "np": np, "SOURCE": "earthengine", "source": source, "FIELD": place, "YEAR": 2018}
        for cell in cells():
            exec(cell, names)
        months = source.pixel(*place, year=2018)
        for month in range(1, 13):
            mine = names["one_month"](*place, 2018, month)
            theirs = months.values[month - 1]
            np.testing.assert_allclose(mine, theirs, atol=1e-3, err_msg=f"month {month}")
            compared += int(np.isfinite(theirs).all())
    assert compared > 20
    assert "requests" in capsys.readouterr().out
