"""A static STAC catalog of small COGs on disk, written as the two large catalogs write theirs."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from dated_cube import EPSG, LEFT, TOP, TWENTY
from pyproj import Transformer

from timesen_nb.bands import BANDS

EARTH_SEARCH = {
    "B2": "blue", "B3": "green", "B4": "red", "B5": "rededge1", "B6": "rededge2", "B7": "rededge3", "B8": "nir",
    "B8A": "nir08", "B11": "swir16", "B12": "swir22", "SCL": "scl",
}  # fmt: skip
PLANETARY = {b: b if b == "B8A" else f"B{int(b[1:]):02d}" for b in BANDS} | {"SCL": "SCL"}


@dataclass
class CatalogWriter:
    """Writes items with their files, and a catalog.json that lists them."""

    folder: Path
    ids: list[str] = field(default_factory=list)

    def add(
        self,
        name: str,
        when: np.datetime64,
        values: np.ndarray,
        scl: np.ndarray,
        left: float = LEFT,
        top: float = TOP,
        epsg: int = EPSG,
        style: str = "earth-search",
        baseline: str | None = "02.12",
        applied: bool | None = None,
        without: tuple[str, ...] = (),
    ) -> None:
        """One image of a tile. values: (10, y, x) reflectance x 10000, 0 = no data; scl: (y, x).

        Stored with ESA's 1000 on top from baseline 04.00 on, unless ``applied``.
        """
        on_top = 1000 if baseline is not None and float(baseline) >= 4 and not applied else 0
        names = EARTH_SEARCH if style == "earth-search" else PLANETARY
        assets = {}
        for band in (*BANDS, "SCL"):
            if band in without:
                continue
            step = 2 if band in (*TWENTY, "SCL") else 1
            pixels = scl if band == "SCL" else values[BANDS.index(band)]
            pixels = pixels[::step, ::step].astype("uint8" if band == "SCL" else "uint16")
            if band != "SCL":
                pixels = np.where(pixels == 0, 0, pixels + on_top).astype("uint16")
            file = self.folder / f"{name}_{band}.tif"
            place = Affine(10 * step, 0, left, 0, -10 * step, top)
            write_cog(file, pixels, place, epsg)
            assets[names[band]] = {
                "href": f"./{file.name}",
                "type": "image/tiff; application=geotiff; profile=cloud-optimized",
                "roles": ["data"],
                "proj:shape": list(pixels.shape),
                "proj:transform": list(place)[:6],
            }
            if style == "earth-search" and band != "SCL":
                # states the offset of new baselines whether it is applied or not, as the real one does
                stated = -0.1 if baseline is not None and float(baseline) >= 4 else 0
                raster = {"nodata": 0, "data_type": "uint16", "scale": 0.0001, "offset": stated}
                assets[names[band]]["raster:bands"] = [raster]
        height, width = scl.shape
        to_degrees = Transformer.from_crs(epsg, 4326, always_xy=True)
        bbox = list(to_degrees.transform_bounds(left, top - 10 * height, left + 10 * width, top))
        west, south, east, north = bbox
        properties = {"datetime": f"{when}Z", "proj:epsg": epsg, "eo:cloud_cover": 50}
        if baseline is not None:
            properties["s2:processing_baseline"] = baseline
        if applied is not None:
            properties["earthsearch:boa_offset_applied"] = applied
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        item = {
            "type": "Feature",
            "stac_version": "1.0.0",
            "stac_extensions": [
                "https://stac-extensions.github.io/projection/v1.1.0/schema.json",
                "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
            ],
            "id": name,
            "collection": "sentinel-2-l2a",
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "bbox": bbox,
            "properties": properties,
            "assets": assets,
            "links": [],
        }
        (self.folder / f"{name}.json").write_text(json.dumps(item))
        self.ids.append(name)

    def write(self) -> Path:
        """Write catalog.json; its path comes back."""
        links = [{"rel": "item", "href": f"./{name}.json", "type": "application/json"} for name in self.ids]
        catalog = {
            "type": "Catalog",
            "stac_version": "1.0.0",
            "id": "small",
            "description": "simulated scenes",
            "links": links,
        }
        path = self.folder / "catalog.json"
        path.write_text(json.dumps(catalog))
        return path


def write_cog(path: Path, pixels: np.ndarray, place: Affine, epsg: int) -> None:
    height, width = pixels.shape
    profile = {"driver": "COG", "height": height, "width": width, "count": 1, "dtype": pixels.dtype.name}
    with rasterio.open(path, "w", crs=f"EPSG:{epsg}", transform=place, nodata=0, **profile) as file:
        file.write(pixels, 1)
