"""Names and labels as people give them: what looks alike is one, and what has no order is no list."""

from pathlib import Path

import numpy as np
import pytest
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr

import timesen_nb as tn
from timesen_nb.bands import BANDS
from timesen_nb.datasets import read_points

HERE = (3.02548, 50.81754)


@pytest.fixture(scope="module")
def model() -> tn.TimeSenCLIP:
    return tn.load("pocket")


@pytest.fixture(scope="module")
def series() -> list[tn.PixelSeries]:
    source = tn.open_source("flanders")
    return [source.pixel(HERE[0] + 0.0005 * n, HERE[1]) for n in range(3)]


@pytest.mark.parametrize("twin", ["vine\u200byard", "\ufeffvineyard", "vineyard\u00ad", " Vineyard "])
def test_names_that_look_alike_are_one(model: tn.TimeSenCLIP, twin: str) -> None:
    with pytest.raises(ValueError, match="given twice"):
        model.zero_shot(["vineyard", twin])
    assert model.zero_shot([twin, "meadow"]).classes[0].casefold() == "vineyard"


@pytest.mark.filterwarnings("ignore::timesen_nb.model.words.NeverTheAnswer")
def test_letters_composed_or_not_are_one(
    model: tn.TimeSenCLIP, series: list[tn.PixelSeries], tmp_path: Path
) -> None:
    whole, parts = "caf\u00e9 garden", "cafe\u0301 garden"
    with pytest.raises(ValueError, match="given twice"):
        model.zero_shot([whole, parts])
    taught = model.zero_shot([whole, "meadow"]).teach(series, [parts, "meadow", whole])
    assert taught.classes == [whole, "meadow"]
    path = tmp_path / "points.csv"
    bands = ",".join(f"{band}_m{month:02d}" for month in range(1, 13) for band in BANDS)
    values = ",".join(["1000"] * 120)
    path.write_text(
        f"lon,lat,true_class,{bands}\n3,50,{whole},{values}\n3.1,50,{parts}\u200b,{values}\n", "utf-8"
    )
    assert set(read_points(path).labels.tolist()) == {whole}


@pytest.mark.parametrize("labels", [{"a", "b", "c"}, "abc", {"a": 1, "b": 2, "c": 3}])
def test_labels_without_an_order_are_refused(
    model: tn.TimeSenCLIP, series: list[tn.PixelSeries], labels: object
) -> None:
    with pytest.raises(ValueError, match="one text for each place, in their order"):
        model.zero_shot(["maize", "meadow"]).teach(series, labels)


def test_the_answer_that_no_word_fits_is_no_word(model: tn.TimeSenCLIP, series: list[tn.PixelSeries]) -> None:
    with pytest.raises(ValueError, match="the answer where no word fits"):
        model.zero_shot(["meadow", "None of  these"], open_set=True)
    with pytest.raises(ValueError, match="the answer where no word fits"):
        model.zero_shot(["meadow"]).teach(series, ["meadow", "none of these", "meadow"])


def quarters(order: list[int]) -> xr.DataArray:
    """Four quarters whose reflectance is their number; 3 x 3 pixels."""
    values = np.random.default_rng(0).uniform(300, 4000, (4, 10, 3, 3)).astype(np.float32)
    cube = xr.DataArray(
        values,
        dims=("quarter", "band", "y", "x"),
        coords={"quarter": [1, 2, 3, 4], "band": list(BANDS), "y": [30.0, 20, 10], "x": [10.0, 20, 30]},
    )
    return cube.sel(quarter=order).rio.write_crs("EPSG:32631")


def test_quarters_are_read_by_their_numbers(model: tn.TimeSenCLIP) -> None:
    zs = model.zero_shot(["maize field", "meadow", "forest"])
    in_order, turned = quarters([1, 2, 3, 4]), quarters([3, 1, 4, 2])
    maps = [tn.map_region(zs, cube, progress=False)["probability"].values for cube in (in_order, turned)]
    np.testing.assert_array_equal(*maps)
    alone = [
        zs.probabilities(cube[:, :, :, 0].transpose("y", "quarter", "band")) for cube in (in_order, turned)
    ]
    np.testing.assert_array_equal(*alone)
    wrong = in_order.assign_coords(quarter=[0, 1, 2, 3])
    with pytest.raises(ValueError, match="expected 1 to 4, each once"):
        tn.map_region(zs, wrong, progress=False)


def test_what_is_no_query_is_said(model: tn.TimeSenCLIP, series: list[tn.PixelSeries]) -> None:
    vectors = model.encode(series)
    for query in ("meadow", series[0], ["meadow"]):
        with pytest.raises(ValueError, match=r"zs\.vectors\[0\] for that of words"):
            tn.similar(vectors, query)
    with pytest.raises(ValueError, match="float or int8"):
        tn.similar((vectors * 100).astype(np.uint8), vectors[0])
    for k in (2.5, "2", 0):
        with pytest.raises(ValueError, match="a whole number of the most alike from 1"):
            tn.similar(vectors, vectors[0], k=k)
    with pytest.raises(ValueError, match="expected a share of places"):
        model.zero_shot(["meadow", "maize"]).prediction_sets(series, coverage="0.9")


def test_what_is_no_classifier_is_said(model: tn.TimeSenCLIP) -> None:
    for given in (["meadow"], model):
        with pytest.raises(ValueError, match=r"Make it with model\.zero_shot"):
            tn.map_region(given, quarters([1, 2, 3, 4]), progress=False)
