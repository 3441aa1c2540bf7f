"""The services that this package asks, as they are today: run with TIMESEN_LIVE=1, which opens the network.

    make live        # or: TIMESEN_LIVE=1 python -m pytest tests/test_live.py

Everything else is tested against servers of our own. What these tests say is that the real ones still answer so. Earth
Engine is asked under your own account: the project that EE_PROJECT names.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import timesen_nb as tn

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

#: Fields and woods in Flanders, where a year without a cloud-free month in summer would be a fault.
LON, LAT, YEAR = 4.685, 50.868, 2018


def check_series(series: tn.PixelSeries) -> None:
    """A summer that was seen, reflectance x 10000 of ground with plants, and where it came from."""
    assert series.valid[4:9].sum() >= 3
    seen = series.values[series.valid]
    assert 0 < np.nanmin(seen) < np.nanmax(seen) < 12_000
    assert np.nanmax(series.ndvi) > 0.4
    assert series.year == YEAR


@pytest.mark.parametrize("catalog", ["earth-search", "planetary-computer"])
def test_a_stac_catalog_gives_a_year(catalog: str) -> None:
    source = tn.open_source("stac", catalog=catalog, cache=False)
    check_series(source.pixel(LON, LAT, year=YEAR))


def test_both_catalogs_agree() -> None:
    """The same satellite, so the same light: in months that both have seen, near infrared differs by little."""
    one, other = (
        tn.open_source("stac", catalog=name, cache=False).pixel(LON, LAT, year=YEAR)
        for name in ("earth-search", "planetary-computer")
    )
    both = one.valid & other.valid
    assert both.sum() >= 3
    nir = tn.BANDS.index("B8")
    assert np.median(np.abs(one.values - other.values)[both, nir]) < 300


def test_earth_engine_gives_the_same_year() -> None:
    project = os.environ.get("EE_PROJECT")
    if not project:
        pytest.skip("EE_PROJECT names no project of yours")
    source = tn.open_source("earthengine", project=project, cache=False)
    check_series(source.pixel(LON, LAT, year=YEAR))
    near = source.pixels([(LON, LAT), (LON + 0.01, LAT)], year=YEAR)
    assert [round(series.lon, 3) for series in near] == [LON, round(LON + 0.01, 3)]


def test_the_hub_gives_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    from timesen_nb.model.hub import find_file

    config = json.loads(find_file("hf:openai/clip-vit-base-patch32/config.json").read_text())
    assert config["projection_dim"] == 512


def test_a_file_that_the_hub_has_not_is_said() -> None:
    with pytest.raises(FileNotFoundError, match="has no 'no-such-file"):
        tn.load("hf:openai/clip-vit-base-patch32/no-such-file.safetensors")


def test_lucas_photos_are_where_they_were(tmp_path: Path) -> None:
    """Points near the coast of Valencia; not every view of every point was taken."""
    from PIL import Image

    from timesen_nb.datasets.download import download_photos
    from timesen_nb.datasets.lucas import VIEWS, photo_address

    points = ("34741940", "34661932", "34761950")
    addresses = [[photo_address(point, "ES", view) for view in VIEWS] for point in points]
    files, reasons = download_photos(addresses, tmp_path, progress=False)
    arrived = [name for name in files.ravel().tolist() if name]
    assert arrived, reasons
    for name in arrived:
        with Image.open(name) as photo:
            assert min(photo.size) > 300


def test_the_gazetteer_knows_a_town() -> None:
    from timesen_nb.sources.gazetteer import find_place

    place = find_place("Vilvoorde, Belgium")
    assert (place.lon, place.lat) == pytest.approx((4.43, 50.93), abs=0.05)
    west, south, east, north = place.bounds
    assert west < place.lon < east
    assert south < place.lat < north
