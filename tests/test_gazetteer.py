"""Places by their names: the real client against a local Nominatim, and the click map that goes there."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Iterator

import pytest
from gazetteer_server import Gazetteer, served
from synthetic import GridSource, small_model

import timesen_nb as tn
from timesen_nb.sources.gazetteer import SERVER_VARIABLE, NamedPlace, find_place


@pytest.fixture
def gazetteer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gazetteer]:
    with served() as state:
        monkeypatch.setenv(SERVER_VARIABLE, state.address)
        yield state


class EarthSource(GridSource):
    """As those that cover the Earth."""

    bounds = None


@pytest.fixture
def app() -> tn.ClickMap:
    return tn.ClickMap(small_model(), EarthSource(), task=["meadow", "lake"])


def show(app: tn.ClickMap, west: float, south: float, east: float, north: float) -> None:
    """As the page tells what it shows."""
    app.map.set_state({"west": west, "south": south, "east": east, "north": north})


def test_a_name_is_found(gazetteer: Gazetteer) -> None:
    expected = NamedPlace("Vilvoorde, Flanders, Belgium", 4.43, 50.93, (4.39, 50.91, 4.46, 50.96))
    assert find_place(" Vilvoorde ") == expected


@pytest.mark.parametrize("name", ["Fiji", "Taveuni"])
def test_a_place_over_the_date_line_lies_where_it_is(gazetteer: Gazetteer, name: str) -> None:
    place = find_place(name)
    west, south, east, north = place.bounds
    assert west <= place.lon <= east
    assert (west + east) / 2 == pytest.approx(place.lon)
    assert south < place.lat < north


def test_a_name_is_asked_for_once_and_by_our_own_name(gazetteer: Gazetteer) -> None:
    assert find_place("Vilvoorde") is find_place("  Vilvoorde")
    assert gazetteer.asked == ["Vilvoorde"]
    assert gazetteer.agents == ["timesen_nb"]


def test_an_unknown_name_says_what_to_do(gazetteer: Gazetteer) -> None:
    with pytest.raises(ValueError, match=r"no place is known as 'Atlantis'.*Add the country"):
        find_place("Atlantis")


@pytest.mark.parametrize("status", [403, 429, 500])
def test_a_server_that_refuses_is_said_and_asked_again_later(gazetteer: Gazetteer, status: int) -> None:
    gazetteer.status = status
    with pytest.raises(ValueError, match=r"'Vilvoorde' cannot be looked up: 127\.0\.0\.1"):
        find_place("Vilvoorde")
    gazetteer.status = 200
    assert find_place("Vilvoorde").lon == 4.43


@pytest.mark.parametrize(
    ("body", "came"),
    [
        (
            "<!DOCTYPE html><title>Sign in to\n Wi&#8209;Fi</title>",
            "a web page with the title 'Sign in to Wi\u2011Fi'",
        ),
        ("<html></html>", "a web page, not with JSON"),
        ("Blocked by the proxy", "text that is no JSON: 'Blocked by the proxy'"),
        ("", "nothing"),
        ('[{"status": "login"}]', "JSON that is no list of places"),
        ("[1]", "JSON that is no list of places"),
        ('{"status": "login"}', "JSON that is no list of places"),
        ('[{"display_name": "X", "lon": "4", "lat": "nan"}]', "JSON that is no list of places"),
    ],
)
def test_what_came_in_place_of_an_answer_is_said(gazetteer: Gazetteer, body: str, came: str) -> None:
    gazetteer.body = body
    with pytest.raises(ValueError, match=r"sign in there, or give longitude and latitude") as refused:
        find_place("Vilvoorde")
    assert f"answered with {came}" in str(refused.value)
    gazetteer.body = None
    assert find_place("Vilvoorde").lon == 4.43


def test_a_place_without_a_box_is_a_point(gazetteer: Gazetteer) -> None:
    gazetteer.body = '[{"display_name": "X", "lon": "4", "lat": "50"}]'
    assert find_place("X").bounds == (4, 50, 4, 50)


def test_an_error_is_no_missing_answer(gazetteer: Gazetteer) -> None:
    gazetteer.status = 403
    with pytest.raises(ValueError, match="answered with an error, status 403"):
        find_place("Vilvoorde")
    gazetteer.status, gazetteer.body = 200, '{"error": "Query too long"}'
    with pytest.raises(ValueError, match="answered with an error, 'Query too long'"):
        find_place("Vilvoorde")


@pytest.mark.parametrize("name", [3, None, b"Vilvoorde"])
def test_a_name_that_is_no_text_is_said(app: tn.ClickMap, name: object) -> None:
    app.find(name)
    assert app.error.startswith(f"the name given is {name!r}; expected that of a place")


def test_without_a_network_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SERVER_VARIABLE, "http://127.0.0.1:9")
    with pytest.raises(ValueError, match="Names need the network; longitude and latitude do not"):
        find_place("Vilvoorde")


@pytest.mark.parametrize(("name", "server"), [("  ", ""), ("Vilvoorde", "ftp://here"), ("Vilvoorde", "here")])
def test_what_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, server: str) -> None:
    monkeypatch.setenv(SERVER_VARIABLE, server)
    with pytest.raises(ValueError, match="expected"):
        find_place(name)


def test_a_password_goes_to_its_server_and_is_never_shown(
    gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SERVER_VARIABLE, gazetteer.address.replace("//", "//me:s3%40cret@"))
    assert find_place("Vilvoorde").lon == 4.43
    assert base64.b64decode(gazetteer.keys[0].removeprefix("Basic ")) == b"me:s3@cret"
    gazetteer.status = 403
    wrong = [
        gazetteer.address,
        "ftp://here",
        "https://here/?key=s3%40cret",
        "http://127.0.0.1:9",
        "https://[here",
    ]
    for address in wrong:
        monkeypatch.setenv(SERVER_VARIABLE, address.replace("//", "//me:s3%40cret@"))
        with pytest.raises(ValueError, match=r"Nominatim|cannot be looked up") as refused:
            find_place("Elsewhere")
        told = "".join(traceback.format_exception(refused.value))
        assert "s3" not in told, address


# On the click map


def test_data_of_the_whole_earth_ask_for_a_name(app: tn.ClickMap) -> None:
    app.open_source(EarthSource())
    assert app.status.startswith("Type the name of a place")
    app.open_source(GridSource())
    assert app.status.startswith("Click the map")


def test_a_typed_name_goes_there_and_reads_nothing(app: tn.ClickMap, gazetteer: Gazetteer) -> None:
    app.find("Vilvoorde")
    assert app.error is None
    assert app.status == "Vilvoorde, Flanders, Belgium. Click a place there."
    assert app.map.center == [pytest.approx(50.935), pytest.approx(4.425)]
    assert app.map.zoom > 11
    assert app.result is None
    assert app.session.source.requests == []


def test_a_small_place_is_not_zoomed_into_the_ground(app: tn.ClickMap, gazetteer: Gazetteer) -> None:
    app.find("the middle")
    assert app.map.center == [pytest.approx(50.0), pytest.approx(9.0)]
    assert 12 < app.map.zoom < 16
    assert "The Middle <b>of the map</b>" in app.text  # as text


def test_a_name_outside_the_data_is_said_and_the_map_stays(gazetteer: Gazetteer) -> None:
    app = tn.ClickMap(small_model(), GridSource(), task=["meadow", "lake"])
    before = app.map.center
    app.find("Vilvoorde")
    assert "outside the data" in app.error
    assert "STAC" in app.error
    assert app.map.center == before


def test_a_name_that_is_not_known_is_said(app: tn.ClickMap, gazetteer: Gazetteer) -> None:
    app.panel.place.value = "Atlantis"
    while app.busy:
        pass
    assert "place is known as 'Atlantis'" in app.text
    app.find("Vilvoorde")
    assert app.error is None


def test_typed_coordinates_far_from_what_is_shown_are_gone_to(app: tn.ClickMap) -> None:
    lon, lat = app.session.source.place(5, 5)
    show(app, 2.0, 48.0, 2.1, 48.1)
    app.panel.place.value = f"{lon}, {lat}"
    assert app.map.center == [pytest.approx(lat), pytest.approx(lon)]
    assert app.result is not None


def test_typed_coordinates_outside_the_data_leave_the_map_where_it_is() -> None:
    app = tn.ClickMap(small_model(), GridSource(), task=["meadow", "lake"])
    show(app, 2.9, 50.4, 3.1, 50.6)
    before = app.map.center
    app.panel.place.value = "4.35, 50.85"
    assert "outside the data" in app.error
    assert app.map.center == before


def test_a_place_that_is_seen_from_near_leaves_the_map_where_it_is(app: tn.ClickMap) -> None:
    lon, lat = app.session.source.place(5, 5)
    show(app, lon - 0.01, lat - 0.02, lon + 0.03, lat + 0.01)
    app.map.zoom, before = 14.0, app.map.center
    app.panel.place.value = f"{lon}, {lat}"
    assert app.map.center == before
