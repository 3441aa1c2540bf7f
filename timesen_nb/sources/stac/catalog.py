"""Where items come from: a STAC API that is searched, or a static catalog that is read once."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from timesen_nb.sources.grid import BBox
from timesen_nb.sources.retry_policy import Problem

if TYPE_CHECKING:
    from pystac import Item
    from pystac_client import Client

KNOWN = {
    "earth-search": "https://earth-search.aws.element84.com/v1",
    "planetary-computer": "https://planetarycomputer.microsoft.com/api/stac/v1",
}
#: Items a page of a search; a place has 70 to 300 a year. Some servers cannot send more than a few megabytes at once.
_PAGE = 100
_CONNECT = 10.0


class Catalog:
    """A STAC catalog by name, address or path; opened when it is first asked.

    Raises ValueError for what is none of them, and where the catalog needs a package that is not installed.
    """

    def __init__(self, which: str | Path, collection: str | None, seconds: float) -> None:
        text = str(which)
        self.address = KNOWN.get(text, text)
        self.name = text
        self.is_local = "://" not in self.address
        if self.is_local:
            self.address, self.name = _local(Path(text), text)
        self.collection = collection
        self.sign = _signer() if "planetarycomputer.microsoft.com" in self.address else None
        self._seconds = seconds
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._items: list[Item] | None = None

    def items(self, bbox: BBox, year: int) -> list[Item]:
        """The items that touch a box in degrees, of a year and a day around it."""
        client = self._open()
        if client.get_search_link() is None:
            near = (i for i in self.all_items() if _touches(i, bbox) and abs(_year(i) - year) <= 1)
            return list(near)
        search = client.search(
            collections=None if self.collection is None else [self.collection],
            bbox=bbox,
            datetime=f"{year - 1}-12-31/{year + 1}-01-01",
            limit=_PAGE,
        )
        return list(search.items())

    def all_items(self) -> list[Item]:
        """Every item of a static catalog, read once."""
        client = self._open()
        with self._lock:
            if self._items is None:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # pystac_client warns that this is no API: that is known
                    self._items = list(client.get_items(recursive=True))
            return self._items

    def _open(self) -> Client:
        from pystac_client import Client
        from pystac_client.stac_api_io import StacApiIO

        with self._lock:
            if self._client is None:
                files = StacApiIO(timeout=(min(_CONNECT, self._seconds), self._seconds), max_retries=None)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    self._client = Client.open(self.address, stac_io=files)
            return self._client

    def explain(self, error: BaseException) -> Problem:
        """What a failed request or a file that cannot be read means for the user."""
        from pystac import STACError
        from pystac_client.exceptions import APIError
        from rasterio.errors import RasterioError
        from requests.exceptions import ConnectionError as Unreachable
        from requests.exceptions import RequestException, Timeout

        said = without_tokens(str(error))
        if isinstance(error, Timeout):
            return Problem(f"{self.name} did not answer in time.", passing=True)
        if isinstance(error, APIError):
            status = getattr(error, "status_code", None)
            if status is None:  # it wraps what requests raised
                return self.explain(error.__cause__ or error.__context__ or OSError(said))
            return Problem(
                f"{self.name} answered with the error {status}: {said}", status == 429 or status >= 500
            )
        if isinstance(error, Unreachable) and not re.search("reset|aborted|disconnect", said, re.IGNORECASE):
            return Problem(
                f"{self.name} cannot be reached: there is no network, or a proxy or firewall is in the way. "
                'Places that were read before are still there; open_source("sample") works offline.'
            )
        if isinstance(error, RequestException):
            return Problem(f"The connection to {self.name} broke off.", passing=True)
        if isinstance(error, RasterioError):
            return Problem(
                f"A file of {self.name} cannot be read: {said}. Try again later; where it stays so the file is "
                "damaged: choose another catalog or year."
            )
        if isinstance(error, STACError):
            return Problem(
                f"{self.name} is no STAC catalog that can be read: {said}. Give the address of a STAC API, or of a "
                "catalog.json."
            )
        if isinstance(error, ValueError):
            return Problem(said)
        return Problem(f"{self.name} cannot be read: {said} ({type(error).__name__}).")


def without_tokens(text: str) -> str:
    """The text without what follows ``?`` in addresses: signed ones carry their token there."""
    return re.sub(r"(\w\?)[^\s'\"]+", r"\1...", text)


def _local(path: Path, given: str) -> tuple[str, str]:
    file = path / "catalog.json" if path.is_dir() else path
    if not file.is_file():
        raise ValueError(
            f"catalog given: {given!r}; expected one of {', '.join(KNOWN)}, the address of a STAC catalog "
            "(https://...), or the path of a catalog.json."
        )
    return str(file.resolve()), file.resolve().parent.name


def _signer() -> Callable[[str], str]:
    try:
        import planetary_computer  # noqa: F401
    except ImportError:
        raise ValueError(
            "the catalog planetary-computer signs its files with the package planetary-computer, which is not "
            'installed. Install it: pip install "timesen_nb[planetary-computer]". No account is needed.'
        ) from None
    return _sign


def _sign(href: str) -> str:
    from planetary_computer import sign_url
    from planetary_computer.sas import get_token

    where = urlsplit(href)
    if where.netloc.endswith(".blob.core.windows.net"):
        # asked for here first, because sign_url goes on for minutes where there is no network
        get_token(where.netloc.partition(".")[0], where.path.split("/")[1], retry_total=2)
    return sign_url(href)


def _year(item: Item) -> int:
    moment: Any = item.datetime or item.common_metadata.start_datetime
    return moment.year


def _touches(item: Item, bbox: BBox) -> bool:
    if item.bbox is None:
        return True
    west, south, *_, east, north = item.bbox if len(item.bbox) == 4 else [*item.bbox[:2], *item.bbox[3:5]]
    beside = bbox[0] > east or bbox[2] < west
    if west > east:  # a footprint over the date line
        beside = bbox[0] > east and bbox[2] < west
    return not (beside or bbox[1] > north or bbox[3] < south)
