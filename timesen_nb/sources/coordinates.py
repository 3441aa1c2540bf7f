"""A place as people write it: "4.35, 50.85", "50°51'N 4°21'E", a WKT point, a link of a map."""

from __future__ import annotations

import json
import re
from itertools import product
from urllib.parse import parse_qs, unquote, urlsplit

from timesen_nb.series import check_place

#: What is typed, pasted or set in print for a minus.
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_PLAIN = r"\d+(?:[.,]\d+)?"
_NUMBER = rf"[-+]?{_PLAIN}"
_MINUTE, _SECOND = "['′’]", "(?:\"|″|”|'')"
#: An angle with a letter of the compass before or after it: degrees, minutes and seconds, with or without their signs.
_BODY = rf"{_NUMBER}\s*(?:°|º|deg)?(?:[\s:]*{_PLAIN}\s*{_MINUTE}?(?:[\s:]*{_PLAIN}\s*{_SECOND}?)?)?"
_LETTERED = re.compile(rf"[NSEW]\s*{_BODY}|{_BODY}\s*[NSEW]", re.IGNORECASE)
_LETTER = re.compile(r"(?<![a-z])[NSEW](?![a-z])", re.IGNORECASE)
#: The same without a letter: the signs say where it ends.
_SIGNED = re.compile(
    rf"{_NUMBER}\s*(?:°|º|deg)(?:\s*{_PLAIN}\s*{_MINUTE}(?:\s*{_PLAIN}\s*{_SECOND})?)?", re.IGNORECASE
)
_NAMED = re.compile(
    rf"(?P<axis>lat|lon|lng)(?:itude|g(?:itude)?)?[^\w+-]{{0,3}}(?P<value>{_BODY}(?:\s*[NSEW](?![a-z]))?)",
    re.IGNORECASE,
)
_GEOMETRY = re.compile(
    r"(?:SRID=(?P<srid>\d+);)?\s*(?P<kind>(?:MULTI)?(?:POINT|LINESTRING|POLYGON)|GEOMETRYCOLLECTION)\s*(?:ZM?|M)?\s*"
    r"\((?P<inside>.*)\)",
    re.IGNORECASE | re.DOTALL,
)
_CORNER = re.compile(rf"\(?\s*({_NUMBER})(?:\s+|\s*,\s*)({_NUMBER})(?:\s+{_NUMBER}){{0,2}}\s*\)?")
_MGRS = re.compile(r"(\d{1,2})\s*([C-HJ-NP-X])\s*([A-HJ-NP-Z]{2})\s*\d[\d\s]*", re.IGNORECASE)
_UTM = re.compile(
    r"(?:UTM)?[\s,:]*(?:zone)?[\s:]*(?:EPSG:)?(?P<zone>\d{1,5})\s*(?P<band>[C-HJ-NP-X])?[\s,;:]+"
    r"(?P<x>\d{6}(?:[.,]\d+)?)\s*m?\s*E?[\s,;]+(?P<y>\d{5,8}(?:[.,]\d+)?)\s*m?\s*N?",
    re.IGNORECASE,
)
_PLUS_CODE = re.compile(r"\b[2-9CFGHJMPQRVWX]{4,8}\+[2-9CFGHJMPQRVWX]{0,7}(?![^\W_])", re.IGNORECASE)
_LINK = re.compile(r"(?:[a-z]+://|www\.|geo:|(?:[\w-]+\.)+[a-z]{2,}/)\S*", re.IGNORECASE)
#: Words that are written for signs and letters.
_WORDS = tuple(
    (re.compile(rf"(?<![^\W\d_]){word}(?![^\W\d_])", re.IGNORECASE), sign)
    for word, sign in (
        ("north", "N"), ("south", "S"), ("east", "E"), ("west", "W"), ("deg(?:rees?)?", "°"), ("min(?:utes?)?", "'"),
        ("sec(?:onds?)?", '"'),
    )
)  # fmt: skip
_WGS84 = re.compile(r"\b(?:WGS[\s-]?84|EPSG:4326|CRS:84)\b[\s:;,]*", re.IGNORECASE)
#: What no name of a place has: two decimal numbers, metres, degrees, what begins as a notation does.
_NO_NAME = re.compile(
    r"\d[.,]\d.*\d[.,]\d|\d{6}|\d\s*[°º]|^\s*(?:UTM|MGRS|WGS|EPSG|SRID|(?:MULTI)?POINT\s*\(|///|\{)",
    re.IGNORECASE | re.DOTALL,
)
_POINTED = r"[-+]?\d+(?:\.\d+)?"
#: Parts of the links of maps that hold a latitude, then a longitude. Where a third number follows, as in @50,4,15z, no
#: comma is a decimal one.
_IN_LINKS = (
    re.compile(rf"!3d({_NUMBER})!4d({_NUMBER})"),
    re.compile(rf"@({_POINTED}),({_POINTED}),[\d.]+[a-z]"),
    re.compile(rf"^geo:({_POINTED}),({_POINTED}),{_POINTED}(?:[;?]|$)", re.IGNORECASE),
    re.compile(rf"@({_NUMBER}),({_NUMBER})"),
    re.compile(rf"#map=[\d.]+/({_NUMBER})/({_NUMBER})"),
    re.compile(rf"^geo:({_NUMBER}),({_NUMBER})", re.IGNORECASE),
)
#: A comma between whole numbers: one decimal number, or two numbers?
_ONE_OR_TWO = re.compile(r"([-+]?\d+),(\d+)")
_TWO_OR_THREE = re.compile(r"[-+]?\d+,\d+,\d+")
#: Names in the query of a link: latitude and longitude, then both in one, latitude first.
_LATITUDES, _LONGITUDES = ("mlat", "lat", "latitude"), ("mlon", "lon", "lng", "longitude")
_BOTH = ("q", "query", "ll", "center", "sll", "cp")
#: Whose links have the latitude first there; others have the longitude, or either.
_LATITUDE_FIRST = re.compile(r"(^|\.)(google|bing|apple|openstreetmap|osm)\.", re.IGNORECASE)
#: Letters of UTM's bands, 8 degrees each from 80 south on, the last 12.
_BANDS = "CDEFGHJKLMNPQRSTUVWX"
_EXPECTED = 'longitude first, as in "4.35, 50.85", or with letters, as in "50.85 N, 4.35 E"'


