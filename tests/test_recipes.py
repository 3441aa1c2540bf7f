"""How the bundled model is made: what it is judged on, it has not been taught."""

from recipes import pocket_model as recipe


def test_no_simulated_place_serves_two_ends() -> None:
    """Photos, training, calibration and test draw from seeds of their own."""
    seeds = [seed for name, seed in vars(recipe).items() if name.endswith("_SEED")]
    assert len(seeds) == len(set(seeds)) == 4
