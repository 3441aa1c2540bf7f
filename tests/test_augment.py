"""What is dropped in training: what stays is as it was, at its own place in the calendar."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.training import TrainingOptions, augment
from timesen_nb.training.pooling import POOLINGS, make_pooling

SEEDS = st.integers(0, 10_000)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def series(n: int = 3) -> torch.Tensor:
    """Every value tells its place, month and band."""
    return torch.arange(n * 120, dtype=torch.float32).reshape(n, 12, 10, 1, 1) + 100


@given(SEEDS)
def test_months_that_stay_keep_their_values_and_their_number(seed):
    values = series()
    kept, months = augment.temporal(values, generator(seed), p=1.0)
    if months is None:
        assert kept.shape[1] == 1  # the median of the year
    else:
        assert 1 <= len(months) <= 11
        assert list(months) == sorted(set(months))
        assert torch.equal(kept, values[:, [m - 1 for m in months]])


@given(SEEDS)
def test_a_quarter_is_three_months_in_a_row(seed):
    _, months = augment.drop_quarter(series(), generator(seed))
    gone = sorted(set(range(1, 13)) - set(months))
    assert gone == list(range(gone[0], gone[0] + 3))


def test_every_number_of_months_from_one_to_eleven_occurs():
    left = {len(augment.drop_months(series(), generator(seed))[1]) for seed in range(300)}
    assert left == set(range(1, 12))


def test_half_of_the_batches_stay_whole():
    same = [augment.temporal(series(1), generator(seed))[0].shape[1] == 12 for seed in range(1000)]
    assert 0.45 < np.mean(same) < 0.55


@given(SEEDS)
def test_the_same_seed_drops_the_same(seed):
    first = augment.temporal(series(), generator(seed))
    again = augment.temporal(series(), generator(seed))
    assert first[1] == again[1]
    assert torch.equal(first[0], again[0])


def test_the_median_is_the_lower_middle_of_the_months_that_are_there():
    values = torch.full((1, 12, 1, 1, 1), torch.nan)
    values[0, [0, 4, 7, 9], 0, 0, 0] = torch.tensor([40.0, 10.0, 30.0, 20.0])
    assert augment.annual_median(values).flatten().tolist() == [20.0]


@pytest.mark.parametrize("t", [1, 4, 6])
def test_other_lengths_than_a_year_stay_as_they_are(t):
    values = series()[:, :t]
    kept, months = augment.temporal(values, generator(0), p=1.0)
    assert kept is values
    assert months is None


@given(SEEDS, st.sampled_from([(), (0, 1, 2)]))
def test_a_band_goes_in_all_months_and_protected_ones_stay(seed, protected):
    values = series(20)
    out = augment.drop_bands(values, generator(seed), protected=protected, p=0.7)
    gone = torch.isnan(out[..., 0, 0])  # (20, 12, 10)
    assert torch.equal(gone.any(1), gone.all(1))
    bands = gone[:, 0]
    assert not bands[:, list(protected)].any()
    assert (bands.sum(1) <= 10 - max(1, len(protected))).all()
    assert torch.equal(out[~torch.isnan(out)], values[~torch.isnan(out)])


def test_spectral_masking_keeps_red_green_and_blue():
    """Of 70 % of the series something else goes, and what goes is where the normalisation begins."""
    encoder = SeriesEncoder(
        EncoderConfig(width=8, depth=1, heads=1, feedforward=8, embedding=8, absent_bands=False)
    )
    options = TrainingOptions(spectral_masking=True, augment=False)
    values = series(400)
    out, months = augment.augmented(values, encoder, options, generator(0))
    lost = (out != values)[..., 0, 0]  # (400, 12, 10)
    assert months is None
    assert torch.equal(lost.any(1), lost.all(1))
    touched = {band for k, band in enumerate(encoder.config.bands) if lost[..., k].any()}
    assert touched == set(encoder.config.bands) - {"B2", "B3", "B4"}
    assert lost.any((1, 2)).float().mean().item() == pytest.approx(0.7, abs=0.08)
    assert torch.equal(out[lost], encoder.offset.expand_as(out)[lost])


def test_nothing_goes_where_every_band_is_protected():
    three = torch.rand(4, 12, 3, 1, 1)
    for protected, values in (([0, 1, 2], three), ([], three[:, :, :1])):
        dropped = augment.drop_bands(values, torch.Generator().manual_seed(0), protected=protected, p=1.0)
        torch.testing.assert_close(dropped, values, rtol=0, atol=0)
    bands = {"bands": ("B4", "B3", "B2"), "offset": (0.0,) * 3, "scale": (1e4,) * 3, "absent_bands": False}
    config = EncoderConfig(width=8, depth=1, heads=2, feedforward=8, embedding=8, **bands)
    options = TrainingOptions(spectral_masking=True, augment=False)
    masked, _ = augment.augmented(three, SeriesEncoder(config), options, torch.Generator().manual_seed(0))
    torch.testing.assert_close(masked, three, rtol=0, atol=0)


def test_a_band_can_be_filled_by_a_value_of_its_own():
    fill = torch.arange(10.0).view(10, 1, 1)
    out = augment.drop_bands(series(50), generator(1), fill, (2,), p=1.0)
    dropped = out != series(50)
    assert dropped.any()
    assert torch.equal(out[dropped], fill.expand_as(out)[dropped])


@given(SEEDS, st.sampled_from(POOLINGS), st.booleans())
def test_poolings_give_unit_vectors_from_the_views_that_are_there(seed, name, training):
    torch.manual_seed(seed)
    views = torch.nn.functional.normalize(torch.randn(5, 4, 8), dim=-1)
    pool = make_pooling(name, 8).train(training)
    clean = views.clone()
    views[:, 1:3] = torch.nan  # two are missing
    out = pool(views)
    assert torch.allclose(out.norm(dim=-1), torch.ones(5), atol=1e-5)
    only = clean[:, [0, 3]]
    if name == "random" and training:
        assert ((out[:, None] - only).abs().amax(-1) < 1e-6).any(1).all()
    else:  # attention begins as the average
        assert torch.allclose(out, torch.nn.functional.normalize(only.mean(1), dim=-1), atol=1e-5)
    assert torch.allclose(pool(clean[:, 0]), clean[:, 0], atol=1e-6)


def test_learned_weights_are_shares_of_the_views_that_are_there():
    """Two views of two numbers, and one that is missing; each number of a view weighs as the view says."""
    pool = make_pooling("attention_dimension", 2)
    pool.score.weight.data = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    views = torch.tensor([[[0.6, 0.8], [torch.nan, torch.nan], [0.8, 0.6]]])
    there = views[:, [0, 2]]
    shares = torch.softmax(there * torch.tensor([1.0, 2.0]), dim=1)
    expected = torch.nn.functional.normalize((shares * there).sum(1), dim=-1)
    assert torch.allclose(pool(views), expected, atol=1e-6)


def test_an_unknown_pooling_is_named():
    with pytest.raises(ValueError, match="'average'"):
        make_pooling("max", 8)
