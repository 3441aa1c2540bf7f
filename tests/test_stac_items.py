"""What an item of a catalog says: the radiometric offset, baselines, bands, files and times."""

from pathlib import Path

import numpy as np
import pystac
import pytest
from stac_catalog import item_of, july, one_day

from timesen_nb.bands import BANDS
from timesen_nb.sources.stac.acquisitions import read_acquisitions


@pytest.mark.parametrize("word", ["true", "True", 1, True, "1", "yes"])
@pytest.mark.parametrize("key", ["earthsearch:boa_offset_applied", "sentinel:boa_offset_applied"])
def test_an_offset_that_is_applied_is_not_taken_off_again(tmp_path: Path, word: object, key: str) -> None:
    ((scene,), _) = read_acquisitions([item_of({"s2:processing_baseline": "05.09", key: word}, (1e-4, -0.1))])
    assert scene.offset.tolist() == [0.0] * 10


@pytest.mark.parametrize("word", ["false", "False", 0, False, "0"])
def test_an_offset_that_is_not_applied_is_taken_off(word: object) -> None:
    said = {"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": word}
    ((scene,), _) = read_acquisitions([item_of(said, (1e-4, -0.1))])
    assert scene.offset.tolist() == [-1000.0] * 10


def test_the_value_is_right_whatever_way_the_offset_is_said(tmp_path: Path) -> None:
    def said(item: dict) -> None:
        item["properties"]["earthsearch:boa_offset_applied"] = "True"

    source = one_day(tmp_path, {"value": 1400, "baseline": "05.09", "applied": True, "changed": said})
    assert july(source) == 1400


@pytest.mark.parametrize(
    ("properties", "raster", "why"),
    [
        (
            {"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": "maybe"},
            None,
            "true or false",
        ),
        ({"s2:processing_baseline": "05.09"}, (1e-4, -1000), "states a scale of"),
        (
            {"s2:processing_baseline": "newest"},
            None,
            "s2:processing_baseline is 'newest'; expected a number such as",
        ),
        (
            {
                "s2:processing_baseline": "02.12",
                "s2:product_uri": "S2A_MSIL2A_20180701T103631_N0510_R008_T31UFU_x",
            },
            None,
            "is 02.12 and the name of its product says 05.10",
        ),
        ({"s2:processing_baseline": "05.09"}, ("much", -0.1), "expected a number"),
        ({"s2:processing_baseline": "05.09"}, (1e-9, 0), "states a scale of"),
        ({}, None, "does not say how its values are stored"),
    ],
)
def test_radiometry_that_makes_no_sense_leaves_an_item_out(properties, raster, why) -> None:
    acquisitions, (left_out,) = read_acquisitions([item_of(properties, raster)])
    assert not acquisitions
    assert why in left_out["why"]


@pytest.mark.parametrize(
    ("key", "product", "baseline", "satellite"),
    [
        ("sentinel:product_id", "S2B_MSIL2A_20220301T103929_N0400_R008_T31UFU_20220301T132600", 4.0, "S2B"),
        ("s2:product_uri", "S2C_MSIL2A_20250301T103929_N0511_R008_T31UFU_20250301T132600.SAFE", 5.11, "S2C"),
        ("sentinel:product_id", "S2A_MSIL2A_20180301T103929_N0206_R008_T31UFU_20180301T132600", 2.06, "S2A"),
    ],
)
def test_the_baseline_is_read_from_the_products_name(key, product, baseline, satellite) -> None:
    ((scene,), _) = read_acquisitions([item_of({key: product})])
    assert (scene.baseline, scene.satellite, scene.tile) == (baseline, satellite, "31UFU")
    assert scene.epsg == 32631
    assert scene.offset.tolist() == [-1000.0 if baseline >= 4 else 0.0] * 10


@pytest.mark.parametrize(
    "name", ["S2-L2A-{}", "{}_10m", "{}-10m", "SENTINEL-2_L2A_{}"], ids=["openeo", "cdse", "dash", "long"]
)
def test_bands_are_found_by_their_names(name: str) -> None:
    item = item_of({"s2:processing_baseline": "02.12"})
    item.assets = {
        name.format(b if b in ("B8A", "SCL") else f"B{int(b[1:]):02d}"): asset
        for b, asset in item.assets.items()
    }
    ((scene,), _) = read_acquisitions([item])
    assert [scene.item.assets[b].href for b in BANDS] == [f"/{b}.tif" for b in BANDS]


def test_of_a_band_in_several_pixel_sizes_the_finest_counts() -> None:
    item = item_of({"s2:processing_baseline": "02.12"})
    tiff = "image/tiff"
    item.assets = {f"B02_{m}m": pystac.Asset(f"/B02_{m}m.tif", media_type=tiff) for m in (60, 20, 10)} | {
        f"{b}_20m": asset for b, asset in item.assets.items() if b != "B2"
    }
    ((scene,), _) = read_acquisitions([item])
    assert scene.item.assets["B2"].href == "/B02_10m.tif"