def read_coordinates(text: str, latitude_first: bool = False) -> tuple[float, float] | None:
    """Longitude and latitude of a place that is written in numbers.

    Letters of the compass say which number is which; without them longitude comes first. Degrees, minutes and seconds,
    decimal commas, points in WKT and GeoJSON, UTM coordinates, and links of OpenStreetMap, Google, Bing and Apple maps
    are read. Numbers that are none of these are refused: they are no name.

    Args:
        text: what somebody typed or pasted.
        latitude_first: whether of two numbers that say nothing of themselves the first is the latitude.

    Returns:
        (longitude, latitude) in degrees; None where the text is no coordinates but may be the name of a place.

    Raises:
        ValueError: Numbers that are no place, or may be one number or two ("4,35"), a grid reference, a link that holds
            no place; in words.
    """
    text = _DASHES.sub("-", unquote(text)).strip()
    if text.startswith("{") and (place := _of_json(text)):
        return check_place(*place)
    if _LINK.match(text):
        return _of_link(text)
    if geometry := _GEOMETRY.fullmatch(text):
        return _of_geometry(geometry)
    if _PLUS_CODE.search(text):
        raise ValueError(f"{text[:60]!r} has a plus code; expected degrees, {_EXPECTED}.")
    if _MGRS.fullmatch(text):
        raise ValueError(f"{text!r} is a reference of the military grid; expected degrees, {_EXPECTED}.")
    if utm := _UTM.fullmatch(text):
        return _of_utm(text, utm["zone"], (utm["band"] or "").upper(), _float(utm["x"]), _float(utm["y"]))
    stated = _WGS84.sub("", text)
    bare = stated.strip("()[]{} ")
    if place := _of_named(bare):
        return check_place(*place)
    for word, sign in _WORDS if re.search(r"\d", bare) else ():  # North East alone is a name
        bare = word.sub(sign, bare)
    if re.search(r"[^\W\d_]{2}", bare):  # no number has two letters in a row
        if _NO_NAME.search(text):
            raise ValueError(
                f"the place given, {text[:60]!r}, is no longitude and latitude that can be read, and no name; expected "
                f"{_EXPECTED}, or the name of a place alone."
            )
        return None
    if stated != text and not _LETTER.search(bare):
        raise ValueError(f"{text[:60]!r} does not say which number is the longitude; expected {_EXPECTED}.")
    return _of_angles(bare, latitude_first)


