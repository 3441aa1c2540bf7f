"""A .tif that is a list of other files (a VRT) is refused by name, and nothing that it lists is read."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from dated_cube import LEFT, TOP, dated_cube
from stac_catalog import CatalogWriter

import timesen_nb as tn


def listing(image: Path) -> str:
    """A VRT over all bands of an image."""
    with rasterio.open(image) as file:
        bands = "".join(
            f'<VRTRasterBand dataType="UInt16" band="{i}"><SimpleSource><SourceFilename relativeToVRT="0">{image}'
            f"</SourceFilename><SourceBand>{i}</SourceBand></SimpleSource></VRTRasterBand>"
            for i in range(1, file.count + 1)
        )
        corner = ", ".join(map(str, file.transform.to_gdal()))
        return (
            f'<VRTDataset rasterXSize="{file.width}" rasterYSize="{file.height}"><SRS>{file.crs}</SRS>'
            f"<GeoTransform>{corner}</GeoTransform>{bands}</VRTDataset>"
        )


def test_a_catalog_cannot_name_one(tmp_path: Path) -> None:
    world = dated_cube(dates=2, height=8, width=8)
    folder = tmp_path / "catalog"
    folder.mkdir()
    writer = CatalogWriter(folder)
    for i, when in enumerate(world.times):
        writer.add(f"S2A_{i}", when, world.values[i], world.scl[i], left=LEFT)
    catalog = writer.write()
    source = tn.open_source("stac", catalog=catalog)
    place = world.place(3, 3)
    source.pixel(*place, year=2018)
    for n, image in enumerate(sorted(catalog.parent.rglob("*.tif"))):
        elsewhere = image.rename(tmp_path / f"elsewhere_{n}.tif")
        image.write_text(listing(elsewhere))
    with pytest.raises(ValueError, match="not recognized as being in a supported file format"):
        tn.open_source("stac", catalog=catalog).pixel(*place, year=2018)


def test_a_cube_file_cannot_be_one(tmp_path: Path) -> None:
    image, path = tmp_path / "image.tif", tmp_path / "cube.tif"
    kind = {"driver": "GTiff", "width": 4, "height": 4, "count": 10, "dtype": "uint16", "crs": "EPSG:32631"}
    with rasterio.open(image, "w", **kind, transform=rasterio.Affine(10, 0, LEFT, 0, -10, TOP)) as file:
        file.write(np.ones((10, 4, 4), np.uint16))
    path.write_text(listing(image))
    with pytest.raises(ValueError, match=r"cube\.tif cannot be used"):
        tn.open_source(path)
