"""Classifiers, vectors and encoders that are passed on: kept, calibrated, copied, trained further."""

import copy
import pickle

import numpy as np
import pytest
import torch

import timesen_nb as tn
from timesen_nb.datasets.pairs import Pairs
from timesen_nb.evaluation import calibrated, fit_logit_scale
from timesen_nb.evaluation.own_labels import accuracy_by_blocks
from timesen_nb.model.ablation import make_encoder
from timesen_nb.model.kept_vectors import pack, unpack
from timesen_nb.model.linear_probe import linear_probe
from timesen_nb.model.open_set import OpenZeroShot, background_vectors
from timesen_nb.model.timesenclip import TimeSenCLIP

WORDS = ["a meadow", "a forest", "a lake"]


@pytest.fixture(scope="module")
def model() -> tn.TimeSenCLIP:
    return tn.load("pocket")


@pytest.fixture(scope="module")
def series() -> np.ndarray:
    """Real series (60, 12, 10) of Flanders."""
    source = tn.open_source("flanders")
    values = source.cube(source.bounds).values.reshape(12, 10, -1)
    return np.ascontiguousarray(np.moveaxis(values, -1, 0)[:: values.shape[-1] // 60][:60])


def other(model: tn.TimeSenCLIP, seed: int = 0) -> tn.TimeSenCLIP:
    """A model of the same kind with weights of its own."""
    mine = copy.deepcopy(model)
    torch.manual_seed(seed)
    with torch.no_grad():
        for weight in mine.encoder.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return mine


def test_a_probe_does_not_read_the_vectors_of_another_model(
    model: tn.TimeSenCLIP, series: np.ndarray
) -> None:
    source = tn.open_source("flanders")
    cube = source.cube(source.bounds).isel(x=slice(0, 8), y=slice(0, 8))
    kept = tn.map_region(model.zero_shot(WORDS), cube, keep="int8", progress=False)
    labels = np.array(["wet", "dry"] * 30)
    mine = linear_probe(other(model), Pairs(series, labels=labels))
    with pytest.raises(ValueError, match="other weights than the words"):
        tn.map_region(mine, kept, progress=False)
    own = linear_probe(model, Pairs(series, labels=labels))
    of_kept, of_cube = (tn.map_region(own, given, progress=False) for given in (kept, cube))
    assert (of_kept["label"] == of_cube["label"]).mean() > 0.95
    assert of_cube.attrs["model"] == of_kept.attrs["model"] == "pocket"
    with pytest.raises(ValueError, match=r"made by model\.zero_shot"):
        own.save("probe.safetensors")


def test_vectors_as_they_are_kept_are_vectors(model: tn.TimeSenCLIP, series: np.ndarray) -> None:
    zs, vectors = model.zero_shot(WORDS), model.encode(series)
    kept = pack(vectors, "int8")
    np.testing.assert_allclose(zs.of_vectors(kept), zs.of_vectors(vectors), atol=0.03)
    labels = ["a lake", "a forest"] * 30
    by_kept, by_float = (zs.teach_vectors(v, labels).of_vectors(vectors) for v in (kept, vectors))
    np.testing.assert_allclose(by_kept, by_float, atol=0.1)
    months = np.full(len(series), 12)
    np.testing.assert_array_equal(zs.sets_of_vectors(unpack(kept), months), zs.sets_of_vectors(kept, months))
    assert np.isnan(zs.of_vectors(np.zeros((1, 128), np.int8))).all()
    truth = np.arange(len(series)) % 3
    assert fit_logit_scale(zs, kept, truth) == pytest.approx(fit_logit_scale(zs, vectors, truth), rel=0.05)


def test_only_the_direction_of_a_vector_counts(model: tn.TimeSenCLIP, series: np.ndarray) -> None:
    """The mean of four photos is shorter than each of them, and no less sure of what they show."""
    vectors = model.encode(series)
    long = vectors * np.geomspace(0.01, 100, len(vectors), dtype=np.float32)[:, None]
    months, labels = np.full(len(series), 12), ["a lake", "a forest"] * 30
    for zs in (model.zero_shot(WORDS), model.zero_shot(WORDS, open_set=True)):
        np.testing.assert_allclose(zs.of_vectors(long), zs.of_vectors(vectors), atol=1e-5)
        np.testing.assert_array_equal(zs.sets_of_vectors(long, months), zs.sets_of_vectors(vectors, months))
        assert zs.choose(zs.of_vectors(np.zeros((1, 128), np.float32))).tolist() == [-1]
    by_long, by_unit = (
        zs.teach_vectors(v, labels) for zs in [model.zero_shot(WORDS)] for v in (long, vectors)
    )
    np.testing.assert_allclose(by_long.of_vectors(vectors), by_unit.of_vectors(vectors), atol=1e-3)


@pytest.mark.parametrize("vectors", [np.ones((2, 5), np.float32), np.array(["a", "b"]), np.float32(1)])
def test_what_is_no_vector_is_refused(model: tn.TimeSenCLIP, vectors: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected \(\.\.\., 128\) as the model makes them"):
        model.zero_shot(WORDS).of_vectors(vectors)


def test_a_place_without_any_month_is_no_class(model: tn.TimeSenCLIP, series: np.ndarray) -> None:
    zs, x = model.zero_shot(WORDS), series.copy()
    x[3] = np.nan
    chosen = zs.choose(zs.of_vectors(model.encode(x, allow_empty=True)))
    assert chosen[3] == -1
    assert (np.delete(chosen, 3) >= 0).all()


def test_calibration_after_teaching_is_kept_apart_from_the_lesson(
    model: tn.TimeSenCLIP, series: np.ndarray, tmp_path
) -> None:
    vectors, truth = model.encode(series), np.arange(60) // 20
    labels = [WORDS[k] for k in truth]
    taught = model.zero_shot(WORDS).teach_vectors(vectors[::2], labels[::2])
    cooler = calibrated(taught, vectors[1::2], truth[1::2])
    assert cooler.scale != pytest.approx(taught.scale, rel=0.02)
    again = tn.load(cooler.save(tmp_path / "cooler.safetensors"), model=model)
    lonlats = np.stack([np.arange(60) * 0.5, np.full(60, 50.0)], axis=1)[::2]
    for same in (again, cooler.only(WORDS)):
        np.testing.assert_allclose(same.of_vectors(vectors), cooler.of_vectors(vectors), atol=1e-6)
        np.testing.assert_allclose(same.lesson.doubts(), taught.lesson.doubts(), atol=1e-6)
        assert (
            accuracy_by_blocks(same, lonlats, 10).accuracy == accuracy_by_blocks(cooler, lonlats, 10).accuracy
        )
    # and to be taught nothing new is to stay where it is
    np.testing.assert_allclose(
        cooler.teach_vectors(vectors[:1], labels[:1]).vectors,
        taught.teach_vectors(vectors[:1], labels[:1]).vectors,
    )


def test_a_class_number_that_there_is_not_is_said(model: tn.TimeSenCLIP, series: np.ndarray) -> None:
    with pytest.raises(ValueError, match="class number 3, and there are 3 classes; expected 0 to 2"):
        fit_logit_scale(model.zero_shot(WORDS), model.encode(series[:2]), np.array([0, 3]))


def test_vectors_that_are_hidden_or_infinite_are_none(model: tn.TimeSenCLIP, series: np.ndarray) -> None:
    zs, vectors = model.zero_shot(WORDS), model.encode(series[:3])
    hidden = np.ma.masked_array(vectors, np.arange(3)[:, None] * np.ones(vectors.shape) == 1)
    p = zs.of_vectors(hidden)
    assert np.isnan(p).all(axis=1).tolist() == [False, True, False]
    np.testing.assert_array_equal(p[[0, 2]], zs.of_vectors(vectors)[[0, 2]])
    # one number that is hidden is enough, however vectors are kept
    for kept in (vectors, pack(vectors, "int8")):
        hidden = np.ma.masked_array(kept, False)
        hidden[1, 7] = np.ma.masked
        p = zs.of_vectors(hidden)
        assert np.isnan(p).all(axis=1).tolist() == [False, True, False]
        np.testing.assert_allclose(p[[0, 2]], zs.of_vectors(kept)[[0, 2]], atol=1e-6)
    with pytest.raises(ValueError, match="vectors hold infinite numbers"):
        zs.of_vectors(vectors * np.inf)


@pytest.mark.parametrize("months", [[12], 12, ["a", "b"], [-1, 12], [12, 13], [np.nan, 12], [2.5, 12]])
def test_sets_are_asked_for_with_the_months_of_each_place(
    model: tn.TimeSenCLIP, series: np.ndarray, months: object
) -> None:
    zs = model.zero_shot(WORDS)
    vectors = model.encode(series[:2])
    assert zs.sets_of_vectors(vectors, [12, 0.0]).shape == (2, len(WORDS))
    with pytest.raises(
        ValueError, match=r"months given: .* for 2 places; expected how many months each has, 0 to 12"
    ):
        zs.sets_of_vectors(vectors, months)


def test_months_beside_series_that_say_theirs_are_refused(model: tn.TimeSenCLIP, series: np.ndarray) -> None:
    given = [tn.PixelSeries(x, np.isfinite(x).all(axis=1), 3.0, 50.8, 2018, "here") for x in series[:3]]
    plain = model.encode(given)
    np.testing.assert_array_equal(model.encode(given, months=range(1, 13)), plain)
    with pytest.raises(ValueError, match="given for PixelSeries, which begin in January"):
        model.encode(given, months=[7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6])


def test_what_was_taught_has_no_sets_in_an_open_set_either(model: tn.TimeSenCLIP, series: np.ndarray) -> None:
    taught = model.zero_shot(WORDS).teach(series[:3], WORDS)
    open_set = OpenZeroShot(taught, background_vectors(model.encode_text), 0.1)
    with pytest.raises(ValueError, match="fitted for words alone"):
        open_set.prediction_sets(series)


def test_a_lesson_belongs_to_the_weights_that_it_was_learned_by(
    model: tn.TimeSenCLIP, series: np.ndarray, tmp_path
) -> None:
    mine = copy.deepcopy(model)
    taught = mine.zero_shot(WORDS).teach(series[:6], WORDS * 2)
    with torch.no_grad():
        mine.encoder.mlp_head[1].weight.mul_(-1)
    with pytest.raises(ValueError, match="trained since this classifier was taught"):
        taught.save(tmp_path / "stale.safetensors")
    with pytest.raises(ValueError, match="trained since this classifier was taught"):
        taught.teach(series[6:7], ["a lake"])
    assert mine.zero_shot(WORDS).teach(series[:6], WORDS * 2).save(tmp_path / "new.safetensors").is_file()


@pytest.fixture(scope="module")
def tempcnn(model: tn.TimeSenCLIP) -> TimeSenCLIP:
    torch.manual_seed(0)
    encoder = make_encoder("tempcnn", embedding=128)
    for module in encoder.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            torch.nn.init.normal_(module.running_mean)
    return TimeSenCLIP(encoder, model.tower)


def test_an_encoder_in_training_encodes_as_it_will_when_trained(
    tempcnn: TimeSenCLIP, series: np.ndarray
) -> None:
    before, weights = tempcnn.encode(series), tempcnn.weights.fingerprint()
    tempcnn.encoder.train()
    first = next(module for module in tempcnn.encoder.modules() if isinstance(module, torch.nn.Dropout))
    first.eval()
    np.testing.assert_array_equal(tempcnn.encode(series), before)
    assert tempcnn.weights.fingerprint() == weights
    assert tempcnn.encoder.training
    assert not first.training
    tempcnn.encoder.eval()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_an_encoder_of_the_ablation_travels(tempcnn: TimeSenCLIP, series: np.ndarray, copied) -> None:
    np.testing.assert_array_equal(copied(tempcnn).encode(series), tempcnn.encode(series))


def test_tensors_are_read_wherever_arrays_are(model: tn.TimeSenCLIP, series: np.ndarray) -> None:
    zs = model.zero_shot(WORDS)
    tensor = torch.from_numpy(np.nan_to_num(series)).requires_grad_()
    np.testing.assert_array_equal(zs.probabilities(tensor), zs.probabilities(np.nan_to_num(series)))
    np.testing.assert_array_equal(zs.prediction_sets(tensor), zs.prediction_sets(np.nan_to_num(series)))
    half = zs.probabilities(tensor.detach().bfloat16())
    np.testing.assert_allclose(half, zs.probabilities(tensor.detach().bfloat16().float()))