def _of_named(text: str) -> tuple[float, float] | None:
    """Longitude and latitude of "lat 50.85 lon 4.35"; None where that is not all that the text says."""
    found = list(_NAMED.finditer(text))
    if len(found) != 2 or _NAMED.sub("", text).strip(" \t\n,;&|/?\"'{}"):
        return None
    named = {}
    for each in found:
        axis = "lat" if each["axis"].lower() == "lat" else "lon"
        named[axis], said = _angle(each["value"])
        if said not in ("", axis):
            raise ValueError(f"{each.group()[:40]!r} has the letter of the other axis; expected {_EXPECTED}.")
    return (named["lon"], named["lat"]) if len(named) == 2 else None


def _of_json(text: str) -> tuple[float, float] | None:
    """The one point of a GeoJSON object; None for what is no GeoJSON."""
    try:
        given = json.loads(text)
    except ValueError:
        return None
    kind = given.get("type")
    if (stated := str(given.get("crs") or "")) and not re.search(r"CRS84|4326", stated):
        raise ValueError(f"the GeoJSON given is in {stated[:80]}; expected degrees, {_EXPECTED}.")
    if (
        kind == "FeatureCollection"
        and isinstance(given.get("features"), list)
        and len(given["features"]) == 1
    ):
        (given,) = given["features"]
    if isinstance(given, dict) and given.get("type") == "Feature":
        given = given.get("geometry")
    match given:
        case {"type": "Point", "coordinates": [lon, lat, *_]} | {
            "type": "MultiPoint",
            "coordinates": [[lon, lat, *_]],
        } if not isinstance(lon, bool) and not isinstance(lat, bool):
            return lon, lat
    if kind is None:
        return None
    raise ValueError(f"the GeoJSON given is no single point; expected a Point, or degrees, {_EXPECTED}.")


def _of_geometry(geometry: re.Match[str]) -> tuple[float, float]:
    """The one point of a WKT geometry."""
    if geometry["srid"] not in (None, "4326"):
        raise ValueError(f"the point given is in EPSG:{geometry['srid']}; expected degrees, {_EXPECTED}.")
    corner = _CORNER.fullmatch(geometry["inside"].strip())
    unclear = _TWO_OR_THREE.fullmatch(geometry["inside"].strip("() "))
    if "POINT" not in geometry["kind"].upper() or corner is None or unclear:
        raise ValueError(
            f"the geometry given, {geometry.group()[:60]!r}, is no single point; expected one, longitude first: "
            "POINT (4.35 50.85)."
        )
    return check_place(_float(corner[1]), _float(corner[2]))


def _of_angles(text: str, latitude_first: bool) -> tuple[float, float]:
    (first, axis), (second, other) = _angles(text)
    if (axis, other) == ("lat", "lon") or (axis == other == "" and latitude_first):
        return check_place(second, first)
    if (axis, other) in (("lon", "lat"), ("", "")):
        return check_place(first, second)
    raise ValueError(
        f"the place given, {text[:60]!r}, does not say one longitude (E or W) and one latitude (N or S); expected both "
        "letters or none: 50.85 N, 4.35 E."
    )


def _angles(text: str) -> list[tuple[float, str]]:
    """The two angles in degrees, each with "lon", "lat" or "": what its letter says it is."""
    for pattern in (_LETTERED, _SIGNED):
        found = pattern.findall(text)
        if len(found) == 2 and not pattern.sub("", text).strip(" ,;/|"):
            return [_angle(part) for part in found]
    if unclear := _ONE_OR_TWO.fullmatch(text):
        one, two = unclear[1], unclear[2]
        raise ValueError(
            f"the place given is {text[:60]!r}, which may be the two numbers {one} and {two}, or the one number "
            f'{one}.{two}; expected both numbers of a place with a blank between: "{one}, {two}" or "{one}.{two}, ...".'
        )
    parts = _two(text)
    if len(parts) != 2 or not all(re.fullmatch(_NUMBER, part) for part in parts):
        raise ValueError(
            f"the place given is {text[:60]!r}; expected two numbers, {_EXPECTED}, or the name of a place."
        )
    return [(_float(part), "") for part in parts]


