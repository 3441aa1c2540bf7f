"""Drawn ground photos: every cover type paints, the same seed draws the same, and what is seen follows the place."""

from types import ModuleType

import numpy as np
import pytest

from timesen_nb.simulate.cover_types import COVER_TYPES, INDEX
from timesen_nb.simulate.scenes import built, draw_views, works

SUMMER = {"green": 0.8, "brown": 0.05, "snow": False, "sun": 60.0}


def views(cover_type: str, month: int = 6, seed: int = 0, **changes) -> np.ndarray:
    return draw_views(cover_type, month, **{**SUMMER, **changes}, rng=np.random.default_rng(seed))


def colour(cover_type: str, month: int, rows: slice, n: int = 6, **changes) -> np.ndarray:
    """Mean red, green and blue of some rows of a few photos."""
    photos = [views(cover_type, month, seed, **changes)[:, rows] for seed in range(n)]
    return np.mean(photos, axis=(0, 1, 2, 3))


SKY, GROUND = slice(0, 10), slice(32, 48)


@pytest.mark.parametrize("cover_type", [k.name for k in COVER_TYPES])
def test_every_cover_type_paints_the_whole_picture_in_every_season(cover_type: str) -> None:
    for month, snow in ((1, True), (5, False), (8, False), (11, False)):
        photos = views(cover_type, month, seed=month, snow=snow, sun=30.0)
        assert photos.shape == (4, 48, 64, 3)
        assert photos.dtype == np.uint8
        assert (photos.reshape(4, -1).std(axis=1) > 8).all()  # something is to be seen
        assert photos.mean() < 245
        assert not np.array_equal(photos[0], photos[1])


def test_the_same_seed_draws_the_same_photos_and_another_seed_others() -> None:
    np.testing.assert_array_equal(views("maize", seed=4), views("maize", seed=4))
    assert not np.array_equal(views("maize", seed=4), views("maize", seed=5))


def test_sky_is_above_and_what_grows_is_below() -> None:
    for cover_type in ("meadow", "sugar beet", "temporary grassland"):
        sky, ground = colour(cover_type, 6, SKY), colour(cover_type, 6, GROUND)
        assert sky[2] > sky[0]
        assert ground[1] == ground.max()
        assert ground[1] > ground[2] + 20


def test_a_field_shows_its_state() -> None:
    green = colour("winter wheat", 5, GROUND, green=0.9, brown=0.0)
    ripe = colour("winter wheat", 7, GROUND, green=0.05, brown=0.85)
    bare = colour("maize", 4, GROUND, green=0.0, brown=0.0)
    assert green[1] > green[0]
    assert ripe[0] > ripe[1] > ripe[2] + 30
    assert bare[0] > bare[1] > bare[2]
    bloom = colour("rape", 5, GROUND, green=0.9)
    assert bloom[0] > bloom[2] + 60
    assert bloom[1] > bloom[2] + 60


def test_water_is_bluer_than_land_and_snow_is_white() -> None:
    lake, meadow = colour("lake", 6, GROUND), colour("meadow", 6, GROUND)
    assert lake[2] > lake[0] > 0
    assert lake[2] - lake[1] > meadow[2] - meadow[1] + 20
    snow = colour("meadow", 1, GROUND, green=0.3, snow=True, sun=20)
    assert snow.min() > meadow.min() + 40
    assert np.ptp(snow) < 40


def test_photos_come_in_any_size() -> None:
    photos = draw_views("village", 7, **SUMMER, rng=np.random.default_rng(1), size=(90, 120))
    assert photos.shape == (4, 90, 120, 3)


@pytest.mark.parametrize(
    ("cover_type", "month", "changes", "words"),
    [
        ("triffids", 6, {}, r"triffids.*winter wheat"),
        ("maize", 13, {}, "month given: 13"),
        ("maize", 0, {}, "1 to 12"),
        ("maize", 6, {"green": 1.4}, "between 0 and 1"),
        ("maize", 6, {"brown": float("nan")}, "between 0 and 1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(cover_type: str, month: int, changes: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        views(cover_type, month, **changes)


def test_every_cover_type_has_a_form_and_every_form_a_painter() -> None:
    from timesen_nb.simulate.scenes import FORMS, PAINTERS

    assert set(FORMS) == set(INDEX)
    assert set(FORMS.values()) == set(PAINTERS)


def test_the_sky_is_palest_where_the_sun_stands() -> None:
    """To the south; less so to the east and west, and deepest blue to the north, with the sun in the back."""
    skies = np.mean([views("meadow", seed=seed)[:, :6] for seed in range(10)], axis=(0, 2, 3))
    north, east, south, west = skies[:, 0] - skies[:, 2]  # red less blue
    assert south > max(east, west) + 3
    assert min(east, west) > north + 3


@pytest.mark.parametrize(("cover_type", "module"), [("pasture", works), ("village", built)])
def test_a_house_stays_where_it_is_from_month_to_month(
    cover_type: str, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a background is given; without, each month draws its own."""
    seen: list[tuple[int, float, float]] = []
    monkeypatch.setattr(
        module,
        "house",
        lambda view, u, *rest: seen.append((view.heading, round(u - view.middle, 6), rest[1])),
    )

    def houses(seed: int, month: int, background: int | None) -> list[tuple[int, float, float]]:
        seen.clear()
        views(cover_type, month, seed, green=month / 20, background=background)
        return list(seen)

    months = (2, 6, 10, 11)
    every = [[houses(seed, month, seed) for month in months] for seed in range(20)]
    assert any(each[0] for each in every)
    assert all(one == each[0] for each in every for one in each)
    assert any(houses(seed, 2, None) != houses(seed, 6, None) for seed in range(60))
