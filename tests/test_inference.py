"""Vectors by ONNX Runtime are those of ``SeriesEncoder.forward``, whatever is encoded beside them and wherever."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import timesen_nb as tn
from tests.synthetic import WordTower, small_model
from timesen_nb.model import inference, torch_inference
from timesen_nb.model.checkpoint import read_checkpoint
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.encoder_weights import EncoderWeights
from timesen_nb.model.timesenclip import TimeSenCLIP

SMALL = {"width": 64, "depth": 3, "heads": 4, "feedforward": 48, "embedding": 24}
CONFIGS = {
    "small": EncoderConfig(**SMALL),
    "one layer": EncoderConfig(**SMALL | {"depth": 1}),
    "two layers": EncoderConfig(**SMALL | {"depth": 2}),
    "absent bands": EncoderConfig(**SMALL, absent_bands=True),
    # more features than width: the first layer is not folded
    "narrow": EncoderConfig(**SMALL | {"width": 16}),
    "patch of 5 x 5": EncoderConfig(**SMALL, patch=5),
    "patch and absent bands": EncoderConfig(**SMALL, patch=2, absent_bands=True),
    "january": EncoderConfig(**SMALL, annual_position="january"),
    "a position of the year": EncoderConfig(**SMALL, annual_position="own"),
    "photos to recall": EncoderConfig(**SMALL, photos=7),
}


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
        if config.photos:
            encoder.recall.photos.copy_(
                torch.nn.functional.normalize(torch.randn(config.photos, config.embedding))
            )
    return encoder


def series(
    n: int, t: int = 12, patch: int = 1, gaps: float = 0.0, absent: float = 0.0, seed: int = 0
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 5000, size=(n, t, 10, patch, patch)).astype(np.float32)
    x[rng.random((n, t)) < gaps] = np.nan
    x[rng.random((n, t, 10)) < absent] = np.nan
    return x


def forward(encoder: SeriesEncoder, x: np.ndarray, months=None) -> np.ndarray:
    with torch.inference_mode():
        return encoder(torch.from_numpy(x), months).numpy()


def encode(encoder: SeriesEncoder, x: np.ndarray, months=None, exact=None) -> np.ndarray:
    return EncoderWeights.of_module(encoder).encode(x, months=months, exact=exact, allow_empty=True)


@pytest.mark.parametrize("t", [12, 4, 1])
@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize(("gaps", "absent"), [(0.0, 0.0), (0.5, 0.0), (0.2, 0.1)])
def test_vectors_are_those_of_the_forward_pass(name, t, gaps, absent):
    encoder = sensitive(CONFIGS[name])
    x = series(40, t, CONFIGS[name].patch, gaps, absent)
    expected, found = forward(encoder, x), encode(encoder, x)
    assert np.isnan(expected).any() or expected.std(axis=0).mean() > 0.01  # the encoder tells series apart
    np.testing.assert_allclose(found, expected, atol=3e-6)  # NaN where NaN: a series without any month


def test_ten_thousand_series_with_gaps_by_the_bundled_model():
    model = tn.load("pocket")
    values = series(10_000, gaps=0.3, absent=0.01)
    values[:3000] /= 5  # dark as water, whose bands are near their offsets
    found = model.encode(values, allow_empty=True)
    np.testing.assert_allclose(found, forward(model.encoder, values), atol=1e-5)
    assert np.isnan(found).any(axis=1).mean() < 0.01


def test_months_of_your_own_choice():
    encoder = sensitive(CONFIGS["absent bands"])
    months = [9, 4, 6]
    x = series(20, 3, gaps=0.3)
    np.testing.assert_allclose(encode(encoder, x, months), forward(encoder, x, months), atol=3e-6)
    for run in (encode, forward):
        with pytest.raises(ValueError, match="4, 4, 6; expected whole numbers from 1 to 12, each once"):
            run(encoder, x, [4, 4, 6])
        with pytest.raises(ValueError, match="months=\\[4, 5"):
            run(encoder, x)


@settings(max_examples=20)
@given(st.lists(st.lists(st.booleans(), min_size=12, max_size=12), min_size=1, max_size=9), st.randoms())
def test_a_series_does_not_depend_on_its_neighbours(there, random):
    weights = EncoderWeights.of_module(sensitive(CONFIGS["small"]))
    x = series(len(there))
    x[~np.array(there)] = np.nan
    order = random.sample(range(len(x)), len(x))
    together = weights.encode(x, allow_empty=True)
    np.testing.assert_array_equal(together[order], weights.encode(x[order], allow_empty=True))


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("name", ["absent bands", "patch of 5 x 5"])
def test_a_place_alone_has_the_vector_it_has_in_any_company(name, exact, monkeypatch):
    monkeypatch.setattr(inference, "INT8_WIDTH", 64)
    monkeypatch.setattr(inference, "AGREEMENT", 0.99)
    weights = EncoderWeights.of_module(sensitive(CONFIGS[name]))
    x = series(200, patch=CONFIGS[name].patch, gaps=0.4, absent=0.02)
    together = weights.encode(x, exact=exact, allow_empty=True)
    bright = np.concatenate([x[:20], series(100, patch=CONFIGS[name].patch, seed=5) * 3])
    np.testing.assert_array_equal(weights.encode(bright, exact=exact, allow_empty=True)[:20], together[:20])
    alone = np.concatenate([weights.encode(x[i : i + 1], exact=exact, allow_empty=True) for i in range(40)])
    np.testing.assert_array_equal(alone, together[:40])


@pytest.mark.parametrize("exact", [True, False])
def test_any_number_of_cores_gives_the_same(exact, monkeypatch):
    monkeypatch.setattr(inference, "INT8_WIDTH", 64)
    monkeypatch.setattr(inference, "AGREEMENT", 0.99)
    weights, x = EncoderWeights.of_module(sensitive(CONFIGS["absent bands"])), series(700, gaps=0.3)
    found = []
    for n in (1, 2, 3):
        monkeypatch.setattr(inference, "count_cores", lambda n=n: n)
        found.append(weights.encode(x, exact=exact, allow_empty=True))
    with inference.on_one_core():
        found.append(weights.encode(x, exact=exact, allow_empty=True))
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


def test_one_core_is_one_thread(monkeypatch):
    threads = []

    def no_pool(cores):
        threads.append(cores)
        raise AssertionError("no pool on one core")

    monkeypatch.setattr(inference, "ThreadPoolExecutor", no_pool)
    weights, x = EncoderWeights.of_module(sensitive(CONFIGS["small"])), series(300)
    with inference.on_one_core():
        weights.encode(x)
    monkeypatch.setattr(inference, "count_cores", lambda: 2)
    with pytest.raises(AssertionError, match="no pool"):
        weights.encode(x)
    assert threads == [2]


def test_what_fails_on_a_core_fails_the_call(monkeypatch):
    def fail(*_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(inference.GraphSession, "__call__", fail)
    monkeypatch.setattr(inference, "count_cores", lambda: 2)
    with pytest.raises(RuntimeError, match="out of memory"):
        encode(sensitive(CONFIGS["small"]), series(200))


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(axis=1)


@pytest.mark.parametrize("name", ["small", "absent bands", "patch of 5 x 5"])
def test_int8_keeps_the_direction(name, monkeypatch):
    monkeypatch.setattr(inference, "INT8_WIDTH", 64)
    monkeypatch.setattr(inference, "AGREEMENT", 0.99)  # untrained, and made to be sensitive
    encoder = sensitive(CONFIGS[name])
    x = series(200, patch=CONFIGS[name].patch, gaps=0.3)
    weights = EncoderWeights.of_module(encoder)
    narrow, exact = weights.encode(x, exact=False), weights.encode(x, exact=True)
    if not inference.sums_bytes():
        # this processor does not sum products of bytes without loss: float32 stands in
        np.testing.assert_array_equal(narrow, exact)
        return
    assert cosines(narrow, exact).min() > 0.998
    assert cosines(narrow, exact).mean() > 0.9995
    assert (narrow != exact).any()  # it did compute in other numbers


@pytest.mark.needs_real
def test_int8_calls_real_pixels_what_float32_calls_them(real_data, monkeypatch):
    from benchmarks.real import read_series

    monkeypatch.setattr(inference, "INT8_WIDTH", 128)
    _, values = read_series()
    model = tn.load("pocket")
    exact, narrow = model.encode(values, exact=True), model.encode(values, exact=False)
    assert cosines(exact, narrow).min() > 0.999
    words = model.zero_shot("land_cover")
    same = words.of_vectors(exact).argmax(axis=1) == words.of_vectors(narrow).argmax(axis=1)
    assert same.mean() > 0.99


def test_float32_unless_int8_is_asked_for_and_worth_it(monkeypatch):
    encoder, x = sensitive(CONFIGS["small"]), series(100, t=4)
    exact = encode(encoder, x, exact=True)
    np.testing.assert_array_equal(encode(encoder, x, exact=False), exact)  # too narrow an encoder
    monkeypatch.setattr(inference, "INT8_WIDTH", 64)
    np.testing.assert_array_equal(encode(encoder, x), exact)
    monkeypatch.setattr(inference, "sums_bytes", lambda: False)
    np.testing.assert_array_equal(encode(encoder, x, exact=False), exact)


def test_where_int8_loses_too_much_it_is_float32(monkeypatch):
    monkeypatch.setattr(inference, "INT8_WIDTH", 64)
    monkeypatch.setattr(inference, "AGREEMENT", 1.01)
    encoder, x = sensitive(CONFIGS["small"]), series(64, gaps=0.2)
    np.testing.assert_array_equal(encode(encoder, x, exact=False), encode(encoder, x, exact=True))


@pytest.mark.parametrize("config", [CONFIGS["absent bands"], CONFIGS["patch of 5 x 5"]])
def test_series_drawn_for_scales_are_within_the_statistics(config):
    for values, positions in inference.draw_series(config):
        assert values.shape[:3] == (*positions.shape, 10)
        share = (values.reshape(*values.shape[:3], -1) - np.array(config.offset)[:, None]) / np.array(
            config.scale
        )[:, None]
        assert np.nanquantile(share, 0.1) < 0.2
        assert np.nanquantile(share, 0.9) > 0.8
        assert all(len(set(row)) == len(row) for row in positions.tolist())
        assert np.isnan(values).any() == config.absent_bands


@pytest.mark.parametrize("how", ["a step", "data", "a state"])
def test_nothing_is_stale_after_training_in_place(how):
    model, x = small_model(), series(10)[..., 0, 0]
    zs = model.zero_shot(["maize", "water"])
    before, p = model.encode(x), zs.probabilities(x)
    weight = model.encoder.mlp_head[1].weight
    if how == "a step":
        model.encode(torch.from_numpy(x))
        loss = model.encoder.train()(torch.from_numpy(x)).sum()
        loss.backward()
        torch.optim.SGD(model.encoder.parameters(), lr=10.0).step()
        model.encoder.eval()
    elif how == "data":
        weight.data.mul_(-1)
    else:
        other = {k: -v for k, v in model.encoder.state_dict().items()}
        model.encoder.load_state_dict(other)
    after = model.encode(x)
    assert np.abs(after - before).max() > 0.01
    np.testing.assert_allclose(after, forward(model.encoder, x), atol=3e-6)
    assert np.abs(zs.probabilities(x) - p).max() > 1e-3


def test_a_loaded_model_and_its_torch_encoder_are_one(tmp_path):
    model = tn.load("pocket")
    x = series(10, gaps=0.3)[..., 0, 0]
    by_file = model.encode(x)
    encoder = model.encoder
    assert encoder is model.encoder
    assert not encoder.training
    np.testing.assert_array_equal(model.encode(x), by_file)
    with torch.no_grad():
        encoder.mlp_head[1].bias.add_(1.0)
    again = tn.load(model.save(tmp_path / "trained.safetensors"))
    np.testing.assert_array_equal(again.encode(x), model.encode(x))
    assert np.abs(again.encode(x) - by_file).max() > 0.01


class Mean(SeriesEncoder):
    """Another encoder of the same kind, with a forward of its own."""

    def forward(self, values, months=None):
        return torch.nn.functional.normalize(torch.nanmean(values.flatten(2), dim=1), dim=-1)


def test_another_encoder_keeps_its_own_forward():
    encoder = Mean(EncoderConfig(**SMALL | {"embedding": 10}))
    x = series(1200)
    before = torch.get_num_threads()
    with inference.on_one_core():
        found = encode(encoder, x)
    assert torch.get_num_threads() == before
    np.testing.assert_allclose(found, forward(encoder, x), atol=1e-6)
    weights = pickle.loads(pickle.dumps(EncoderWeights.of_module(encoder)))
    np.testing.assert_array_equal(weights.encode(x), found)


@pytest.mark.parametrize("name", ["Mean", "SeriesEncoder"])
def test_an_encoder_that_no_file_can_bring_back_is_said_when_it_is_saved(name, tmp_path):
    """Of the same name it would come back with the forward of another."""
    own = type(name, (Mean,), {"__module__": "my_notebook"})(EncoderConfig(**SMALL | {"embedding": 128}))
    model = tn.TimeSenCLIP(own, tn.load("pocket").tower)
    with pytest.warns(
        UserWarning, match=f"class of your own, my_notebook.{name}: .*tn.load cannot make it"
    ) as said:
        path = model.save(tmp_path / "own.safetensors")
    assert said[0].filename == __file__
    with pytest.raises(ValueError, match=f"holds an encoder 'my_notebook.{name}'; .*read_checkpoint"):
        tn.load(path)
    kept = read_checkpoint(path)
    again = type(own)(kept.config)
    again.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in kept.weights.items()})
    x = series(3)
    np.testing.assert_array_equal(forward(again.eval(), x), forward(own.eval(), x))


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("t", [12, 4, 1])
def test_the_arithmetic_of_the_gpu_is_that_of_the_forward_pass(name, t):
    encoder = sensitive(CONFIGS[name])
    x = series(40, t, CONFIGS[name].patch, gaps=0.3)
    np.testing.assert_allclose(torch_inference.encode(encoder, x), forward(encoder, x), atol=3e-6)


def test_bfloat16_keeps_the_direction(monkeypatch):
    encoder, x = sensitive(CONFIGS["absent bands"]), series(100, gaps=0.3)
    monkeypatch.setattr(torch_inference, "AGREEMENT", 0.99)  # untrained, and made to be sensitive
    plain = torch_inference.Prepared(encoder, 12)
    narrow = torch_inference.narrowed(plain)
    assert narrow is not plain
    assert cosines(narrow(x), plain(x)).min() > 0.99
    monkeypatch.setattr(torch_inference, "AGREEMENT", 1.01)
    assert torch_inference.narrowed(plain) is plain


def test_empty_series_are_refused_or_come_back_empty():
    model = small_model()
    x = series(5)[..., 0, 0]
    x[3] = np.nan
    with pytest.raises(ValueError, match=r"1 of 5 series have no month .*rows \[3\]"):
        model.encode(x)
    vectors = model.encode(x, allow_empty=True)
    assert np.isnan(vectors).any(axis=1).tolist() == [False, False, False, True, False]


class HeavyTower(WordTower):
    """A tower that must stay where it is."""

    def __getstate__(self):
        raise AssertionError("a classifier travels without the tower")


def test_a_classifier_travels_without_tower_and_torch():
    model = small_model()
    model.tower = HeavyTower()
    zs = model.zero_shot(["maize", "water"])
    packed = pickle.dumps(zs)
    assert b"torch" not in packed
    there: tn.ZeroShot = pickle.loads(packed)
    x = series(6)[..., 0, 0]
    np.testing.assert_array_equal(there.probabilities(x), zs.probabilities(x))


UNPACK = """
import pickle, sys
import numpy as np
zs, x = pickle.load(sys.stdin.buffer)
p = zs.probabilities(x)
assert "torch" not in sys.modules
sys.stdout.buffer.write(pickle.dumps(p))
"""


def test_a_worker_needs_no_torch():
    zs, x = tn.load("pocket").zero_shot(["maize", "water"]), series(6)[..., 0, 0]
    ran = subprocess.run(
        [sys.executable, "-c", UNPACK], input=pickle.dumps((zs, x)), capture_output=True, check=True
    )
    np.testing.assert_array_equal(pickle.loads(ran.stdout), zs.probabilities(x))


def test_weights_alone_make_a_model():
    model = small_model()
    x = series(4)[..., 0, 0]
    bare = TimeSenCLIP(EncoderWeights(model.config, model.weights.arrays), WordTower())
    np.testing.assert_array_equal(bare.encode(x), model.encode(x))
    assert (bare.device, bare.to("cpu") is bare) == ("cpu", True)
