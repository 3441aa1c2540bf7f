"""True colour: one stretch wherever a month is drawn, red where red light is, and nothing where nothing was seen."""

from io import BytesIO

import numpy as np
import pytest
import xarray as xr
from PIL import Image
from synthetic import GridSource

import timesen_nb as tn
from timesen_nb.plots import true_colour
from timesen_nb.plots.true_colour import GAMMA, WHITE, patch_images
from timesen_nb.widgets.layers import month_picture


def cube_of(red: float, green: float, blue: float, months: tuple[int, ...] = (1, 7)) -> xr.DataArray:
    """A cube of 4 x 6 pixels whose July has these reflectances (x 10000), and whose other months are dark."""
    cube = xr.DataArray(
        np.full((len(months), 10, 4, 6), 1.0, dtype=np.float32),
        {"month": list(months), "band": list(tn.BANDS)},
        ("month", "band", "y", "x"),
    )
    cube.loc[{"month": 7, "band": ["B4", "B3", "B2"]}] = np.array([red, green, blue])[:, None, None]
    return cube


def test_red_green_and_blue_light_are_red_green_and_blue() -> None:
    rgb = true_colour(cube_of(2000, 1000, 500), 7)
    assert rgb.shape == (4, 6, 3)
    assert rgb.dtype == np.float32
    np.testing.assert_allclose(rgb[2, 3], (np.array([2000, 1000, 500]) / WHITE) ** (1 / GAMMA), rtol=1e-5)


def test_dark_places_are_brightened_and_bright_ones_end_at_white() -> None:
    half = true_colour(cube_of(WHITE / 2, -50, 9000), 7)[0, 0]
    assert 0.6 < half[0] < 0.7  # above the 0.5 of its light
    assert half[1:].tolist() == [0.0, 1.0]


def test_the_month_asked_for_is_drawn_and_no_other() -> None:
    cube = cube_of(2800, 2800, 2800)
    assert true_colour(cube, 7).min() == 1.0
    assert true_colour(cube, 1).max() < 0.01


def test_what_is_missing_stays_missing() -> None:
    cube = cube_of(1000, 1000, 1000)
    cube.loc[{"month": 7}][:, 1, 2] = np.nan
    rgb = true_colour(cube, 7)
    assert np.isnan(rgb[1, 2]).all()
    assert np.isfinite(rgb).sum() == (4 * 6 - 1) * 3


def test_axes_are_found_by_name_and_a_lazy_cube_is_read() -> None:
    pytest.importorskip("dask")
    cube = cube_of(2000, 1000, 500)
    turned = cube.isel(band=slice(None, None, -1)).transpose("x", "month", "y", "band").chunk(x=2)
    np.testing.assert_array_equal(true_colour(turned, 7), true_colour(cube, 7))


@pytest.mark.parametrize(
    ("change", "month", "words"),
    [
        (lambda c: c, 12, "months 1, 7; expected 12"),
        (lambda c: c.sel(band=["B4", "B8"]), 7, "bands B4, B8; expected B4, B3, B2"),
        (lambda c: c.drop_vars("month"), 1, "months of no name"),
    ],
)
def test_what_cannot_be_drawn_is_said(change, month: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        true_colour(change(cube_of(1, 1, 1)), month)


def test_the_map_shows_the_same_colours_at_the_same_places() -> None:
    source = GridSource()
    grid = source.grid.copy()
    grid[6] = 100.0
    grid[6, tn.BANDS.index("B4"), :, :16] = 2000.0  # the west is red,
    grid[6, tn.BANDS.index("B2"), :8, 16:] = 1000.0  # the north-east blue,
    grid[6, :, 24:, 16:] = np.nan  # and of the south-east nothing was seen
    pixels = np.asarray(Image.open(BytesIO(month_picture(grid, 7).png)))
    height, width = pixels.shape[:2]
    expected = np.round(255 * true_colour(grid, 7)[[2, 2], [2, 28]]).astype(int)
    assert pixels[height // 8, width // 8].tolist() == [*expected[0].tolist(), 255]
    assert pixels[height // 8, -width // 8].tolist() == [*expected[1].tolist(), 255]
    assert expected[0, 0] > 3 * expected[0, 2]
    assert expected[1, 2] > 3 * expected[1, 0]
    assert pixels[-height // 8, -width // 8].tolist() == [0, 0, 0, 0]
    assert pixels[-height // 8, width // 8, 3] == 255


def test_what_clip_sees_is_in_proportion_to_light_as_ever() -> None:
    """The reports of 0.1 were made so: B4 B3 B2 / 3000, no gamma, missing pixels black."""
    rng = np.random.default_rng(0)
    values = rng.uniform(-200, 5000, (3, 1, 10, 8, 8)).astype(np.float32)
    values[0, 0, :, 2, 2] = np.nan
    light = values[:, 0, [2, 1, 0]].transpose(0, 2, 3, 1)
    expected = np.nan_to_num(np.clip(light / np.float32(3000), 0, 1) * np.float32(255)).round()
    np.testing.assert_array_equal(patch_images(values), expected.astype(np.uint8))
