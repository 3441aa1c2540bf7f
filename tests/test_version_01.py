"""What 0.1 wrote still loads, and its bundled model says what it said then. ``data/v01`` was written by 0.1."""

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr

import timesen_nb as tn
from timesen_nb.datasets import Pairs, simulated_dataset

V01 = Path(__file__).parent / "data" / "v01"


@pytest.fixture(scope="module")
def encoded() -> dict[str, np.ndarray]:
    """200 series with missing months and bands, and what the pocket model of 0.1 made of them."""
    with np.load(V01 / "encoded.npz") as file:
        arrays = dict(file)
    values = arrays["values"].astype(np.float32)
    return arrays | {"values": np.where(values == -32768, np.nan, values)}


@pytest.fixture(scope="module")
def bundled() -> tn.TimeSenCLIP:
    """The pocket model that came with 0.1."""
    return tn.load(V01 / "pocket.safetensors")


def test_the_bundled_model_says_what_it_said(encoded: dict[str, np.ndarray], bundled: tn.TimeSenCLIP) -> None:
    model, values = bundled, encoded["values"]
    np.testing.assert_allclose(model.encode(values, exact=True), encoded["vectors"], atol=1e-5)
    with warnings.catch_warnings():
        # a band that no month has is missing in the year too
        warnings.filterwarnings("ignore", "All-NaN slice")
        year = np.nanmedian(values, axis=1, keepdims=True)
    np.testing.assert_allclose(model.encode(year, exact=True), encoded["annual"], atol=1e-5)
    np.testing.assert_allclose(
        model.zero_shot("land_cover").probabilities(values), encoded["probabilities"], atol=1e-4
    )


def test_words_of_another_edition_are_not_laid_beside_it(bundled: tn.TimeSenCLIP) -> None:
    """Both towers have vectors of 128 numbers: taken for each other, every answer would be wrong in silence."""
    assert bundled.tower.name == "pocket:1"
    assert tn.load(V01 / "pocket.safetensors", tower="pocket").tower.name == "pocket:1"
    for other in ("pocket:2", tn.load("pocket").tower):
        with pytest.raises(ValueError, match=r"the tower given is pocket:2; .* Leave tower= out"):
            tn.load(V01 / "pocket.safetensors", tower=other)


def test_a_report_has_the_figures_it_had(bundled: tn.TimeSenCLIP) -> None:
    report = tn.report(bundled, simulated_dataset(2000, seed=909), resamples=50, progress=False)
    before = pd.read_csv(V01 / "report.csv")
    pd.testing.assert_frame_equal(
        report.scores[list(before.columns)].reset_index(drop=True), before, check_dtype=False, atol=2e-3
    )


def test_a_model_file(encoded: dict[str, np.ndarray]) -> None:
    model = tn.load(V01 / "model.safetensors")
    assert (model.logit_scale, model.calibrated_logit_scale, model.probability_scale) == (21.5, 12.25, 12.25)
    vectors = model.encode(encoded["values"][:20], exact=True)
    np.testing.assert_allclose(vectors, np.load(V01 / "model_vectors.npy"), atol=1e-5)


def old_pairs() -> Pairs:
    """As 0.1 wrote them: they do not say who made the photo vectors."""
    with pytest.warns(UserWarning, match="made by an unknown tower"):
        return Pairs.load(V01 / "pairs.safetensors")


def test_pairs(encoded: dict[str, np.ndarray]) -> None:
    pairs = old_pairs()
    assert (len(pairs), tuple(pairs.embeddings.shape), len(pairs.labels)) == (32, (32, 2, 128), 32)
    np.testing.assert_array_equal(np.asarray(pairs.series(slice(None)))[..., 0, 0], encoded["values"][:32])


def test_a_run_that_was_stopped_goes_on_to_the_same_end(
    encoded: dict[str, np.ndarray], tmp_path: Path
) -> None:
    shutil.copytree(V01 / "run", tmp_path / "run")
    start = tn.load(V01 / "start.safetensors").encoder
    model = tn.fit(
        start, old_pairs(), tower="pocket", epochs=2, batch_size=8, memory_bank=16, seed=3,
        device="cpu", checkpoint_every=3, folder=tmp_path / "run", progress=False,
    )  # fmt: skip
    vectors = model.encode(encoded["values"][:20], exact=True)
    np.testing.assert_allclose(vectors, np.load(V01 / "run_vectors.npy"), atol=1e-4)


def test_a_region_store(tmp_path: Path, bundled: tn.TimeSenCLIP) -> None:
    """Its vectors are read again, and the same call takes it as done."""
    store = shutil.copytree(V01 / "region.zarr", tmp_path / "region.zarr")
    maps = xr.open_zarr(store, consolidated=False)
    maps = maps.rio.write_crs(json.loads((V01 / "cube.json").read_text())["crs"])
    words = bundled.zero_shot(["a forest", "a field", "a lake"])
    again = tn.map_region(words, maps, progress=False)
    assert (again["label"].values == maps["label"].values).mean() > 0.98
