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
        "POINT(4.35, 50.85)", "MULTIPOINT((4.35 50.85))", "MULTIPOINT (4.35 50.85)",
        "lat 50.85 lon 4.35", "lat: 50.85 N, lon: 4.35 E", "lat 50°51'0\" lon 4°21'0\"", '{"lat": 50.85, "lng": 4.35}',
        "50.85 north, 4.35 east", "50 degrees 51 minutes north, 4 degrees 21 minutes east", "WGS84 50.85 N 4.35 E",
        '{"type": "Point", "coordinates": [4.35, 50.85]}',
        '{"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [4.35, 50.85, 20]}}',
        "google.com/maps/@50.85,4.35,15z", "maps.google.com/?q=50.85,4.35", "openstreetmap.org/#map=15/50.85/4.35",
    ],
)  # fmt: skip
def test_what_people_paste_is_read(text: str) -> None:
    assert read_coordinates(text) == pytest.approx(PLACE)


@pytest.mark.parametrize(
    "text",
    [
        "EPSG:32631 596287 5633451",
        "31U 596287 5633451",
        "31U, 596287 m E, 5633451 m N",
        "zone 31U 596287 5633451",
        "UTM 31N 596287 5633451",
        "UTM zone 31 N, 596287, 5633451",
    ],
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
        ("WGS84 50.85 4.35", "which number is the longitude"),
        ("EPSG:4326 50.85 4.35", "which number is the longitude"),
        ("UTM 31S 596287 5633451", "EPSG:32631 or EPSG:32731"),
        ("596287 5633451 31U", "two numbers"),
        ("UTM 500 600", "no name"),
        ("9F26RC22+22", "plus code"),
        ("RC22+22 Brussels", "plus code"),
        ("///filled.count.soap", "no name"),
        ("50.85 lat, 4.35 lon", "no name"),
        ("50.85, 4.35 Brussels", "no name"),
        ("lat 50.85 N lon 4.35 N", "the other axis"),
        ("MULTIPOINT((4.35 50.85), (4 50))", "no single point"),
        ("POLYGON((4 50, 5 50, 5 51, 4 50))", "no single point"),
        ('{"type": "LineString", "coordinates": [[4, 50], [5, 51]]}', "no single point"),
        ('{"type": "Point", "coordinates": ["x", "y"]}', "two numbers"),
        ("31 N 600000 99999999", "outside its zone"),
        ("31U 600000 562000", "outside its zone and band U"),
        ("31M 600000 5620000", "outside its zone and band M"),
        ("31N 999999 5620000", "outside its zone"),
        ("https://yandex.com/maps/?ll=4.35%2C50.85&z=12", "holds no place"),
        ("https://www.arcgis.com/apps/mapviewer/index.html?center=4.35,50.85", "holds no place"),
        ('{"type": "Point", "coordinates": [true, false]}', "no single point"),
        (
            '{"type": "Point", "coordinates": [4, 50], "crs": {"type": "name", "properties": {"name": "EPSG:3857"}}}',
            "3857",
        ),
        ("maps.app.goo.gl/abc", "holds no place"),
        ("4.35", "two numbers"),
        ("4,35", r"the two numbers 4 and 35, or the one number 4\.35; expected both"),
        ("(-4,35)", r"-4 and 35, or the one number -4\.35"),
        ("POINT(4,35,50)", "no single point"),
        ("https://maps.google.com/?q=50,4,35", "holds no place"),
        ("1 2 3", "two numbers"),
        ("4.35, 50.85, 3", "two numbers"),
        ("", "two numbers"),
        ("a, b", "two numbers"),
    ],
)
def test_what_is_no_place_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_coordinates(text)


@pytest.mark.parametrize(
    "text",
    [
        "Vilvoorde",
        "1000 Brussels",
        "Rue de la Loi 16, 1040 Brussels",
        "São Paulo",
        "東京",
        "St. John's",
        "South Lat",
        "North East",
    ],
)
def test_a_name_is_left_to_the_gazetteer(text: str) -> None:
    assert read_coordinates(text) is None


@pytest.mark.parametrize(
    "text",
    ["4, 50", "4 50", "4;50", "4.0,50", "4,50.0", "4,0,50,0", "4,0 50,0", "4,0, 50", "50N,4E", "POINT(4 50)",
     "https://www.google.com/maps/@50,4,15z", "https://maps.google.com/?q=50,4", "geo:50,4", "geo:50,4,100"],
)  # fmt: skip
def test_whole_numbers_are_read_where_their_comma_is_clear(text: str) -> None:
    assert read_coordinates(text) == (4, 50)


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


def test_a_sign_after_lat_or_lon_is_kept() -> None:
    assert read_coordinates("lat -33.9 lon 18.4") == (18.4, -33.9)
    assert read_coordinates("lat: 33.9 S, lon: 18.4 E") == (18.4, -33.9)
    for minus in "\u2010\u2011\u2012\u2013\u2014\u2212\uff0d":
        assert read_coordinates(f"{minus}33.9, 18.4") == (-33.9, 18.4)
        assert read_coordinates(f"lat: {minus}33.9 lon: 18.4") == (18.4, -33.9)
        assert read_coordinates(f"lat: {minus}33\u00b054' lon: 18\u00b024'") == pytest.approx((18.4, -33.9))


@given(
    st.floats(-180, 180),
    st.floats(-90, 90),
    *[st.text("abNSEWlatonxyUTM .,;:/()", max_size=9) for _ in range(3)],
)
def test_what_has_two_decimal_numbers_is_never_a_name(
    lon: float, lat: float, before: str, between: str, after: str
) -> None:
    try:
        place = read_coordinates(f"{before}{lon:.4f} {between} {lat:.4f}{after}")
    except ValueError:
        return
    assert place is not None
