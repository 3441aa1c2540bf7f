"""How odc-stac opens the files of acquisitions: signed at the moment they are read, and named when they fail."""

from __future__ import annotations

import dataclasses
import logging
import threading
import warnings
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import rasterio
from odc.loader import RasterSource, RioDriver, RioReader
from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError

from timesen_nb.sources.stac.catalog import without_tokens

_SIGNING = threading.Lock()


class Files(RioDriver):
    """rasterio; ``sign`` makes an address one that may be read, for about an hour."""

    def __init__(self, sign: Callable[[str], str] | None = None) -> None:
        super().__init__()
        self.sign = sign

    def open(self, src: RasterSource, ctx: Any) -> RioReader:
        """A reader of one file."""
        if self.sign is None:
            return _File(src, src.uri, ctx)
        with _SIGNING:  # one token is asked for, not one a thread
            signed = self.sign(src.uri)
        return _File(dataclasses.replace(src, uri=signed), src.uri, ctx)


class _File(RioReader):
    def __init__(self, src: RasterSource, plain: str, ctx: Any) -> None:
        super().__init__(src, ctx)
        self._plain = plain

    def read(self, *args: Any, **kwargs: Any) -> Any:
        try:
            # An image, and no list of other files under the name of one (a VRT): that would read whatever it lists.
            # The first bytes stay in GDAL's cache, where odc-stac finds them.
            rasterio.open(self._src.uri, driver=_driver(self._plain)).close()
            return super().read(*args, **kwargs)
        except RasterioError as error:
            reason = without_tokens(str(error)).replace(self._plain, "").strip("':? ")
            raise RasterioIOError(f"{self._plain} ({reason})") from None  # what it is from may hold a token


def _driver(address: str) -> str:
    """The only format of GDAL that may open a file."""
    return "JP2OpenJPEG" if urlsplit(address).path.lower().endswith((".jp2", ".j2k")) else "GTiff"


class _WithoutTokens(logging.Filter):
    """odc-stac logs the address of a file it cannot read, with its token."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = without_tokens(record.getMessage()), ()
        return True


# Warping arrays in memory warns now and then that they lie nowhere; their values are right
# (github.com/opendatacube/odc-geo, issue 131).
warnings.filterwarnings("ignore", "Dataset has no geotransform", NotGeoreferencedWarning)
logging.getLogger("odc.loader._rio").addFilter(_WithoutTokens())
