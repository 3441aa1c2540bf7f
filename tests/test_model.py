"""The encoder: what it does with months, gaps, bands, patches and bad input."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import WordTower

import timesen_nb as tn
from timesen_nb.composite import annual, quarters
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.timesenclip import TimeSenCLIP

SMALL = {"width": 32, "depth": 2, "heads": 4, "feedforward": 24, "embedding": 16}


def make(**changes: object) -> TimeSenCLIP:
    """A small untrained model, the same every time, whose positions and biases all matter."""
    torch.manual_seed(0)
    encoder = SeriesEncoder(EncoderConfig(**(SMALL | changes)))  # type: ignore[arg-type]
    for p in encoder.parameters():
        torch.nn.init.normal_(p, std=0.3)
    return TimeSenCLIP(encoder, WordTower())


MODEL = make()
WITH_ABSENT = make(absent_bands=True)


def series(n: int = 4, seed: int = 0, t: int = 12, patch: int = 0) -> np.ndarray:
    shape = (n, t, 10) + (patch, patch) * bool(patch)
    return np.random.default_rng(seed).uniform(100, 4000, shape).astype(np.float32)


months_kept = st.lists(st.booleans(), min_size=12, max_size=12).filter(any)


def test_the_published_size() -> None:
    encoder = SeriesEncoder()
    assert encoder.parameters_count == 8_169_472
    config = encoder.config
    assert (config.width, config.depth, config.heads, config.feedforward) == (512, 6, 8, 256)
    assert config.bands == tn.BANDS


def test_vectors_are_unit_float32_of_the_kind_given() -> None:
    out = MODEL.encode(series())
    assert isinstance(out, np.ndarray)
    assert (out.dtype, out.shape) == (np.float32, (4, 16))
    np.testing.assert_allclose(np.linalg.norm(out, axis=1), 1, atol=1e-6)
    tensor = MODEL.encode(torch.from_numpy(series()))
    assert isinstance(tensor, torch.Tensor)
    np.testing.assert_array_equal(tensor.numpy(), out)
    np.testing.assert_array_equal(MODEL.encode(series()[..., None, None]), out)


@given(months_kept, st.integers(0, 100))
@settings(max_examples=25)
def test_what_a_missing_month_holds_does_not_matter(kept: list[bool], seed: int) -> None:
    values, valid = series(2, seed), np.array([kept, kept])
    other = np.where(valid[..., None], values, series(2, seed + 1))
    gaps = np.where(valid[..., None], values, np.nan)
    expected = MODEL.encode(values, valid)
    np.testing.assert_array_equal(MODEL.encode(other, valid), expected)
    np.testing.assert_array_equal(MODEL.encode(gaps), expected)


@given(months_kept, st.integers(0, 100))
@settings(max_examples=25)
def test_missing_is_the_same_as_left_out(kept: list[bool], seed: int) -> None:
    values = series(2, seed)
    months = [m + 1 for m in range(12) if kept[m]]
    left_out = MODEL.encode(values[:, kept], months=months)
    np.testing.assert_allclose(MODEL.encode(values, np.array([kept, kept])), left_out, atol=2e-6)


@given(st.permutations(range(12)), st.integers(1, 12), st.integers(0, 100))
@settings(max_examples=25)
def test_order_does_not_matter_where_months_are_named(order: list[int], t: int, seed: int) -> None:
    values = series(2, seed)
    picked = sorted(order[:t])
    expected = MODEL.encode(values[:, picked], months=[m + 1 for m in picked])
    shuffled = MODEL.encode(values[:, order[:t]], months=[m + 1 for m in order[:t]])
    np.testing.assert_allclose(shuffled, expected, atol=2e-6)


def test_a_month_keeps_its_own_position() -> None:
    values = series(1)
    april, may = (MODEL.encode(values[:, 3:4], months=[m]) for m in (4, 5))
    assert np.abs(april - may).max() > 1e-3
    assert np.abs(MODEL.encode(values[:, ::-1]) - MODEL.encode(values)).max() > 1e-3


@given(st.integers(0, 11), st.integers(0, 9))
@settings(max_examples=20)
def test_one_missing_band_makes_the_month_missing(month: int, band: int) -> None:
    values, valid = series(1), np.ones((1, 12), bool)
    values[0, month, band], valid[0, month] = np.nan, False
    np.testing.assert_array_equal(MODEL.encode(values), MODEL.encode(series(1), valid))


def test_but_not_where_absent_bands_are_learned() -> None:
    values = series(1)
    values[0, :, 7] = np.nan
    out = WITH_ABSENT.encode(values)
    values[0, 3] = np.nan
    assert np.abs(WITH_ABSENT.encode(values) - out).max() > 1e-4
    lost = series(1)
    lost[0, 3] = np.nan
    np.testing.assert_allclose(
        WITH_ABSENT.encode(lost), WITH_ABSENT.encode(series(1), np.arange(12)[None] != 3), atol=1e-6
    )


def test_gaps_of_one_place_do_not_touch_the_others() -> None:
    values = series(5)
    alone = MODEL.encode(values)
    values[2, :7] = np.nan
    together = MODEL.encode(values)
    np.testing.assert_allclose(np.delete(together, 2, 0), np.delete(alone, 2, 0), atol=2e-6)
    assert np.abs(together[2] - alone[2]).max() > 1e-4
    np.testing.assert_allclose(together[2:3], MODEL.encode(values[2:3]), atol=2e-6)


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = series(9)
    values[4, 2] = np.nan
    whole = MODEL.encode(values)
    monkeypatch.setattr("timesen_nb.model.inference.BATCH", 4)
    np.testing.assert_allclose(MODEL.encode(values), whole, atol=2e-6)


def test_quarters_and_the_year() -> None:
    values = series(3)
    four, one = quarters(values), annual(values)
    position = MODEL.encoder.time_pos_encoding.detach()[0].numpy()
    np.testing.assert_allclose(
        MODEL.encoder.positions(4)[0].detach().numpy(),
        [np.sort(position[q : q + 3], axis=0)[1] for q in (0, 3, 6, 9)],
    )
    np.testing.assert_allclose(
        MODEL.encoder.positions(1)[0, 0].detach().numpy(), position.mean(axis=0), atol=1e-6
    )
    january = make(annual_position="january")
    np.testing.assert_allclose(january.encode(one), january.encode(one, months=[1]), atol=1e-6)
    assert MODEL.encode(four).shape == MODEL.encode(one).shape == (3, 16)


def test_a_year_may_have_a_position_of_its_own() -> None:
    own = make(annual_position="own")
    assert own.encoder.year_pos_encoding is not None
    months, year = series(3), series(3, t=1)
    before = own.encode(months), own.encode(year)
    with torch.no_grad():
        own.encoder.year_pos_encoding.add_(1.0)
    np.testing.assert_array_equal(own.encode(months), before[0])
    assert np.abs(own.encode(year) - before[1]).max() > 1e-3
    assert own.encoder.positions(1).detach().equal(own.encoder.year_pos_encoding.detach())


@pytest.mark.parametrize("before", ["mean", "own"])
def test_a_configuration_that_is_not_that_of_the_weights_is_refused(before: str) -> None:
    model = make(annual_position=before)
    other = {"mean": "own", "own": "mean"}[before]
    model.encoder.config = dataclasses.replace(model.encoder.config, annual_position=other)
    with pytest.raises(ValueError, match=r"(missing|unexpected) year_pos_encoding"):
        tn.TimeSenCLIP(model.encoder, model.tower)


@pytest.mark.parametrize("patch", [3, 5])
def test_patches(patch: int) -> None:
    model = make(patch=patch)
    values = series(2, patch=patch)
    out = model.encode(values)
    assert out.shape == (2, 16)
    assert np.abs(model.encode(values[..., ::-1, :]) - out).max() > 1e-4
    valid = np.ones((2, 12), bool)
    valid[0, 4] = False
    values[0, 4, 2, 0, 1] = np.nan  # one pixel of one band: the month is missing
    np.testing.assert_array_equal(model.encode(values), model.encode(series(2, patch=patch), valid))


def test_normalisation_ends_where_the_statistics_do() -> None:
    config = MODEL.encoder.config
    low, high = np.array(config.offset), np.array(config.offset) + np.array(config.scale)
    at = [
        np.broadcast_to(x, (1, 12, 10)).astype(np.float32)
        for x in (low, np.floor(low - 50), high, high + 5000)
    ]
    out = [MODEL.encode(x) for x in at]
    np.testing.assert_allclose(out[0], out[1], atol=1e-5)
    np.testing.assert_allclose(out[2], out[3], atol=1e-5)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (series(2) / 10_000, {}, "Multiply by 10000"),
        (series(2)[0], {}, r"values\[None\]"),
        (series(2)[..., :9], {}, r"expected \(N, T, 10\)"),
        (series(2, t=7), {}, "say which months"),
        (series(2, t=2), {"months": [4, 4]}, "months given: 4, 4; expected whole numbers from 1 to 12, each once"),
        (series(2, t=2), {"months": [0, 4]}, "from 1 to 12"),
        (series(2), {"valid": np.ones(12, bool)}, r"expected \(2, 12\)"),
        (np.where(np.arange(10) == 3, np.inf, series(2)), {}, "infinities"),
        (series(2, patch=5), {}, r"expected \(N, T, 10\)"),
        (series(0), {}, "expected"),
        (np.where(np.arange(2)[:, None, None] == 1, np.nan, series(2)), {}, r"1 of 2 series .*rows \[1\]"),
    ],
)  # fmt: skip
def test_bad_input_is_said(values: np.ndarray, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MODEL.encode(values, **options)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 30, "heads": 4}, "not divisible by 4 heads"),
        ({"bands": ("B2", "B3")}, "2 bands with 10 offsets"),
        ({"annual_position": "july"}, "expected 'mean', 'january' or 'own'"),
    ],
)
def test_configurations_that_are_none(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EncoderConfig(**changes)  # type: ignore[arg-type]


def test_a_configuration_survives_json() -> None:
    import json

    config = EncoderConfig(
        patch=5, absent_bands=True, bands=("B4", "B8"), offset=(1.0, 2.0), scale=(3.0, 4.0)
    )
    assert EncoderConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config


def test_training_mode_drops_out_and_gradients_reach_everything() -> None:
    torch.manual_seed(0)
    encoder = SeriesEncoder(EncoderConfig(**SMALL, absent_bands=True)).train()  # type: ignore[arg-type]
    values = torch.from_numpy(series(3))
    values[0, 2, 3] = torch.nan
    a, b = encoder(values), encoder(values)
    assert (a - b).abs().max() > 1e-4
    a[:, 0].sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in encoder.parameters())


def test_words_are_scored_by_the_calibrated_scale_and_not_by_the_learned_one() -> None:
    model = TimeSenCLIP(SeriesEncoder(EncoderConfig(**SMALL)), WordTower(), 50.0, 4.0)  # type: ignore[arg-type]
    words = model.zero_shot(["meadow", "lake"])
    values = series(3)
    cosines = model.encode(values) @ words.vectors.T
    odds = np.exp(4.0 * cosines)
    assert words.scale == 4.0
    np.testing.assert_allclose(words.probabilities(values), odds / odds.sum(axis=1, keepdims=True), rtol=1e-4)
