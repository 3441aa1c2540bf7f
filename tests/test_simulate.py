"""The simulated countryside: physics, calendars, and the class statistics it honours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timesen_nb.bands import BANDS, ndvi
from timesen_nb.simulate.class_statistics import logarithm, table
from timesen_nb.simulate.cover_types import COVER_TYPES, EUROPEAN, INDEX
from timesen_nb.simulate.moment_matching import COVERS, calibrate
from timesen_nb.simulate.phenology import calendars, weather
from timesen_nb.simulate.places import _monthly_physics, grow, observe, simulate_places
from timesen_nb.simulate.spectra import AXES, SURFACES, canopy, surface
from timesen_nb.simulate.sun import noon_elevation, overpass_zenith


def state(n=1, **changes):
    base = {"lai": 3.0, "cab": 42.0, "brown": 0.0, "water": 0.014, "angle": 50.0, "sun": 45.0}
    return {k: np.full(n, v) for k, v in {**base, **changes}.items()}


def band(values, name):
    return values[..., BANDS.index(name)]


def test_without_leaves_a_canopy_is_its_soil():
    for name in ("dry soil", "wet soil", "sand"):
        soil = surface(name)[None]
        np.testing.assert_allclose(canopy(state(lai=0.0), soil), soil, atol=0.002)


def test_leaves_darken_red_and_brighten_near_infrared():
    soil = np.repeat(surface("dry soil")[None], 4, axis=0)
    grown = canopy(state(4) | {"lai": np.array([0.0, 1.0, 3.0, 6.0])}, soil)
    assert (np.diff(band(grown, "B4")) < 0).all()
    assert (np.diff(band(grown, "B8")) > 0).all()
    assert (np.diff(band(grown, "B11")) < 0).all()  # leaf water absorbs


def test_a_closed_canopy_hides_its_soil_from_red_light():
    dark, bright = (canopy(state(lai=6.0), surface(s)[None]) for s in ("peat", "sand"))
    assert abs(band(dark, "B4") - band(bright, "B4")) < 0.01


@settings(max_examples=50)
@given(st.tuples(*(st.floats(v[0], v[-1]) for v in AXES.values())))
def test_canopies_stay_physical_between_the_nodes(values):
    *canopy_state, soil = values
    names = list(AXES)[:-1]
    out = canopy({n: np.array([v]) for n, v in zip(names, canopy_state, strict=True)}, np.full((1, 10), soil))
    assert (out > -1e-6).all()
    assert (out < 0.8).all()


def test_canopies_are_the_same_one_by_one_and_together():
    rng, n = np.random.default_rng(4), 40
    states = {k: rng.uniform(v[0], v[-1], n) for k, v in list(AXES.items())[:-1]}
    soil = rng.uniform(0.02, 0.4, (n, 10))
    together = canopy(states, soil)
    one_by_one = [canopy({k: v[i : i + 1] for k, v in states.items()}, soil[i : i + 1])[0] for i in range(n)]
    np.testing.assert_allclose(together, one_by_one, atol=1e-5)


def test_surfaces_have_ten_bands_and_water_absorbs_the_infrared():
    assert all(len(v) == len(BANDS) for v in SURFACES.values())
    assert band(surface("clear water"), "B11") < band(surface("clear water"), "B2")
    assert band(surface("snow"), "B2") > 0.8 > band(surface("snow"), "B11") * 5


def test_every_cover_type_has_a_calendar_and_every_land_cover_a_type():
    assert len(calendars()) == len(EUROPEAN)
    assert COVER_TYPES[: len(EUROPEAN)] == EUROPEAN  # so that an index means one thing
    assert {k.land_cover for k in EUROPEAN} == set("ABCDEFGH")
    assert sum(k.land_cover == "B" for k in EUROPEAN) >= 12
    assert len({k.name for k in COVER_TYPES}) == len(COVER_TYPES)


def test_the_north_is_colder_and_snowier_and_the_south_dry_in_summer():
    rng = np.random.default_rng(0)
    lat = np.repeat([38.0, 64.0], 200)
    climate = weather(np.full(400, 10.0), lat, np.zeros(400), rng)
    south, north = climate.temperature[:200].mean(), climate.temperature[200:].mean()
    assert south > north + 8
    assert climate.snow[200:, 0].mean() > 0.8 > climate.snow[200:, 6].mean() + 0.7
    assert climate.drought[:200, 6].mean() > climate.drought[200:, 6].mean() + 0.3


def clear(name, lat=48.0, n=150, calibrated=False):
    one = np.ones(n)
    return grow(np.full(n, INDEX[name]), 5 * one, lat * one, 100 * one, np.random.default_rng(1), clouds=False,
                calibrated=calibrated)  # fmt: skip


def test_calendars_tell_crops_apart():
    wheat, maize, beech = (
        np.median(ndvi(clear(k).values), axis=0) for k in ("winter wheat", "maize", "broadleaved wood")
    )
    assert wheat[4] > 0.7 > 0.4 > wheat[8]  # green in May, stubble in September
    assert maize[7] > 0.7 > 0.4 > maize[4]  # green in August, bare in May
    assert beech[6] > beech[1] + 0.2


def test_spring_comes_later_in_the_north():
    month_of_half = [
        np.argmax(np.median(ndvi(clear("oats", lat).values), axis=0) > 0.5) for lat in (40.0, 58.0)
    ]
    assert month_of_half[0] < month_of_half[1]


def test_pixels_of_one_parcel_are_more_alike_than_parcels():
    n, rng = 400, np.random.default_rng(3)
    one = np.ones(n)
    parcel = np.arange(n) // 20
    places = grow(np.full(n, INDEX["maize"]), 5 * one, 48 * one, 0 * one, rng, parcel=parcel, clouds=False)
    july = band(places.values[:, 6], "B8").reshape(20, 20)
    assert july.std(axis=1).mean() < 0.6 * july.mean(axis=1).std()


@pytest.mark.parametrize("group", ["maize", "rape", "vineyard"])
def test_monthly_statistics_are_honoured_where_they_are_from(group):
    rows = table("monthly").query("group == @group")
    lat, lon, n = float(rows["lat"].iloc[0]), float(rows["lon"].iloc[0]), 1200
    rng = np.random.default_rng(5)
    cover_type = np.full(n, INDEX[group])
    raw = grow(
        cover_type, np.full(n, lon), np.full(n, lat), np.full(n, 100.0), rng, clouds=False, calibrated=False
    )
    moved = calibrate(cover_type, raw.values, _monthly_physics, rng)
    typical = np.exp(np.log(moved).mean(axis=0))
    error = np.abs(np.log(typical / rows[list(BANDS)].to_numpy()))
    before = np.abs(np.log(np.exp(np.log(raw.values).mean(axis=0)) / rows[list(BANDS)].to_numpy()))
    assert np.median(error) < 0.05
    assert np.median(error) < 0.5 * np.median(before)


def test_annual_statistics_are_honoured_band_by_band_and_between_bands():
    """A ratio of two bands varies far less than each of them: what tells shrubs from crops in one annual composite."""
    places = simulate_places(12_000, 6, clouds=False)
    medians = logarithm(np.median(places.values, axis=1))
    for letter in "DFH":
        moved, cover = medians[places.land_cover == letter], COVERS[letter]
        row = table("annual").set_index("cover").loc[cover]
        links = table("correlations").query("group == @cover and axis == 'annual'").set_index("of")
        for name in ("B3", "B8", "B12"):
            assert abs(band(moved, name).mean() - np.log(row[name])) < 0.25 * row[f"{name}_spread"]
        for one, other in (("B8", "B11"), ("B3", "B4"), ("B7", "B8")):
            a, b = row[f"{one}_spread"], row[f"{other}_spread"]
            wanted = np.sqrt(a**2 + b**2 - 2 * links.loc[one, other] * a * b)
            found = (band(moved, one) - band(moved, other)).std()
            assert 0.8 < found / wanted < 1.6


def test_one_place_in_two_atmospheric_variants_is_one_place():
    clear = simulate_places(400, 3, clouds=False)
    assert not np.isnan(clear.values).any()
    one, other = (observe(clear, np.random.default_rng(s)) for s in (1, 2))
    assert (np.isnan(one.values) != np.isnan(other.values)).any()
    np.testing.assert_array_equal(one.cover_type, other.cover_type)
    july = [np.log(variant.values[:, 6, BANDS.index("B8")]) for variant in (one, other)]
    both = ~np.isnan(july[0]) & ~np.isnan(july[1])
    assert np.corrcoef(july[0][both], july[1][both])[0, 1] > 0.8


def test_places_are_seeded_and_keep_their_gaps():
    a, b, c = simulate_places(300, 9), simulate_places(300, 9), simulate_places(300, 10)
    np.testing.assert_array_equal(a.values, b.values)
    assert not np.array_equal(a.cover_type, c.cover_type)
    missing = np.isnan(a.values)
    assert missing.any()
    np.testing.assert_array_equal(missing.all(axis=2), missing.any(axis=2))  # a month is there or not
    assert ((~missing.all(axis=2)).sum(axis=1) >= 3).all()
    assert missing[:, 11].mean() > missing[:, 6].mean()
    assert np.nanmin(a.values) > 0
    assert np.nanmax(a.values) <= 16_000


def test_unknown_cover_types_are_refused_by_name():
    with pytest.raises(ValueError, match=r"triffids.*winter wheat"):
        simulate_places(5, 1, cover_types=["triffids"])


def test_the_sun_stands_where_it_does_on_earth():
    """At noon 90 degrees less the distance from the sun's own latitude: 23 north in June, 23 south in December."""
    assert noon_elevation(50.0, 6) == pytest.approx(90 - 50 + 23.3, abs=0.3)
    assert noon_elevation(50.0, 12) == pytest.approx(90 - 50 - 23.3, abs=0.3)
    assert noon_elevation(-35.0, 12) == pytest.approx(90 - 35 + 23.3, abs=0.3)
    zenith = overpass_zenith(np.array([40.0, -40.0]))
    assert zenith.argmin(axis=1).tolist() == [5, 11]
    assert zenith.argmax(axis=1).tolist() == [11, 5]
    assert zenith[0, 5] == pytest.approx(0.97 * (40 - 23.3) + 6, abs=0.3)
    assert zenith[0, 2] == pytest.approx(0.97 * (40 + 2.8) + 6, abs=0.3)
