"""Where a named place is: "Vilvoorde" to longitude and latitude, by OpenStreetMap's Nominatim."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from timesen_nb.sources.addresses import without_keys
from timesen_nb.sources.retry_policy import RequestFailed

if TYPE_CHECKING:
    from timesen_nb.sources.grid import BBox

#: The environment variable that names another Nominatim server, such as one of your own.
SERVER_VARIABLE = "TIMESEN_GAZETTEER"
SERVER = "https://nominatim.openstreetmap.org"
TIMEOUT = 10.0  # seconds
_STRANGER = (
    "Another server may have answered in its place: one where a network asks you to sign in, or a proxy. Open a web "
    "page in the browser and sign in there, or give longitude and latitude, which need no network."
)


@dataclass(frozen=True)
class NamedPlace:
    """A place with a name.

    Attributes:
        name: in full, as OpenStreetMap writes it.
        lon: degrees.
        lat: degrees.
        bounds: (west, south, east, north) in degrees.
    """

    name: str
    lon: float
    lat: float
    bounds: BBox


def find_place(name: str) -> NamedPlace:
    """The place that OpenStreetMap knows best by a name; names © OpenStreetMap contributors.

    One request a name and session, for the service asks to be used sparingly. TIMESEN_GAZETTEER names another Nominatim
    server; a user and password in it (``https://user:password@host``) go to that server alone, and are never shown.

    Args:
        name: such as "Vilvoorde".

    Returns:
        The place.

    Raises:
        ValueError: there is no such place, or no answer (:class:`timesen_nb.sources.retry_policy.RequestFailed`).
    """
    asked = " ".join(name.split()) if isinstance(name, str) else None
    if not asked:
        given = "empty" if asked == "" else repr(name)
        raise ValueError(f'the name given is {given}; expected that of a place, such as "Vilvoorde".')
    return _ask(asked, os.environ.get(SERVER_VARIABLE) or SERVER)


@lru_cache(maxsize=256)
def _ask(name: str, server: str) -> NamedPlace:
    from geopy.adapters import (
        AdapterHTTPError,
        URLLibAdapter,  # minds no_proxy, which geopy's other one does not
    )
    from geopy.exc import GeocoderParseError, GeocoderQueryError, GeopyError
    from geopy.geocoders import Nominatim

    try:
        address = urlsplit(server)
    except ValueError:
        address = urlsplit("")
    user, _, host = address.netloc.rpartition("@")
    if address.scheme not in ("http", "https") or not host or address.query or address.fragment:
        raise ValueError(
            f"{SERVER_VARIABLE} is {without_keys(server)!r}; expected the address of a Nominatim server, such as "
            f"{SERVER}, with nothing after a ? or #."
        )
    service = Nominatim(
        user_agent="timesen_nb",
        scheme=address.scheme,
        domain=host + address.path,
        timeout=TIMEOUT,
        adapter_factory=URLLibAdapter,
    )
    if user:
        service.headers["Authorization"] = "Basic " + b64encode(unquote(user).encode()).decode()
    failed = f"{name!r} cannot be looked up: {host}"
    try:
        found = service.geocode(name, language="en")
        if found is not None:
            lon, lat = found.longitude, found.latitude
            south, north, west, east = map(float, found.raw.get("boundingbox") or (lat, lat, lon, lon))
    except GeocoderParseError as problem:
        raise RequestFailed(f"{failed} answered with {_what_came(str(problem))}. {_STRANGER}") from problem
    except (GeopyError, OSError, HTTPException) as problem:
        said = "did not answer"
        if isinstance(problem.__cause__, AdapterHTTPError):
            said = f"answered with an error, status {problem.__cause__.status_code}"
        elif isinstance(problem, GeocoderQueryError):
            said = f"answered with an error, {str(problem)[:80]!r}"
        raise RequestFailed(
            f"{failed} {said} ({type(problem).__name__}). Names need the network; longitude and latitude do not."
        ) from problem
    except (AttributeError, LookupError, TypeError, ValueError) as problem:
        raise RequestFailed(
            f"{failed} answered with JSON that is no list of places. {_STRANGER}"
        ) from problem
    if found is None:
        raise ValueError(
            f"no place is known as {name!r}. Add the country, or give longitude and latitude, as in 4.35, 50.85."
        )
    # a box over the date line is given as one around the Earth, or from east to west
    if not west <= lon <= east or east - west > 180:
        west = east = lon
    return NamedPlace(found.address, found.longitude, found.latitude, (west, south, east, north))


def _what_came(problem: str) -> str:
    """What was sent in place of JSON, in words; geopy puts it after its own first line."""
    text = problem.partition("\n")[2].strip()
    if not text:
        return "nothing"
    if not text.startswith("<"):
        return f"text that is no JSON: {' '.join(text.split())[:60]!r}"
    title = re.search(r"<title[^>]*>(.*?)</title", text, re.IGNORECASE | re.DOTALL)
    named = f" with the title {' '.join(unescape(title[1]).split())[:60]!r}" if title else ""
    return f"a web page{named}, not with JSON"
