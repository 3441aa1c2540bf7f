"""The fast path gives what ``SeriesEncoder.forward`` gives: exactly where asked, closely where numbers are narrower."""

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import timesen_nb as tn
from tests.synthetic import WordTower, small_model
from timesen_nb.model import inference
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.timesenclip import TimeSenCLIP

SMALL = {"width": 64, "depth": 3, "heads": 4, "feedforward": 48, "embedding": 24}
CONFIGS = {
    "small": EncoderConfig(**SMALL),
    "one layer": EncoderConfig(**SMALL | {"depth": 1}),
    "two layers": EncoderConfig(**SMALL | {"depth": 2}),
    "absent bands": EncoderConfig(**SMALL, absent_bands=True),
    "narrow": EncoderConfig(
        **SMALL | {"width": 16}
    ),  # more features than width: the first layer is not folded
    "patch of 5 x 5": EncoderConfig(**SMALL, patch=5),
    "january": EncoderConfig(**SMALL, annual_position="january"),
}


def encode(encoder, x, months=None, exact=None):
    return torch.from_numpy(inference.encode(encoder, x.numpy(), months, exact))


def sensitive(config: EncoderConfig) -> SeriesEncoder:
    """An encoder in which every weight counts: biases, positions and norms are not near 0 and 1."""
    torch.manual_seed(3)
    encoder = SeriesEncoder(config).eval()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(torch.randn_like(parameter) * (0.3 if parameter.ndim == 1 else 0.05))
        encoder.time_pos_encoding.normal_()
        encoder.spectral_embedding[1].weight.mul_(3)
        for layer in encoder.transformer.layers:
            layer.self_attn.in_proj_weight.mul_(2)  # months differ in how much they are looked at
    return encoder


def series(
    n: int, t: int = 12, patch: int = 1, gaps: float = 0.0, absent: float = 0.0, seed: int = 0
) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 5000, size=(n, t, 10, patch, patch)).astype(np.float32)
    x[rng.random((n, t)) < gaps] = np.nan
    x[rng.random((n, t, 10)) < absent] = np.nan
    return torch.from_numpy(x)


def forward(encoder: SeriesEncoder, x: torch.Tensor, months=None) -> torch.Tensor:
    with torch.inference_mode():
        return encoder(x, months)


@pytest.mark.parametrize("t", [12, 4, 1])
@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize(("gaps", "absent"), [(0.0, 0.0), (0.5, 0.0), (0.2, 0.1)])
def test_exact_path_is_the_forward_pass(name, t, gaps, absent):
    encoder = sensitive(CONFIGS[name])
    x = series(40, t, CONFIGS[name].patch, gaps, absent)
    expected, given = forward(encoder, x), encode(encoder, x, exact=True)
    assert torch.isnan(expected).any() or expected.std(dim=0).mean() > 0.01  # the encoder tells series apart
    np.testing.assert_allclose(given, expected, atol=3e-6)  # NaN where NaN: a series without any month


def test_months_of_your_own_choice():
    encoder = sensitive(CONFIGS["absent bands"])
    months = [9, 4, 6]
    x = series(20, 3, gaps=0.3)
    np.testing.assert_allclose(encode(encoder, x, months), forward(encoder, x, months), atol=3e-6)
    with pytest.raises(ValueError, match="different calendar months"):
        encode(encoder, x, [4, 4, 6])
    with pytest.raises(ValueError, match="months=\\[4, 5"):
        encode(encoder, x)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=12, max_size=12), min_size=1, max_size=9), st.randoms())
def test_a_series_does_not_depend_on_its_neighbours(there, random):
    encoder = sensitive(CONFIGS["small"])
    x = series(len(there))
    x[~torch.tensor(there)] = torch.nan
    order = random.sample(range(len(x)), len(x))
    np.testing.assert_allclose(encode(encoder, x)[order], encode(encoder, x[order]), atol=3e-6)


