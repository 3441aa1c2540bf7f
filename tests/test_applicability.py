"""Whether a model says when it has not seen such light."""

import numpy as np
import pytest
from test_model import MODEL

import timesen_nb as tn
from timesen_nb import composite
from timesen_nb.model.applicability import LENGTH, TrainingSpace, light
from timesen_nb.simulate.places import simulate_places


def plain_space(points: list[list[int]], covers: list[int]) -> TrainingSpace:
    """A space of two dimensions that are the two numbers of a vector; twelve training series; no fault is known."""
    p = light(np.full((1, 12, 10), 1000.0)).shape[1] + 2
    hidden = np.zeros((p, 2))
    hidden[-2:] = np.eye(2) / LENGTH
    return TrainingSpace(
        mean=np.zeros(p), spread=np.full(p, 10.0), hidden=hidden * 10, hidden_bias=np.zeros(2), out=np.zeros((2, 2)),
        out_bias=np.array([50.0, -50.0]), points=np.array(points, np.int8), step=np.float32(0.1),
        covers=np.array(covers, np.int8), words=np.eye(2), scale=np.float32(1000), 
        usual=np.array([[[0.0, 0.5]] * 3] * 3), edge=np.array([9.0, 9.0, 18.0]), radius=np.array([0.25, 0.25, 2.0]),
    )  # fmt: skip


def test_light_goes_smoothly_where_each_month_lies_between_its_neighbours() -> None:
    """A year that grows by one factor from March to September, and the same with one bright July."""
    values = np.full((2, 12, 10), np.nan)
    values[:, 2:9] = 100 * 2.0 ** np.arange(7)[:, None]
    values[1, 6] *= 4
    rough = light(values)[:, -12:-2]  # a number a band, then how many months there are
    np.testing.assert_allclose(rough[0], 0, atol=1e-6)
    # July is ln 4 off, June and August half of it, of five months with both neighbours
    x = np.log(values[1, 2:9, 0])
    expected = (np.log(4) * (1 + 0.5 + 0.5) / 5) / (x.std() + 0.03)
    np.testing.assert_allclose(rough[1], expected, rtol=1e-5)
    np.testing.assert_allclose(light(values)[:, 10:20], np.log(800), rtol=1e-6)  # the middle month


def test_the_formula_on_twelve_training_series() -> None:
    # ten at (1, 0), two at (0, 1); all are of cover 0
    space = plain_space([[10, 0]] * 10 + [[0, 10]] * 2, [0] * 12)
    values = np.full((2, 12, 10), 1000.0)
    vectors = np.array([[1.0, 0.0], [0.0, 1.0]])
    doubts, away, _ = space.doubts(values, vectors)
    # the third nearest to (0, 1) is at (1, 0), the root of two away; there the words say cover 1 and all neighbours 0
    np.testing.assert_allclose(doubts, [[0, 0, 0], [np.sqrt(2) / 3, 0, 1]], atol=1e-3)
    assert (away < 0.25).sum(axis=1).tolist() == [10, 2]
    found = space.measure(values, vectors)
    # each doubt counts 2 + its value / 0.5, and disagreement twice; a sound series adds nothing
    expected = np.array([2 + 2 + 2 * 2, (2 + np.sqrt(2) / 3 / 0.5) + 2 + 2 * (2 + 1 / 0.5)])
    np.testing.assert_allclose(found.dissimilarity, expected / 9, atol=1e-3)
    assert found.inside.tolist() == [True, False]
    assert found.density.tolist() == [10, 2]
    # annual composites have an edge and a radius of their own
    annual = space.measure(values[:, :1], vectors)
    np.testing.assert_allclose(annual.dissimilarity, expected / 18, atol=1e-3)
    assert annual.density.tolist() == [12, 12]


def test_light_is_the_same_however_months_are_ordered_but_for_its_course() -> None:
    rng = np.random.default_rng(0)
    values = np.sort(rng.uniform(300, 4000, (1, 12, 10)), axis=1)
    a, b = light(values)[0], light(values[:, rng.permutation(12)])[0]
    np.testing.assert_allclose(a[:30], b[:30])
    assert b[30] > a[30]  # the greenness jumps
    np.testing.assert_allclose(light(values * 0.5)[0, :30], a[:30] - np.log(2))


def test_an_annual_composite_is_no_stranger_for_being_one() -> None:
    values = composite.annual(simulate_places(300, 9191).values)
    found = tn.load("pocket").applicability(values)
    assert found.inside.mean() > 0.5
    assert tn.load("pocket").applicability(values * 0.5).inside.mean() < 0.3


@pytest.mark.parametrize("fault", ["halved", "doubled", "offset", "random", "bands"])
def test_spoilt_series_are_outside(fault: str) -> None:
    values = simulate_places(150, 9090).values
    rng = np.random.default_rng(0)
    spoilt = {
        "halved": values * 0.5,
        "doubled": np.minimum(values * 2, 19_000),
        "offset": values + 1000,
        "random": rng.uniform(50, 5000, values.shape),
        "bands": values[..., ::-1],
    }
    model = tn.load("pocket")
    sound, wrong = model.applicability(values), model.applicability(spoilt[fault])
    assert sound.inside.mean() > 0.5
    assert wrong.inside.mean() < 0.15
    # AUROC: how often a spoilt series is further away than a sound one
    assert (wrong.dissimilarity[:, None] > sound.dissimilarity).mean() > 0.85


def test_series_without_any_month_are_outside_and_one_composite_is_measured() -> None:
    model, values = tn.load("pocket"), simulate_places(3, 9090).values
    values = np.where(np.isnan(values), 1000, values)
    found = model.applicability(values, np.arange(12)[None] < np.array([[12], [0], [3]]))
    assert np.isnan(found.dissimilarity).tolist() == [False, True, False]
    assert not found.inside[1]
    assert found.density[1] == 0
    assert np.isfinite(model.applicability(np.nanmedian(values, axis=1, keepdims=True)).dissimilarity).all()


def test_a_model_of_other_weights_says_that_it_does_not_know() -> None:
    with pytest.raises(
        ValueError, match=r"no area of applicability for this model: .* fitted for other weights"
    ):
        MODEL.applicability(np.full((1, 12, 10), 1000.0))
