"""Simulated places all over the earth: climates, growth, what processing leaves, and the words for what is there."""

import numpy as np
import pytest

from recipes.climates import NAMES, ZONES, climate
from recipes.earth import EarthPlaces, earth_places
from recipes.elsewhere import DRAWN, elsewhere_places
from recipes.growth import growths
from recipes.untidy import untidy
from timesen_nb.bands import BANDS, ndvi
from timesen_nb.simulate.cover_types import COVER_TYPES, INDEX
from timesen_nb.simulate.ground_views import survey_months, take
from timesen_nb.simulate.processing import mix


def greenness(name: str, n: int = 300, seed: int = 1) -> tuple[EarthPlaces, np.ndarray]:
    places = earth_places(n, seed, [name])
    return places, ndvi(places.values)


def test_seasons_are_turned_south_of_the_equator() -> None:
    zone = np.full(600, NAMES.index("continental"))
    c = climate(zone, np.random.default_rng(0))
    south = c.lat < 0
    assert 0.3 < south.mean() < 0.5
    july_warmer = c.temperature[:, 6] > c.temperature[:, 0]
    assert july_warmer[~south].all()
    assert not july_warmer[south].any()
    places, green = greenness("soya")
    peak = green.argmax(axis=1)
    assert np.median(np.abs(peak[places.lat > 25] - 6.5)) < 2.5
    assert np.mean(np.isin(peak[places.lat < -25], [11, 0, 1, 2, 3])) > 0.7


@pytest.mark.parametrize("zone", ZONES)
def test_every_zone_keeps_its_ranges(zone: str) -> None:
    c = climate(np.full(200, NAMES.index(zone)), np.random.default_rng(1))
    low, high = ZONES[zone].latitude
    assert (np.abs(c.lat) >= low).all()
    assert (np.abs(c.lat) <= high).all()
    assert ((c.moisture >= 0) & (c.moisture <= 1)).all()
    assert ((c.snow >= 0) & (c.snow <= 1)).all()
    if ZONES[zone].mean[0] > 17:
        assert c.snow.max() < 0.05


def test_every_cover_type_of_the_earth_grows_and_stays_physical() -> None:
    assert {t.name for t in COVER_TYPES if not t.share} <= set(growths())
    places = earth_places(3000, 2)
    assert set(np.unique(places.cover_type)) == {INDEX[name] for name in growths()}
    assert np.isfinite(places.values).all()
    assert places.values.min() >= 1
    assert places.values.max() <= 16_000
    for shares in (places.green, places.brown, places.cloudy):
        assert ((shares >= 0) & (shares <= 1)).all()


def test_rainforest_stays_green_and_dry_forest_and_grass_do_not() -> None:
    driest = {name: np.median(greenness(name)[1].min(axis=1)) for name in
              ("tropical rainforest", "dry tropical forest", "dry savanna grassland", "stony desert")}  # fmt: skip
    assert driest["tropical rainforest"] > 0.75
    assert driest["tropical rainforest"] > driest["dry tropical forest"] + 0.15
    assert driest["dry tropical forest"] > driest["dry savanna grassland"] > driest["stony desert"]


def test_paddies_stand_under_water_before_they_grow() -> None:
    places, green = greenness("rice")
    rows = np.arange(len(places))
    infrared = places.values[..., BANDS.index("B11")]
    before = (green.argmax(axis=1) - 2) % 12
    dry, _ = greenness("maize")
    assert np.median(infrared[rows, before]) < 0.8 * np.median(
        dry.values[..., BANDS.index("B11")].max(axis=1)
    )


def test_the_same_seed_gives_the_same_places_and_another_others() -> None:
    a, b, c = earth_places(60, 5), earth_places(60, 5), earth_places(60, 6)
    np.testing.assert_array_equal(a.values, b.values)
    assert not np.array_equal(a.values, c.values)
    with pytest.raises(ValueError, match=r"triffids.*expected some of winter wheat"):
        earth_places(5, 1, ["triffids"])


def test_processing_leaves_months_to_read_and_one_place_stays_one_place() -> None:
    places = earth_places(500, 3)
    one, other = (untidy(places.values, places.cloudy, np.random.default_rng(s)) for s in (1, 2))
    assert (np.isnan(one) != np.isnan(other)).any()
    for seen in (one, other):
        there = ~np.isnan(seen).any(axis=2)
        assert there.any(axis=1).all()
        assert 0.6 < there.mean() < 0.95
        assert np.nanmin(seen) >= 1
    year = [np.nanmedian(seen[..., BANDS.index("B8")], axis=1) for seen in (one, other)]
    assert np.corrcoef(*year)[0, 1] > 0.7
    np.testing.assert_array_equal(mix(places.values, np.random.default_rng(0), 0.0), places.values)


def test_cloudy_months_go_missing_more_often() -> None:
    values = np.full((2000, 12, 10), 2000.0, np.float32)
    cloudy = np.full((2000, 12), 0.02)
    cloudy[:, :3] = 0.8
    gone = np.isnan(untidy(values, cloudy, np.random.default_rng(0))).any(axis=2).mean(axis=0)
    assert gone[:3].min() > 1.5 * gone[3:].max()


def test_statistics_of_other_regions_are_honoured_and_can_be_left_out() -> None:
    places = elsewhere_places(6000, 1)
    wanted = {INDEX[name] for names in DRAWN.values() for name in names}
    assert set(np.unique(places.cover_type)) == wanted
    forest = places.values[places.cover_type == INDEX["tropical rainforest"]]
    assert (
        np.median(ndvi(forest)[:, 4:8]) > 0.75
    )  # the dry season of Amazonia, where the real ones are near 0.86
    less = elsewhere_places(500, 1, without=("amazonia_covers",))
    assert INDEX["tropical rainforest"] not in less.cover_type


def test_a_survey_goes_out_when_something_stands_there() -> None:
    places = take(earth_places(400, 4, ["maize", "savanna"]), slice(0, 200))
    months = survey_months(places, np.random.default_rng(0))
    standing = places.green + 0.7 * places.brown
    there = standing[np.arange(200), months - 1]
    assert there.mean() > standing.mean() * 1.3


def test_a_phrase_belongs_to_what_it_is_said_of() -> None:
    from recipes.words import cover_concept, cover_type_vectors, read_concepts

    concepts = read_concepts()
    holds = {p: c.holds for c in concepts for p in c.phrases}
    assert all(c.phrases for c in concepts)
    assert holds["paddy rice"].sum() == 1
    assert holds["cropland"][INDEX["cassava"]]
    assert not holds["cropland"][INDEX["savanna"]]
    assert "forest" in concepts[cover_concept(concepts, INDEX["mangrove"])].phrases

    def letters(texts: list[str]) -> np.ndarray:
        return np.array([[t.lower().count(x) + 0.01 for x in "abcdefghijklmnopqrstuvwxyz"] for t in texts])

    vectors = cover_type_vectors(letters)
    assert vectors.shape == (len(COVER_TYPES), 26)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
