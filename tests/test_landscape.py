"""The simulated landscape, and the source that gives it out."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt, label

import timesen_nb as tn
from timesen_nb.bands import BANDS
from timesen_nb.simulate.cover_types import COVER_TYPES, INDEX
from timesen_nb.simulate.landscape import Landscape, landscape
from timesen_nb.sources.sample import SampleSource

COVERS = "ABCDEFGH"


@pytest.fixture(scope="module")
def source() -> SampleSource:
    return tn.open_source("sample")


@pytest.fixture(scope="module")
def scene(source: SampleSource) -> Landscape:
    return source.landscape(2018)


@pytest.fixture(scope="module")
def small() -> Landscape:
    return landscape(seed=3, size=128, year=2025)


def band(scene: Landscape, name: str) -> np.ndarray:
    return scene.reflectance[:, BANDS.index(name)]


def missing(scene: Landscape) -> np.ndarray:
    return np.isnan(scene.reflectance).any(axis=1)


# The scene


def test_the_scene_is_a_georeferenced_year(scene: Landscape) -> None:
    cube = scene.cube
    assert cube.dims == ("month", "band", "y", "x")
    assert cube.shape == (12, 10, 256, 256)
    assert cube.dtype == np.float32
    assert list(cube.month) == list(range(1, 13))
    assert list(cube.band.values) == list(BANDS)
    assert cube.rio.crs.to_epsg() == 32632
    assert cube.rio.resolution() == (10.0, -10.0)


def test_the_same_seed_gives_the_same_scene(small: Landscape) -> None:
    again, other = landscape(seed=3, size=128, year=2025), landscape(seed=4, size=128, year=2025)
    np.testing.assert_array_equal(again.reflectance, small.reflectance)
    np.testing.assert_array_equal(again.plan.parcel, small.plan.parcel)
    assert (other.plan.cover_type != small.plan.cover_type).mean() > 0.3


def test_another_year_is_the_same_ground_with_other_crops_and_weather(small: Landscape) -> None:
    other = landscape(seed=3, size=128, year=2024)
    np.testing.assert_array_equal(other.land_cover, small.land_cover)
    np.testing.assert_array_equal(other.plan.altitude, small.plan.altitude)
    crops = small.land_cover == "B"
    turned = (other.plan.cover_type != small.plan.cover_type)[crops].mean()
    assert 0.4 < turned < 1  # vines, lucerne and leys stay
    assert not np.array_equal(missing(other), missing(small))


def test_a_parcel_is_of_one_cover_type(scene: Landscape) -> None:
    parcel, cover_type = scene.plan.parcel.ravel(), scene.plan.cover_type.ravel()
    first = cover_type[np.unique(parcel, return_index=True)[1]]
    np.testing.assert_array_equal(first[parcel], cover_type)


def test_all_eight_land_covers_can_be_clicked(scene: Landscape) -> None:
    for cover in COVERS:
        here = scene.land_cover == cover
        pieces, _ = label(here)
        assert np.bincount(pieces.ravel())[1:].max() > 200, cover
        assert distance_transform_edt(here).max() > 3, cover  # 30 m from anything else


def test_it_is_a_countryside(scene: Landscape) -> None:
    share = {c: (scene.land_cover == c).mean() for c in COVERS}
    assert share["B"] > 0.25
    assert share["B"] + share["C"] + share["E"] > 0.75
    assert max(share[c] for c in "ADFGH") < 0.08
    crops = {
        COVER_TYPES[k].name for k in np.unique(scene.plan.cover_type) if COVER_TYPES[k].land_cover == "B"
    }
    assert {"winter wheat", "maize", "rape", "sugar beet", "vineyard", "fruit orchard"} <= crops
    fields = np.isin(scene.plan.cover_type, [INDEX[c] for c in crops - {"vineyard", "fruit orchard"}])
    hectares = np.bincount(scene.plan.parcel[fields])[np.unique(scene.plan.parcel[fields])] / 100
    assert 0.5 < np.median(hectares) < 5
    assert hectares.max() < 40


def test_water_lies_low_and_the_wooded_hill_stands_high(scene: Landscape) -> None:
    altitude, cover_type = scene.plan.altitude, scene.plan.cover_type
    assert altitude[cover_type == INDEX["river"]].mean() < altitude.mean() - 20
    assert (
        altitude[cover_type == INDEX["vineyard"]].min() > altitude[cover_type == INDEX["wet meadow"]].mean()
    )
    assert COVER_TYPES[cover_type.ravel()[altitude.argmax()]].land_cover == "C"


def test_months_are_whole_or_missing_in_patches(scene: Landscape) -> None:
    gone = missing(scene)
    np.testing.assert_array_equal(gone, np.isnan(scene.reflectance).all(axis=1))
    assert gone.any()
    assert (~gone).sum(axis=0).min() >= 6
    beside = gone[:, :, 1:][gone[:, :, :-1]].mean()
    assert beside > 0.8  # a cloud has neighbours; independent pixels would give gone.mean()
    assert gone.mean() < 0.2
    seen = scene.reflectance[~np.isnan(scene.reflectance)]
    assert seen.min() > 0
    assert seen.max() <= 16_000


def test_light_follows_the_truth(scene: Landscape) -> None:
    june = {c: np.nanmedian(band(scene, "B8")[5][scene.land_cover == c]) for c in "CEG"}
    assert june["G"] < 500 < 1500 < min(june["C"], june["E"])
    red, infrared = band(scene, "B4"), band(scene, "B8")
    greenness = (infrared - red) / (infrared + red)
    beech = scene.plan.cover_type == INDEX["broadleaved wood"]
    assert np.nanmedian(greenness[6][beech]) > np.nanmedian(greenness[1][beech]) + 0.15
    wheat = scene.plan.cover_type == INDEX["winter wheat"]
    assert np.nanmedian(greenness[4][wheat]) > np.nanmedian(greenness[7][wheat]) + 0.2


def test_pixels_at_borders_are_mixed(scene: Landscape) -> None:
    lake = scene.plan.cover_type == INDEX["lake"]
    depth = distance_transform_edt(lake)
    near, deep = (np.nanmedian(band(scene, "B8")[6][where]) for where in (depth == 1, depth > 4))
    assert near > 1.3 * deep


def test_snow_is_white_and_never_lies_on_water() -> None:
    scene = next(s for s in (landscape(seed=3, size=128, year=y) for y in range(2018, 2026)) if s.snow.any())
    month = int(scene.snow.mean(axis=(1, 2)).argmax())
    white, ground = scene.snow[month] & ~missing(scene)[month], ~scene.snow[month] & ~missing(scene)[month]
    open_ = scene.land_cover != "C"
    blue = band(scene, "B2")[month]
    assert month in (0, 1, 2, 10, 11)
    assert blue[white & open_].mean() > blue[ground & open_].mean() + 1000
    assert not scene.snow[:, scene.land_cover == "G"].any()


@pytest.mark.parametrize("size", [0, 64, 5000])
def test_a_size_without_room_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"size given: {size}; expected 128 to 2048"):
        landscape(size=size)


# The source


def centres(source: SampleSource, n: int, seed: int = 0) -> list[tuple[int, int, float, float]]:
    """Rows, columns, longitudes and latitudes of the centres of some pixels."""
    from rasterio.warp import transform

    cube = source.landscape(2018).cube
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(cube.sizes["y"], size=n), rng.integers(cube.sizes["x"], size=n)
    lons, lats = transform("EPSG:32632", "EPSG:4326", cube.x.values[columns], cube.y.values[rows])
    return list(zip(rows.tolist(), columns.tolist(), lons, lats, strict=True))


def test_the_sample_is_a_source_that_says_it_is_simulated(source: SampleSource) -> None:
    assert isinstance(source, tn.Source)
    assert "simulated" in source.name
    assert "simulated" in source.pixel(9.0, 50.0).source
    assert "simulated" in source.cube(source.bounds).attrs["source"]


def test_pixel_cube_and_truth_agree(source: SampleSource, scene: Landscape) -> None:
    names = {"A": "Artificial land", "B": "Cropland", "C": "Woodland", "D": "Shrubland", "E": "Grassland",
             "F": "Bareland", "G": "Water", "H": "Wetlands"}  # fmt: skip
    cube = source.cube(source.bounds)
    for row, column, lon, lat in centres(source, 60):
        series = source.pixel(lon, lat)
        np.testing.assert_array_equal(series.values, cube[:, :, row, column])
        np.testing.assert_array_equal(series.valid, ~missing(scene)[:, row, column])
        assert series.truth == names[scene.land_cover[row, column]] == source.truth(lon, lat)
        assert source.cover_type(lon, lat) == COVER_TYPES[scene.plan.cover_type[row, column]].name
        assert (series.lon, series.lat, series.year) == (lon, lat, 2018)
    assert list(names.values()) == list(tn.tasks["land_cover"].classes)


def test_pixels_come_in_the_order_asked(source: SampleSource) -> None:
    places = [(lon, lat) for _, _, lon, lat in centres(source, 20, seed=1)]
    for (lon, lat), series in zip(places, source.pixels(places, year=2019), strict=True):
        assert (series.lon, series.lat, series.year) == (lon, lat, 2019)
        np.testing.assert_array_equal(series.values, source.pixel(lon, lat, 2019).values)
    assert source.pixels([]) == []


def test_a_survey_draws_places_of_every_land_cover(source: SampleSource) -> None:
    places = source.survey(each=3, seed=5)
    assert [source.truth(*place) for place in places] == [
        c for c in tn.tasks["land_cover"].classes for _ in range(3)
    ]
    assert places == source.survey(each=3, seed=5) != source.survey(each=3, seed=6)
    with pytest.raises(ValueError, match=r"9999 places of .* were asked for"):
        source.survey(each=9999)


def test_a_survey_goes_out_when_something_stands_there(source: SampleSource, scene: Landscape) -> None:
    for row, column, lon, lat in centres(source, 10, seed=2):
        month = source.survey_month(lon, lat)
        assert 5 <= month <= 9
        standing = (scene.green + 0.7 * scene.brown)[4:9, row, column]
        assert standing[month - 5] == standing.max()


@settings(max_examples=200)
@given(st.floats(0, 1), st.floats(0, 1))
@example(0.5, 0.0)
@example(0.0, 1.0)
def test_every_place_inside_the_bounds_has_a_pixel(across: float, up: float) -> None:
    source = tn.open_source("sample")
    west, south, east, north = source.bounds
    assert source.truth(west + across * (east - west), south + up * (north - south))


def test_a_cube_that_is_kept_as_a_file_knows_its_year(source: SampleSource, tmp_path: Path) -> None:
    west, south, _, _ = source.bounds
    source.cube((west, south, west + 0.002, south + 0.002), year=2021).to_netcdf(tmp_path / "mine.nc")
    kept = tn.open_source(tmp_path / "mine.nc")
    assert kept.years == (2021,)
    with pytest.raises(ValueError, match="2021"):
        kept.pixel(west + 0.001, south + 0.001, year=2018)


def test_a_box_gives_the_pixels_it_touches(source: SampleSource) -> None:
    whole = source.cube(source.bounds)
    assert whole.shape == (12, 10, 256, 256)
    from rasterio.warp import transform_bounds

    part = whole.isel(y=slice(40, 60), x=slice(100, 130))
    left, bottom, right, top = part.rio.bounds()
    box = transform_bounds("EPSG:32632", "EPSG:4326", left + 4, bottom + 4, right - 4, top - 4)
    given_back = source.cube(box)
    assert given_back.equals(part)
    assert given_back.rio.crs == whole.rio.crs
    west, south, east, north = source.bounds
    assert source.cube((west - 1, south - 1, east + 1, north + 1)).equals(whole)
    given_back[:] = 0
    assert source.cube(box).equals(part)  # what is given out is a copy


@pytest.mark.parametrize(
    ("lon", "lat", "year", "words"),
    [
        (8.0, 50.0, 2018, "lies outside.*covers longitude 8.98"),
        (50.0, 9.0, 2018, "lies outside"),
        (9.0, 50.0, 1999, "year given: 1999.*2017 to 2025"),
        (9.0, 50.0, "last", "expected a calendar year"),
        ("here", 50.0, 2018, "expected two numbers"),
        (9.0, 95.0, 2018, "latitude -90 to 90"),
        (float("nan"), 50.0, 2018, "expected longitude"),
    ],
)
def test_wrong_places_and_years_are_said_in_words(
    source: SampleSource, lon: object, lat: object, year: object, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        source.pixel(lon, lat, year)
    with pytest.raises(ValueError, match=words):
        source.pixels([(9.0, 50.0), (lon, lat)], year)


def test_a_box_without_data_is_said_in_words(source: SampleSource) -> None:
    with pytest.raises(ValueError, match=r"holds no data.*covers longitude"):
        source.cube((0, 0, 1, 1))
    with pytest.raises(ValueError, match="four numbers"):
        source.cube((9.0, 50.0))


def test_a_year_is_made_once_for_every_thread_and_source() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: SampleSource().landscape(2018), range(4)))
    assert all(scene is made[0] for scene in made)


# Ground views


def test_views_are_four_photos_of_the_place(source: SampleSource) -> None:
    views = source.views(9.0, 50.0)
    assert len(views) == 4
    assert all(v.dtype == np.uint8 and v.ndim == 3 and v.shape[2] == 3 for v in views)
    for a, b in zip(views, source.views(9.0, 50.0), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(views[0], source.views(9.0, 50.0, month=1)[0])
    assert not np.array_equal(views[0], source.views(9.0, 50.0, year=2019)[0])
    assert source.views(9.0, 50.0, size=(48, 64))[0].shape == (48, 64, 3)


def test_views_show_what_is_there(source: SampleSource, scene: Landscape) -> None:
    def ground(name: str) -> np.ndarray:
        here = np.argwhere(distance_transform_edt(scene.plan.cover_type == INDEX[name]) > 2)[::7][:5]
        corner_x, corner_y = scene.cube.x.values, scene.cube.y.values
        from rasterio.warp import transform

        lons, lats = transform("EPSG:32632", "EPSG:4326", corner_x[here[:, 1]], corner_y[here[:, 0]])
        photos = [v[70:] for x, y in zip(lons, lats, strict=True) for v in source.views(x, y)]
        return np.mean(photos, axis=(0, 1, 2))

    lake, meadow = ground("lake"), ground("meadow")
    assert lake[2] > lake[0]
    assert meadow[1] == meadow.max()
    assert meadow[1] > meadow[2] + 20


def test_views_are_drawn_of_their_own_month(source: SampleSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """Month, plants, snow and sun all are those of the month that is asked for."""
    from timesen_nb.simulate import scenes

    drawn: list[tuple[int, dict[str, Any]]] = []
    monkeypatch.setattr(scenes, "draw_views", lambda name, month, **of: drawn.append((month, of)) or [])
    for month in range(1, 13):
        source.views(9.0, 50.0, month=month)
    scene, (row, column) = source.landscape(), source._frame.index(9.0, 50.0)
    assert [month for month, _ in drawn] == list(range(1, 13))
    assert [of["green"] for _, of in drawn] == scene.green[:, row, column].tolist()
    assert [of["snow"] for _, of in drawn] == scene.snow[:, row, column].tolist()
    assert int(np.argmax([of["sun"] for _, of in drawn])) == 5


def test_a_catch_crop_is_drawn_where_the_light_is_green_in_winter(source: SampleSource) -> None:
    """The ground of maize fields: greener in the photo the greener the light, and brown in May."""
    fields = [p for p in source.survey(each=40) if source.cover_type(*p) == "maize"]
    lit = [(p, m) for p in fields for m in (1, 2, 3, 5) if np.isfinite(source.pixel(*p).ndvi[m - 1])]
    light = np.array([source.pixel(*p).ndvi[m - 1] for p, m in lit])
    ground = np.array([np.mean([v[70:] for v in source.views(*p, month=m)], axis=(0, 1, 2)) for p, m in lit])
    greener = ground[:, 1] - ground[:, 0]
    assert (light > 0.6).any()
    assert greener[light > 0.6].min() > greener[light < 0.35].max()


def test_views_of_no_place_or_month_are_refused(source: SampleSource) -> None:
    with pytest.raises(ValueError, match="lies outside"):
        source.views(0.0, 0.0)
    with pytest.raises(ValueError, match="month given: 13"):
        source.views(9.0, 50.0, month=13)