def test_an_offset_that_is_denied_wrongly_gives_no_look(tmp_path: Path) -> None:
    """earth-search, issues 66 and 71: the values are without the offset, the item says that they are with it."""
    source = one_day(
        tmp_path,
        {"value": 400, "baseline": "05.11", "applied": True, "when": "2018-07-01T10:50:00"},
        {"value": 600, "when": "2018-07-05T10:50:00"},
    )
    item = tmp_path / "S2A_0.json"
    item.write_text(item.read_text().replace('applied": true', 'applied": false'))
    assert july(source) == 600


@pytest.mark.parametrize(
    ("properties", "raster", "gain", "offset"),
    [
        ({"s2:processing_baseline": "02.12"}, None, 1, 0),
        ({"s2:processing_baseline": "03.01"}, None, 1, 0),
        ({"s2:processing_baseline": "04.00"}, None, 1, -1000),
        ({"s2:processing_baseline": "05.09"}, None, 1, -1000),
        ({"s2:processing_baseline": 5.1}, None, 1, -1000),
        ({"processing:version": "05.11"}, None, 1, -1000),
        ({"s2:processing_baseline": " 05.09 "}, None, 1, -1000),
        ({"s2:processing_baseline": "N0509"}, None, 1, -1000),
        ({"s2:processing_baseline": "0214"}, None, 1, 0),
        # of the software of whoever made the catalog
        ({"processing:version": "1.1"}, (1e-4, -0.1), 1, -1000),
        (
            {"processing:version": "1.1", "s2:product_uri": "S2A_MSIL2A_20230701T103631_N0509_R008_T31UFU_x"},
            None,
            1,
            -1000,
        ),
        (
            {
                "processing:version": "03.01",
                "s2:product_uri": "S2A_MSIL2A_20230701T103631_N0509_R008_T31UFU_x",
            },
            None,
            1,
            -1000,
        ),
        (
            {"s2:product_uri": "S2A_MSIL2A_20230701T103631_N0509_R008_T31UFU_20230701T200058.SAFE"},
            None,
            1,
            -1000,
        ),
        ({"s2:product_uri": "S2A_MSIL2A_20180701T103631_N0208_R008_T31UFU_20180701T200058.SAFE"}, None, 1, 0),
        # earth-search: the word on the offset goes before the raster extension's
        ({"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": True}, (1e-4, -0.1), 1, 0),
        (
            {"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": False},
            (1e-4, -0.1),
            1,
            -1000,
        ),
        ({"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": False}, (1e-4, 0), 1, -1000),
        ({"s2:processing_baseline": "02.13", "earthsearch:boa_offset_applied": False}, (1e-4, -0.1), 1, 0),
        ({"s2:processing_baseline": "04.00", "sentinel:boa_offset_applied": True}, None, 1, 0),
        # sentinel-2-c1-l2a: no word of its own, the raster extension states it
        ({"s2:processing_baseline": "05.00"}, (1e-4, -0.1), 1, -1000),
        ({"s2:processing_baseline": "05.00"}, (1e-4, 0.0), 1, 0),
        ({}, (1e-4, -0.1), 1, -1000),
        ({"s2:processing_baseline": "05.00"}, (2e-4, -0.2), 2, -2000),
        # what tools write when they know nothing
        ({"s2:processing_baseline": "05.00"}, (1.0, 0.0), 1, -1000),
    ],
)
@pytest.mark.parametrize("form", ["raster:bands", "bands"])
def test_the_radiometric_offset_is_what_the_item_says(properties, raster, gain, offset, form) -> None:
    ((scene,), left_out) = read_acquisitions([item_of(properties, raster, form)])
    assert not left_out
    assert scene.gain.tolist() == pytest.approx([gain] * 10)
    assert scene.offset.tolist() == pytest.approx([offset] * 10)


@pytest.mark.parametrize(
    "said", ["2018-07-01T00:46:30+02:00", "2018-06-30T20:46:30-02:00", "2018-06-30T22:46:30Z"]
)
def test_times_with_an_offset_are_those_of_utc(said: str) -> None:
    """Two hours are another day here, and another month."""
    ((scene,), _) = read_acquisitions([item_of({"s2:processing_baseline": "02.12", "datetime": said})])
    assert scene.time == np.datetime64("2018-06-30T22:46:30")


def test_an_item_that_does_not_say_how_it_is_stored_is_refused_by_name() -> None:
    acquisitions, ((left_out),) = read_acquisitions([item_of({})])
    assert not acquisitions
    assert left_out["what"] == "S2A_31UFS"
    assert "does not say how its values are stored" in left_out["why"]


def test_the_cog_goes_before_the_jpeg_of_the_same_band() -> None:
    item = item_of({"s2:processing_baseline": "02.12"})
    item.assets = {"red-jp2": pystac.Asset("/red.jp2", media_type="image/jp2"), **item.assets}
    item.assets["B8_10m"] = item.assets.pop("B8")
    ((scene,), _) = read_acquisitions([item])
    assert scene.item.assets["B4"].href.endswith("B4.tif")
    assert scene.item.assets["B8"].href.endswith("B8.tif")
