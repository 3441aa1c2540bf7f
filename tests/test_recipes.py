"""How the bundled model is made: what it is judged on, it has not been taught."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import timesen_nb as tn
from recipes import pocket_model as recipe
from recipes import series_training
from recipes.elsewhere import moved
from recipes.series_training import Effort
from recipes.side_by_side import side_by_side
from recipes.words import learn_tokens, read_concepts
from timesen_nb.composite import annual
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.towers.pocket import PocketTower
from timesen_nb.simulate.cover_types import COVER_TYPES, INDEX


def test_no_simulated_place_serves_two_ends() -> None:
    """Photos, training, calibration and test draw from seeds of their own."""
    seeds = [seed for name, seed in vars(recipe).items() if name.endswith("_SEED")]
    assert len(seeds) == len(set(seeds)) == 4


def test_calibration_is_on_other_places_than_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the seed of a training, none of its places is among those that the scale is fitted on."""
    drawn: dict[str, set[int]] = {"training": set(), "calibration": set()}

    def spied(what: str, real):  # type: ignore[no-untyped-def]
        def spy(n: int, seed: int, *rest: object, **options: object) -> object:
            drawn[what].add(seed)
            return real(min(n, 60), seed, *rest, **options)

        return spy

    tower = PocketTower()
    for what, module in (("training", series_training), ("calibration", recipe)):
        for name in ("simulate_places", "earth_places"):
            monkeypatch.setattr(module, name, spied(what, getattr(module, name)))
    monkeypatch.setattr(recipe, "mean_photos", lambda tower: np.zeros((len(COVER_TYPES), tower.width)))
    monkeypatch.setattr(recipe, "train", lambda *args, **options: 10.0)
    for seed in (0, 1):
        for seeds in drawn.values():
            seeds.clear()
        recipe.train_series_encoder(tower, seed, Effort(places=60))
        assert drawn["training"]
        assert drawn["calibration"]
        assert drawn["training"].isdisjoint(drawn["calibration"] | {recipe.TEST_SEED, recipe.PHOTO_SEED})
        assert drawn["calibration"].isdisjoint({recipe.TEST_SEED, recipe.PHOTO_SEED})


def test_the_position_of_years_is_learned_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tn.load("pocket")
    monkeypatch.setattr(recipe, "YEAR", replace(recipe.YEAR, steps=3))
    parts = series_training.training_parts(60, 5)
    learned = recipe.knowing_years(model, parts, seed=0)
    before, after = model.encoder.state_dict(), learned.encoder.state_dict()
    assert [name for name in after if not torch.equal(after[name], before[name])] == ["year_pos_encoding"]
    assert learned.calibrated_logit_scale == model.calibrated_logit_scale
    months = parts[0].values[:20]
    np.testing.assert_array_equal(learned.encode(months), model.encode(months))
    year = annual(months, axis=1)
    assert np.abs(learned.encode(year) - model.encode(year)).max() > 1e-3


@pytest.mark.needs_real
def test_longer_wordings_of_the_scored_tasks_are_not_learned_from(real_data: Path) -> None:
    """Names of classes are anybody's words; a wording that a task brings is there to judge."""
    tasks = json.loads((real_data / "world_tasks.json").read_text("utf-8"))
    asked = {p for task in tasks.values() for p in task["phrases"] if " " in p}
    known = {p for concept in read_concepts() for p in concept.phrases}
    assert asked & known <= {"bare soil"}


def test_phrases_draw_the_tokens_of_one_thing_together() -> None:
    """From token vectors at random, a token a word: phrases for one land cover come nearer, others go apart."""
    concepts = read_concepts()
    words = {w for c in concepts for p in c.phrases for w in p.lower().replace(",", " ").split()}
    row = {w: i for i, w in enumerate(sorted(words))}

    def cut(texts):  # type: ignore[no-untyped-def]
        return [[row[w] for w in t.lower().replace(",", " ").split() if w in row] or [0] for t in texts]

    groups = [
        c.phrases for c in concepts if c.phrases[0] in ("cropland", "woodland", "water", "artificial land")
    ]
    tokens = np.random.default_rng(0).normal(size=(len(row), 64))

    def gap(steps: int) -> float:
        vectors = learn_tokens(tokens, cut, 32, steps=steps)
        assert vectors.shape == (len(row), 32)
        units = [
            np.stack([(v := vectors[r].mean(axis=0)) / np.linalg.norm(v) for r in cut(g)]) for g in groups
        ]
        near = np.array([[(a @ b.T).mean() for b in units] for a in units])
        own = np.eye(len(groups), dtype=bool)
        return float(near[own].mean() - near[~own].mean())

    assert gap(60) > gap(1) + 0.08


