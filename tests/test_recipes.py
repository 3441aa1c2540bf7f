"""How the bundled model is made: what it is judged on, it has not been taught."""

import pytest
from pairs_world import small_encoder

from recipes import pocket_model as recipe
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.model.towers.pocket import PocketTower


def test_no_simulated_place_serves_two_ends() -> None:
    """Photos, training, calibration and test draw from seeds of their own."""
    seeds = [seed for name, seed in vars(recipe).items() if name.endswith("_SEED")]
    assert len(seeds) == len(set(seeds)) == 4


def test_calibration_is_on_other_places_than_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the seed of a training, none of its places is among those that the scale is fitted on."""
    drawn: list[int] = []
    real = recipe.simulate_places

    def spy(n: int, seed: int, **options: object) -> object:
        drawn.append(seed)
        return real(min(n, 60), seed, **options)

    tower = PocketTower()
    untrained = TimeSenCLIP(small_encoder(embedding=tower.width, absent_bands=True), tower)
    monkeypatch.setattr(recipe, "simulate_places", spy)
    monkeypatch.setattr(recipe, "fit", lambda *args, **options: untrained)
    for seed in (0, 1):
        drawn.clear()
        recipe.train_series_encoder(tower, 16, epochs=1, seed=seed)
        training, calibration = drawn
        assert training != calibration
        assert {training, calibration}.isdisjoint({recipe.TEST_SEED, recipe.PHOTO_SEED})
