"""Places as people paste them: each is read as it was meant, or refused in words; none is taken for a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timesen_nb.sources.coordinates import read_coordinates

PLACE = (4.35, 50.85)


@pytest.mark.parametrize(
    "text",
    [
        "4.35, 50.85", "4.35 50.85", " 4.35;50.85 ", "4.35,50.85", "4,35 50,85", "4,35; 50,85", "4,35, 50,85",
        "4,35,50,85", "(4.35, 50.85)", "4.35° 50.85°", "4°21′ 50°51′",
        "50.85 N, 4.35 E", "4.35E 50.85N", "N50.85 E4.35", "50.85n 4.35e", "50,85 N; 4,35 E",
        "50°51'0\"N 4°21'0\"E", "50° 51' 0\" N, 4° 21' 0\" E", "50 51 0 N, 4 21 0 E", "50:51:00N 4:21:00E",
        "N 50 51 E 4 21", "lat=50.85&lon=4.35", "Lat: 50.85, Long: 4.35", "longitude 4.35 latitude 50.85",
        "POINT (4.35 50.85)", "SRID=4326;POINT Z (4.35 50.85 20)",
        "https://www.openstreetmap.org/#map=15/50.85/4.35",
        "https://www.openstreetmap.org/?mlat=50.85&mlon=4.35#map=5/1/2",
        "https://www.google.com/maps/@50.85,4.35,15z",
        "https://www.google.com/maps/place/X/@50.8,4.3,12z/data=!3d50.85!4d4.35",
        "https://maps.google.com/?q=50.85%2C4.35", "https://www.bing.com/maps?cp=50.85~4.35&lvl=12",
        "https://maps.apple.com/?ll=50.85,4.35", "https://example.org/?zoom=11&lat=50.85&lng=4.35",
        "geo:50.85,4.35;u=10",
    ],
)  # fmt: skip
def test_what_people_paste_is_read(text: str) -> None:
    assert read_coordinates(text) == pytest.approx(PLACE)


@pytest.mark.parametrize(
    "text", ["EPSG:32631 596287 5633451", "31U 596287 5633451", "31U, 596287 m E, 5633451 m N"]
)
def test_utm_is_read_where_its_half_of_the_earth_is_clear(text: str) -> None:
    assert read_coordinates(text) == pytest.approx((4.36767, 50.84474), abs=1e-5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("31UFS 96287 33451", "military grid"),
        ("31UFS9628733451", "military grid"),
        ("31S 596287 5633451", "EPSG:32631 or EPSG:32731"),
        ("596287 5633451", "longitude -180 to 180"),
        ("SRID=32631;POINT(4.35 50.85)", "EPSG:32631"),
        ("https://example.org/map", "holds no place"),
        ("https://www.google.com/maps/@95.85,4.35,15z", "latitude -90 to 90"),
        ("50.85 N, 4.35 N", "one longitude"),
        ("-50.85 S, 4.35 E", "a sign and a letter"),
        ("50°61'N 4°21'E", "60 minutes"),
        ("50.5 30 N, 4 E", "a fraction of a degree and minutes"),
        ("4.35E 50.85", "two numbers"),
        ("4.35", "two numbers"),
        ("1 2 3", "two numbers"),
        ("4.35, 50.85, 3", "two numbers"),
        ("", "two numbers"),
        ("a, b", "two numbers"),
    ],
)
def test_what_is_no_place_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_coordinates(text)


@pytest.mark.parametrize("text", ["Vilvoorde", "1000 Brussels", "Brussels 1000", "São Paulo", "東京"])
def test_a_name_is_left_to_the_gazetteer(text: str) -> None:
    assert read_coordinates(text) is None


def test_letters_count_before_any_order() -> None:
    assert read_coordinates("-33.9, 18.4", latitude_first=True) == (18.4, -33.9)
    assert read_coordinates("33.9 S, 18.4 E", latitude_first=True) == (18.4, -33.9)


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_one_place_in_every_way_of_writing(lon: float, lat: float) -> None:
    lon, lat = round(lon, 5), round(lat, 5)
    east, north = f"{abs(lon):.5f} {'W' if lon < 0 else 'E'}", f"{abs(lat):.5f} {'S' if lat < 0 else 'N'}"
    ways = [f"{lon:.5f}, {lat:.5f}", f"{north}, {east}", f"{east} {north}", f"POINT({lon:.5f} {lat:.5f})"]
    ways += [f"{lon:.5f}; {lat:.5f}".replace(".", ","), f"https://a.example/@{lat:.5f},{lon:.5f},9z"]
    for text in ways:
        assert read_coordinates(text) == pytest.approx((lon, lat))
