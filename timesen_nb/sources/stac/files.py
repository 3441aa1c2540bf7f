"""How odc-stac opens the files of acquisitions: signed at the moment they are read, and named when they fail.

What a file's fault means decides what becomes of it. Absent or damaged, it is as good as a look at clouds: its
acquisition is left out, and that is said. A server that is busy, out of reach or wants a key is a fault of the whole
reading, which fails. GDAL repeats a busy request on its own, twice; nobody else repeats the reading of a file.
"""

from __future__ import annotations

import dataclasses
import logging
import re
import threading
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import odc.stac
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from odc.loader import RasterSource, RioDriver, RioReader
from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError

from timesen_nb.sources.addresses import without_keys
from timesen_nb.sources.grid import PIXEL, Grid

if TYPE_CHECKING:
    import xarray as xr
    from pystac import Item

#: How GDAL asks: no look into folders, the header in one go, two repeats, and no file may hang for long.
_GDAL = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_INGESTED_BYTES_AT_OPEN": "32768",
    "GDAL_HTTP_MAX_RETRY": "2",
    "GDAL_HTTP_RETRY_DELAY": "0.5",
    "GDAL_HTTP_CONNECTTIMEOUT": "10",
    "GDAL_HTTP_TIMEOUT": "30",
}
#: What odc-stac takes a file for that does not say it.
_READ_AS = {"*": {"assets": {"*": {"data_type": "uint16", "nodata": 0}}, "warnings": "ignore"}}
_SIGNING = threading.Lock()
_HERE = threading.local()
_ABSENT = re.compile(r"HTTP response code: (404|410)|No such file|does not exist", re.IGNORECASE)
_SERVER = re.compile(
    r"HTTP response code|CURL error|AWS_|InvalidCredentials|timed? ?out|resolve host", re.IGNORECASE
)


@dataclasses.dataclass(frozen=True)
class FileFault:
    """Why a file could not be read; lasting where reading it again would not help."""

    why: str
    lasting: bool


def load(
    items: Sequence[Item],
    names: Sequence[str],
    grid: Grid,
    sign: Callable[[str], str] | None,
    readers: ThreadPoolExecutor,
) -> tuple[xr.Dataset, dict[str, FileFault]]:
    """What is stored of some items on a window.

    Args:
        items: of acquisitions.
        names: of bands, and "SCL".
        grid: the window.
        sign: see :class:`Files`.
        readers: threads that read.

    Returns:
        Variables (time, y, x), one layer an item in their order, 0 = no data; and the faults of files, by address.
    """
    faults: dict[str, FileFault] = {}
    corner = grid.corner
    place = Affine(PIXEL, 0, PIXEL * corner.column, 0, -PIXEL, PIXEL * corner.row)
    with rasterio.Env(**_GDAL):
        stored = odc.stac.load(
            items,
            list(names),
            groupby="id",
            resampling="nearest",
            geobox=GeoBox(grid.shape, place, corner.epsg),
            stac_cfg=_READ_AS,
            driver=Files(sign, faults),
            pool=readers,
        )
    return stored, faults


class Files(RioDriver):
    """rasterio, for one reading.

    Args:
        sign: Makes an address one that may be read, for about an hour.
        faults: Takes the faults of files that are absent or damaged, by address; they read as no data.
    """

    def __init__(
        self, sign: Callable[[str], str] | None = None, faults: dict[str, FileFault] | None = None
    ) -> None:
        super().__init__()
        self.sign, self.faults = sign, {} if faults is None else faults

    def open(self, src: RasterSource, ctx: Any) -> RioReader:
        """A reader of one file."""
        if self.sign is None:
            return _File(src, src.uri, ctx, self.faults)
        with _SIGNING:  # one token is asked for, not one a thread
            signed = self.sign(src.uri)
        return _File(dataclasses.replace(src, uri=signed), src.uri, ctx, self.faults)


class _File(RioReader):
    def __init__(self, src: RasterSource, plain: str, ctx: Any, faults: dict[str, FileFault]) -> None:
        super().__init__(src, ctx)
        self._plain, self._faults = plain, faults

    def read(self, *args: Any, **kwargs: Any) -> Any:
        _HERE.reading = True
        try:
            # An image, and no list of other files under the name of one (a VRT): that would read whatever it lists.
            # The first bytes stay in GDAL's cache, where odc-stac finds them.
            rasterio.open(self._src.uri, driver=_driver(self._plain)).close()
            return super().read(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - GDAL's own, and what odc makes of a file without a place
            self._note(error)
        finally:
            _HERE.reading = False
        return (slice(0, 0), slice(0, 0)), np.empty((0, 0))

    def _note(self, error: Exception) -> None:
        said = "; ".join(str(e) for e in (error, error.__cause__) if e is not None)
        reason = (
            without_keys(said).replace(self._plain, "").replace("See previous exception for details.", "")
        )
        reason = " ".join(reason.replace("/vsicurl/", "").split()).strip("':?; ")
        if _ABSENT.search(said):
            fault = FileFault(f"it is not there ({reason})", True)
        elif _SERVER.search(said):
            raise RasterioIOError(
                f"{without_keys(self._plain)} ({reason})"
            ) from None  # what it is from may hold a token
        elif isinstance(error, RasterioError) and "Read failed" in said and "://" in self._plain:
            fault = FileFault(f"it is cut, or the connection broke off ({reason})", False)
        else:
            fault = FileFault(f"it is cut or damaged ({reason})", True)
        self._faults[self._plain] = fault


def _driver(address: str) -> str:
    """The only format of GDAL that may open a file."""
    return "JP2OpenJPEG" if urlsplit(address).path.lower().endswith((".jp2", ".j2k")) else "GTiff"


class _Quiet(logging.Filter):
    """odc-stac logs the address of a file it cannot read, with its token; of those read here the faults are told."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = without_keys(record.getMessage()), ()
        return not getattr(_HERE, "reading", False)


# Warping arrays in memory warns now and then that they lie nowhere; their values are right
# (github.com/opendatacube/odc-geo, issue 131).
warnings.filterwarnings("ignore", "Dataset has no geotransform", NotGeoreferencedWarning)
logging.getLogger("odc.loader._rio").addFilter(_Quiet())