def test_a_batch_holds_every_kind_of_places_and_trains() -> None:
    parts = series_training.training_parts(60, 5)
    assert all(p.values.shape == (len(p.cover_type), 12, 10) for p in parts)
    for stage in series_training.STAGES:
        for shares in (stage.shares, stage.annual):
            assert len(shares) == len(parts)
            assert sum(shares) == pytest.approx(1)
    rng = np.random.default_rng(0)
    photos = rng.normal(size=(len(COVER_TYPES), 16)).astype(np.float32)
    photos /= np.linalg.norm(photos, axis=1, keepdims=True)
    config = EncoderConfig(width=16, depth=1, heads=2, feedforward=16, embedding=16, absent_bands=True)
    short = replace(series_training.STAGES[0], steps=2)

    def trained() -> list[torch.Tensor]:
        torch.manual_seed(0)
        encoder = SeriesEncoder(config)
        before = [p.detach().clone() for p in encoder.parameters()]
        assert series_training.train(encoder, parts, photos, short, 0, batch=40) > 1
        assert any((a != b).any() for a, b in zip(before, encoder.parameters(), strict=True))
        return list(encoder.parameters())

    assert all((a == b).all() for a, b in zip(trained(), trained(), strict=True))
    without = series_training.training_parts(60, 5, ("sudan_cropland", "amazonia_covers"))
    assert INDEX["tropical pasture"] not in without[-1].cover_type


def test_more_effort_is_more_places_of_other_seeds() -> None:
    one, two = (series_training.many_parts(Effort(places=40, sets=sets), 5) for sets in (1, 2))
    for few, many in zip(one, two, strict=True):
        n = len(few.values)
        assert len(many.values) == len(many.cover_type) == 2 * n
        assert np.array_equal(many.values[:n], few.values, equal_nan=True)
        assert not np.array_equal(many.values[n:], few.values, equal_nan=True)


def test_processes_side_by_side_train_one_encoder() -> None:
    """Each has places of its own, and both end with the same weights: gradients are shared."""
    rng = np.random.default_rng(0)
    photos = rng.normal(size=(len(COVER_TYPES), recipe.CONFIG.embedding)).astype(np.float32)
    photos /= np.linalg.norm(photos, axis=1, keepdims=True)
    effort = Effort(places=60, sets=2, batch=40, times=0.003)
    first, second = side_by_side(recipe.stages, 2, photos, 0, effort)
    (alone,) = side_by_side(recipe.stages, 1, photos, 0, effort)
    assert first.keys() == second.keys() == alone.keys()
    for name in first:
        torch.testing.assert_close(first[name], second[name], rtol=0, atol=0)
    assert any((first[name] != alone[name]).any() for name in first)


def test_each_series_loses_months_of_its_own() -> None:
    values = torch.ones(4000, 12, 10, 1, 1)
    left = ~torch.isnan(series_training.thinned(values, torch.Generator().manual_seed(0)))
    assert (left == left[:, :, :1]).all()  # a month goes with all its bands
    months = left[:, :, 0, 0, 0]
    lost = 12 - months.sum(dim=1)
    assert 0.50 < (lost == 0).float().mean() < 0.58
    assert 0.13 < (lost == 3).float().mean() < 0.18  # a quarter, or three of the several
    assert lost.max() == 11
    assert torch.unique(months, dim=0).shape[0] > 500


def test_moved_places_get_snow_and_another_season() -> None:
    july = np.full((400, 12, 10), 300.0)
    july[:, 6] = 3000
    peak = moved(july, np.random.default_rng(0))[..., 9].argmax(axis=1)  # snow is dark in B12
    away = np.minimum((peak - 6) % 12, (6 - peak) % 12)
    assert 0.5 < (away <= 2).mean() < 0.85
    assert 0.15 < (away >= 4).mean() < 0.45
    blue = moved(np.full((400, 12, 10), 300.0), np.random.default_rng(1))[..., 0].max(axis=1)
    assert 0.2 < (blue > 1000).mean() < 0.5
