"""A static STAC catalog of small COGs on disk, written as the two large catalogs write theirs."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pystac
import rasterio
from affine import Affine
from dated_cube import EPSG, LEFT, TOP, TWENTY, dated_cube
from pyproj import Transformer

from timesen_nb.bands import BANDS
from timesen_nb.sources.stac import StacSource

EARTH_SEARCH = {
    "B2": "blue", "B3": "green", "B4": "red", "B5": "rededge1", "B6": "rededge2", "B7": "rededge3", "B8": "nir",
    "B8A": "nir08", "B11": "swir16", "B12": "swir22", "SCL": "scl",
}  # fmt: skip
PLANETARY = {b: b if b == "B8A" else f"B{int(b[1:]):02d}" for b in BANDS} | {"SCL": "SCL"}


#: A test that waits for a warning reads one file at a time: rasterio catches warnings while it opens files, which
#: Python does for all threads at once.
ONE = 1


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
        collection: str = "sentinel-2-l2a",
        changed: Callable[[dict], None] = lambda item: None,
    ) -> None:
        """One image of a tile. values: (10, y, x) reflectance x 10000, 0 = no data; scl: (y, x).

        Stored with ESA's 1000 on top from baseline 04.00 on, unless ``applied``. changed: is given the item's JSON
        before it is written.
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
        properties = {
            "datetime": f"{when}Z",
            "proj:epsg": epsg,
            "eo:cloud_cover": 50,
            "platform": "sentinel-2a",
        }
        tile = name.split("_")[1] if name.count("_") > 1 else "A"
        properties["grid:code"] = f"MGRS-{epsg % 100}UF{tile[-1]}"
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
            "collection": collection,
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "bbox": bbox,
            "properties": properties,
            "assets": assets,
            "links": [],
        }
        changed(item)
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


def one_day(tmp_path: Path, *looks: dict) -> StacSource:
    """A catalog of looks (value, column slice and the writer's words) of one tile."""
    tmp_path.mkdir(exist_ok=True)
    writer = CatalogWriter(tmp_path)
    for i, given in enumerate(looks):
        look = dict(given)
        value, columns = look.pop("value"), look.pop("columns", slice(0, 8))
        when = look.pop("when", f"2018-07-05T10:50:0{i}")
        values = np.full((10, 8, columns.stop - columns.start), value, dtype=np.uint16)
        scl = np.full(values.shape[1:], look.pop("scl", 4))
        writer.add(look.pop("name", f"S2A_{i}"), when, values, scl, left=LEFT + 10 * columns.start, **look)
    return StacSource(writer.write(), readers=ONE)


def july(source: StacSource, row: int = 2, column: int = 2) -> float:
    place = dated_cube(dates=1).place(row, column)
    return float(source.pixel(*place, 2018).values[6, 0])


def item_of(properties: dict, raster: tuple | None = None, form: str = "raster:bands") -> pystac.Item:
    assets = {b: {"href": f"/{b}.tif", "type": "image/tiff"} for b in (*BANDS, "SCL")}
    if raster is not None:
        prefix = "" if form == "raster:bands" else "raster:"
        for asset in assets.values():
            asset[form] = [{f"{prefix}scale": raster[0], f"{prefix}offset": raster[1]}]
    return pystac.Item.from_dict(
        {
            "type": "Feature",
            "stac_version": "1.0.0",
            "id": "S2A_31UFS",
            "geometry": {"type": "Point", "coordinates": [4.4, 50.7]},
            "properties": {"datetime": "2023-07-01T10:46:30Z", **properties},
            "links": [],
            "assets": assets,
        }
    )