@pytest.mark.parametrize("exact", [True, False])
def test_any_number_of_cores_gives_the_same(exact, monkeypatch):
    encoder, x, before = sensitive(CONFIGS["absent bands"]), series(300, gaps=0.3), torch.get_num_threads()
    monkeypatch.setattr(inference, "INT8_WIDTH", 64)
    try:
        found = []
        for n in (1, 2, 3):
            torch.set_num_threads(n)
            found.append(encode(encoder, x, exact=exact).numpy())
            assert torch.get_num_threads() == n
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_what_fails_on_a_core_fails_the_call_and_leaves_torch_as_it_was(monkeypatch):
    before = torch.get_num_threads()

    def fail(*_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(inference.Prepared, "batch", fail)
    try:
        torch.set_num_threads(2)
        with pytest.raises(RuntimeError, match="out of memory"):
            encode(sensitive(CONFIGS["small"]), series(200), exact=True)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("name", ["small", "absent bands", "patch of 5 x 5"])
def test_narrow_numbers_keep_the_direction(name):
    encoder = sensitive(CONFIGS[name])
    x = series(200, patch=CONFIGS[name].patch, gaps=0.3)
    with torch.inference_mode():
        narrow = inference.Prepared(encoder, 12, make=inference.int8_product)(x)
    cosines = (narrow * forward(encoder, x)).sum(dim=1)
    assert cosines.min() > 0.998
    assert cosines.mean() > 0.9995
    assert (
        cosines.max() < 1 - 1e-9 or (narrow != forward(encoder, x)).any()
    )  # it did compute in other numbers


def test_int8_product_of_known_numbers():
    weight = torch.tensor([[127.0, -127.0], [1.0, 0.0]])
    x = torch.tensor([[[127.0, 1.0], [0.0, 0.0]]])  # every number here is a byte already
    given = inference.int8_product(weight, torch.tensor([0.5, -1.0]))(x)
    torch.testing.assert_close(given, torch.tensor([[[127.0 * 127 - 127 + 0.5, 126.0], [0.5, -1.0]]]))


def test_the_library_chooses_exact_numbers_for_few_series():
    encoder = sensitive(EncoderConfig(**SMALL | {"width": 256, "depth": 2}))
    x = series(50)
    assert torch.equal(encode(encoder, x), encode(encoder, x, exact=True))


def test_the_library_chooses_for_many_series():
    encoder = sensitive(EncoderConfig(**SMALL | {"width": 256, "depth": 2}))
    x = series(inference.FEW, t=4)
    chosen, exact = encode(encoder, x), encode(encoder, x, exact=True)
    with torch.inference_mode():
        gains = inference.reduced(inference.Prepared(encoder, 4)) is not None
    assert torch.equal(chosen, exact) is not gains
    assert (chosen * exact).sum(dim=1).min() > inference.AGREEMENT


def test_where_narrow_numbers_disagree_the_call_is_exact(monkeypatch):
    encoder = sensitive(EncoderConfig(**SMALL | {"width": 256, "depth": 2}))
    x = series(64, gaps=0.2)
    x[::2] = torch.nan  # empty series have nothing to say about agreement
    monkeypatch.setattr(inference, "AGREEMENT", 1.01)
    given = encode(encoder, x, exact=False)
    np.testing.assert_array_equal(given, encode(encoder, x, exact=True))


def test_nothing_is_stale_after_a_training_step():
    model = small_model()
    x = series(10)[..., 0, 0]
    before = model.encode(x)
    with torch.no_grad():
        for parameter in model.encoder.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    after = model.encode(x)
    assert (after - before).abs().max() > 0.01
    np.testing.assert_allclose(after, forward(model.encoder, x), atol=3e-6)


class Mean(SeriesEncoder):
    """Another encoder of the same kind, with a forward of its own."""

    def forward(self, values, months=None):
        return torch.nn.functional.normalize(torch.nanmean(values.flatten(2), dim=1), dim=-1)


def test_another_encoder_keeps_its_own_forward():
    encoder = Mean(EncoderConfig(**SMALL | {"embedding": 10}))
    x = series(2500)
    torch.testing.assert_close(encode(encoder, x), encoder(x))


def test_empty_series_are_refused_or_come_back_empty():
    model = small_model()
    x = series(5)[..., 0, 0].numpy()
    x[3] = np.nan
    with pytest.raises(ValueError, match=r"1 of 5 series have no month .*rows \[3\]"):
        model.encode(x)
    vectors = model.encode(x, allow_empty=True)
    assert np.isnan(vectors).any(axis=1).tolist() == [False, False, False, True, False]


def test_exactness_is_one_argument():
    model = TimeSenCLIP(sensitive(EncoderConfig(**SMALL | {"width": 256, "depth": 2})), WordTower())
    x = series(inference.FEW, t=1)[..., 0, 0]
    np.testing.assert_allclose(model.encode(x, exact=True), forward(model.encoder, x), atol=3e-6)
    assert (model.encode(x) * model.encode(x, exact=True)).sum(dim=1).min() > inference.AGREEMENT


class HeavyTower(WordTower):
    """A tower that must stay where it is."""

    def __getstate__(self):
        raise AssertionError("a classifier travels without the tower")


def test_a_classifier_travels_without_the_tower():
    model = small_model()
    model.tower = HeavyTower()
    zs = model.zero_shot(["maize", "water"])
    there: tn.ZeroShot = pickle.loads(pickle.dumps(zs))
    x = series(6)[..., 0, 0].numpy()
    np.testing.assert_array_equal(there.probabilities(x), zs.probabilities(x))
