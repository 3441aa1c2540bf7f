"""Where a named place is: "Vilvoorde" to longitude and latitude, by OpenStreetMap's Nominatim."""

from __future__ import annotations

import os
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
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
    asked = " ".join(name.split())
    if not asked:
        raise ValueError('the name given is empty; expected that of a place, such as "Vilvoorde".')
    return _ask(asked, os.environ.get(SERVER_VARIABLE) or SERVER)


@lru_cache(maxsize=256)
def _ask(name: str, server: str) -> NamedPlace:
    from geopy.adapters import URLLibAdapter  # minds no_proxy, which geopy's other one does not
    from geopy.exc import GeopyError
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
    try:
        found = service.geocode(name, language="en")
    except (GeopyError, OSError, HTTPException) as problem:
        raise RequestFailed(
            f"{name!r} cannot be looked up: {host} did not answer ({type(problem).__name__}). Names need the network; "
            "longitude and latitude do not."
        ) from problem
    if found is None:
        raise ValueError(
            f"no place is known as {name!r}. Add the country, or give longitude and latitude, as in 4.35, 50.85."
        )
    lon, lat = found.longitude, found.latitude
    south, north, west, east = map(float, found.raw.get("boundingbox") or (lat, lat, lon, lon))
    # a box over the date line is given as one around the Earth, or from east to west
    if not west <= lon <= east or east - west > 180:
        west = east = lon
    return NamedPlace(found.address, found.longitude, found.latitude, (west, south, east, north))