def _two(text: str) -> list[str]:
    """The text of two numbers: at a semicolon, else at a comma with a blank, else at a blank, else at the comma."""
    for between in (r"\s*[;|\t]\s*", r"\s*,\s+|\s+,\s*", r"\s+"):
        if re.search(between, text):
            return [part for part in re.split(between, text) if part]
    parts = text.split(",")
    # 4,35,50,85: every other comma is a decimal one
    return [",".join(parts[:2]), ",".join(parts[2:])] if len(parts) == 4 else parts


def _angle(body: str) -> tuple[float, str]:
    found, numbers = _LETTER.search(body), re.findall(_NUMBER, body)
    letter = found.group().upper() if found else ""
    degrees, *parts = (_float(number) for number in numbers)
    if any(part >= 60 for part in parts):
        raise ValueError(f"{body.strip()[:40]!r} has 60 minutes or seconds, or more; expected less.")
    if parts and degrees != int(degrees):
        raise ValueError(
            f"{body.strip()[:40]!r} has a fraction of a degree and minutes; expected one of them."
        )
    if letter and numbers[0][0] in "-+":
        raise ValueError(f"{body.strip()[:40]!r} has a sign and a letter; expected one of them.")
    size = abs(degrees) + sum(part / 60**power for power, part in enumerate(parts, start=1))
    value = -size if numbers[0][0] == "-" or letter in ("S", "W") else size
    return value, {"": "", "E": "lon", "W": "lon"}.get(letter, "lat")


def _of_link(text: str) -> tuple[float, float]:
    parts = urlsplit(text)
    query = {
        name.lower(): values[0] for q in (parts.query, parts.fragment) for name, values in parse_qs(q).items()
    }
    pairs = [
        (query[lat], query[lon]) for lat, lon in product(_LATITUDES, _LONGITUDES) if {lat, lon} <= set(query)
    ]
    pairs += [(m[1], m[2]) for pattern in _IN_LINKS if (m := pattern.search(text))]
    host = parts.netloc or urlsplit(f"//{text}").netloc  # www.google.com/maps has no scheme
    known = parts.scheme.lower() == "geo" or _LATITUDE_FIRST.search(host)
    pairs += [
        (m[1], m[2])
        for n in (_BOTH if known else ())
        if (m := re.fullmatch(rf"({_NUMBER})[,~\s]+({_NUMBER})", query.get(n, "")))
        and not _TWO_OR_THREE.fullmatch(m[0])
    ]
    for lat, lon in pairs:
        if re.fullmatch(_NUMBER, lat) and re.fullmatch(_NUMBER, lon):
            return check_place(_float(lon), _float(lat))
    raise ValueError(
        f"the link given, {text[:60]!r}, holds no place; expected a map with coordinates in it, or {_EXPECTED}."
    )


def _of_utm(text: str, zone: str, band: str, x: float, y: float) -> tuple[float, float]:
    from timesen_nb.sources.grid import from_degrees

    number = int(zone)
    if number > 60 and not band:
        epsg = number
    elif 1 <= number <= 60 and band and band != "S":  # S: the south, or a band of the north
        epsg = (32600 if band > "M" else 32700) + number
    else:
        epsg = 0
    if not (32601 <= epsg <= 32660 or 32701 <= epsg <= 32760):
        north, south = (f"EPSG:{first + number % 100}" for first in (32600, 32700))
        raise ValueError(
            f"{text[:60]!r} does not say on which half of the Earth its zone lies; expected {north} or {south} before "
            f"the metres, or degrees, {_EXPECTED}."
        )
    lon, lat = from_degrees(epsg).transform(x, y, direction="INVERSE")
    away = abs((lon - 6 * (epsg % 100) + 183 + 180) % 360 - 180)  # from the middle of the zone
    # N may mean the north
    lowest = 8.0 * _BANDS.index(band) - 80 if band and band != "N" else -80.0
    highest = 84.0 if not band or band in "NX" else lowest + 8
    # half a degree: bands are taken loosely where they meet
    if y > 10_000_000 or away > 6.5 or not lowest - 0.5 <= lat <= highest + 0.5:
        raise ValueError(
            f"{text[:60]!r} lies outside its zone{f' and band {band}' if band else ''}; expected metres east and north "
            f"in that zone, or degrees, {_EXPECTED}."
        )
    return check_place(lon, lat)


def _float(text: str) -> float:
    return float(text.replace(",", "."))
