"""Reading places on the click map, in the system's Chromium: what is typed, shown, opened, kept, played and mapped."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from on_screen import LAYERS, drawn, legend, own_words
from pyproj import Transformer
from served_map import served_map
from test_browser import Shown, browser  # noqa: F401 - a fixture

import timesen_nb as tn
from timesen_nb.bands import MONTHS
from timesen_nb.sources.grid import pixel_at

pytestmark = [pytest.mark.needs_browser, pytest.mark.timeout(1800)]

HERE = (3.02548, 50.81754)  # a field of the real sample
TRUE, FALSE, WATER, GREEN = (
    "True colour",
    "False colour: leaves red",
    "Short-wave infrared: water dark",
    "NDVI: how green",
)
#: What only a reader of Python understands.
PYTHON = re.compile(r"Error\b|Exception|Traceback|errno|\w\(|[a-z]_[a-z]|\btn\.", re.IGNORECASE)
#: Notes what is asked of the gazetteer, as the page says it.
WATCH = """
window.lookedUp = [];
new MutationObserver(() => {
  const said = (document.querySelector(".tn-status") || {}).textContent || "";
  if (said.startsWith("Looking up")) lookedUp.push(said);
}).observe(document, { childList: true, characterData: true, subtree: true });
"""


@pytest.fixture(scope="module")
def page(browser) -> Iterator[Shown]:  # noqa: F811
    with served_map("flanders", "--private-addresses", port=8871) as served:
        yield Shown(browser, served.address, tn.open_source("flanders"), WATCH)


def type_place(page: Shown, text: str) -> None:
    box = page.page.locator(".tn-place input")
    box.fill(text)
    box.press("Enter")


def read_there(page: Shown) -> tuple[float, float] | None:
    """The place of the answer, by the address of the page."""
    said = parse_qs(urlparse(page.page.url).fragment)
    return (float(said["lon"][0]), float(said["lat"][0])) if "lon" in said else None


def settled(page: Shown) -> bool:
    """Whether the box says the place of the answer: what is typed before is written over."""
    said = page.page.locator(".tn-place input").input_value()
    there = read_there(page)
    return (
        there is not None
        and re.fullmatch(r"-?\d+\.\d{5}, -?\d+\.\d{5}", said) is not None
        and np.allclose(page.place(), there, atol=1e-5)
    )


def answered(page: Shown, place: tuple[float, float]) -> None:
    """Wait until the pixel of a place is read."""
    page.expect(
        lambda: settled(page) and pixel_at(*read_there(page)) == pixel_at(*place),
        f"not the pixel of {place}",
    )


def read(page: Shown, place: tuple[float, float]) -> None:
    """Click a place and wait for its answer."""
    page.click(*place)
    page.expect(
        lambda: settled(page) and np.allclose(read_there(page), place, atol=2e-4), f"no answer for {place}"
    )


def error(page: Shown, words: str) -> str:
    """What the page says went wrong, once that has the words."""
    said = page.page.locator(".tn-error")
    page.expect(lambda: said.is_visible() and words in said.inner_text(), f"{words!r} is not said")
    return said.inner_text()


def offered(page: Shown, label: str) -> None:
    """Wait for a button that mends what went wrong."""
    mend = page.page.locator(".tn-mend")
    page.expect(lambda: mend.is_visible() and mend.inner_text() == label, f"no button {label!r}")


def simulated(page: Shown) -> None:
    """Open the simulated landscape from the map."""
    page.page.get_by_role("button", name="Simulated landscape").click()
    page.page.get_by_text("Simulated: no such place").wait_for()
    page.source = tn.open_source("sample")
    page.expect(lambda: drawn(page, 0).shape[0] > 64, "the landscape is not drawn")


# Coordinates as people paste them


def in_minutes(value: float) -> str:
    minutes, seconds = divmod(value * 3600, 60)
    degrees, minutes = divmod(minutes, 60)
    return f"{degrees:.0f}°{minutes:.0f}'{seconds:.2f}\""


def in_utm(lon: float, lat: float) -> str:
    x, y = Transformer.from_crs(4326, 32631, always_xy=True).transform(lon, lat)
    return f"31U {x:.0f} {y:.0f}"


SPELLINGS = {
    "longitude first": lambda lon, lat: f"{lon}, {lat}",
    "letters": lambda lon, lat: f"{lat} N, {lon} E",
    "degrees, minutes, seconds": lambda lon, lat: f"{in_minutes(lat)}N {in_minutes(lon)}E",
    "decimal commas": lambda lon, lat: f"{lon}; {lat}".replace(".", ","),
    "well-known text": lambda lon, lat: f"POINT ({lon} {lat})",
    "OpenStreetMap": lambda lon, lat: (
        f"https://www.openstreetmap.org/?mlat={lat}&mlon={lon}#map=17/50.81/3.02"
    ),
    "Google": lambda lon, lat: f"https://www.google.com/maps/@{lat},{lon},17z",
    "UTM": in_utm,
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_coordinates_are_read_however_they_are_written(page: Shown, name: str) -> None:
    west, south, east, north = page.source.bounds
    share = (1 + list(SPELLINGS).index(name)) / (len(SPELLINGS) + 1)  # each spelling has a place of its own
    place = round(west + share * (east - west), 6), round(south + (0.2 + share / 2) * (north - south), 6)
    type_place(page, SPELLINGS[name](*place))
    answered(page, place)
    assert not page.page.locator(".tn-error").is_visible()
    assert page.page.evaluate("lookedUp") == []


def test_the_latitude_first_is_asked_about_and_one_button_reads_it(page: Shown) -> None:
    type_place(page, "50.8159, 3.0238")
    error(page, "Did you mean 3.0238, 50.8159?")
    offered(page, "Read 3.0238, 50.8159")
    page.page.locator(".tn-mend").click()
    answered(page, (3.0238, 50.8159))
    assert read_there(page) == (3.0238, 50.8159)
    page.expect(lambda: not page.page.locator(".tn-error").is_visible(), "it is still refused")
    assert page.page.evaluate("lookedUp") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("31UES 01234 29876", "military grid"),
        ("9F27R28R+2X", "plus code"),
        ("200, 100", "200"),
        ("3.02548", "3.02548"),
        ("LINESTRING (3.02 50.81, 3.03 50.82)", "3.02 50.81"),
    ],
)
def test_what_is_no_place_is_refused_in_words_and_looked_up_nowhere(
    page: Shown, text: str, said: str
) -> None:
    before = read_there(page)
    type_place(page, text)
    assert not PYTHON.search(error(page, said).replace(text, ""))
    assert read_there(page) == before
    assert page.page.evaluate("lookedUp") == []


def test_a_place_outside_has_a_button_back_to_the_data(page: Shown) -> None:
    frame = page.page.locator(".tn-map path.leaflet-interactive").first
    before = frame.bounding_box()
    page.page.locator(".leaflet-control-zoom-in").click()
    page.expect(lambda: frame.bounding_box()["width"] > 1.5 * before["width"], "the map is not nearer")
    page.expect(lambda: page.page.locator(".leaflet-zoom-anim").count() == 0, "the map still moves")
    type_place(page, "4.35, 50.85")
    error(page, "outside the data")
    offered(page, "Back to the data")
    page.page.locator(".tn-mend").click()
    page.expect(lambda: not page.page.locator(".tn-error").is_visible(), "it is still refused")
    page.expect(lambda: frame.bounding_box() == pytest.approx(before, abs=2), "the data are not in view")


# Pictures and charts


def show(page: Shown, layer: str, seen: list[str]) -> np.ndarray:
    """Choose a layer, and wait for a picture that was not seen before."""
    picture = page.page.locator(LAYERS).first
    page.page.locator(".tn-colours select").select_option(label=layer)
    page.expect(lambda: picture.get_attribute("src") not in seen, f"{layer} shows nothing new")
    seen.append(picture.get_attribute("src"))
    return drawn(page, 0)[..., :3].astype(int)


def test_each_layer_shows_another_picture_in_its_own_colours(page: Shown) -> None:
    picture, chosen = page.page.locator(LAYERS).first, page.page.locator(".tn-colours select")
    seen = [picture.get_attribute("src")]
    red = {layer: show(page, layer, seen) for layer in (FALSE, WATER, GREEN)}
    # leaves in July: infrared is most of what they send back, and NDVI is green on yellow
    assert np.median(red[FALSE][..., 0] - red[FALSE][..., 1]) > 40
    assert np.median(red[GREEN][..., 1] - red[GREEN][..., 2]) > 20
    page.page.locator(".tn-months button").nth(3).click()
    page.expect(lambda: picture.get_attribute("src") not in seen, "April is not drawn")
    assert chosen.input_value().replace("\xa0", " ") == GREEN
    page.page.locator(".tn-months button").nth(6).click()
    page.expect(lambda: picture.get_attribute("src") == seen[-1], "NDVI of July does not come back")
    chosen.select_option(label=TRUE)
    page.expect(lambda: picture.get_attribute("src") == seen[0], "true colour does not come back")


def chart(page: Shown) -> str:
    """The chart of the year as SVG text."""
    return page.page.evaluate("fetch(document.querySelector('.tn-chart').src).then((file) => file.text())")


def axis(svg: str) -> list[tuple[str, str]]:
    """Height and value of each line of the axes."""
    return re.findall(r'<text x="[\d.]+" y="([\d.]+)"[^>]*text-anchor="end"[^>]*>([^<]*)<', svg)


def test_years_of_two_places_have_one_axis(page: Shown) -> None:
    west, south, east, north = page.source.bounds
    charts = []
    for x, y in ((0.25, 0.3), (0.7, 0.8)):
        read(page, (west + x * (east - west), south + y * (north - south)))
        page.expect(lambda: chart(page) not in charts, "the chart is that of the other place")
        charts.append(chart(page))
    assert len(axis(charts[0])) >= 6
    assert axis(charts[0]) == axis(charts[1])


# Keeping


def test_the_same_is_kept_once_and_says_what_was_asked(page: Shown) -> None:
    page.page.locator(".tn-task select").select_option(label="Land cover")
    read(page, HERE)
    keep, rows = page.page.get_by_role("button", name="Keep this place"), page.page.locator(".tn-table > *")
    page.tab("Kept places")
    keep.click()
    page.expect(lambda: rows.count() == 1, "it is not kept")
    keep.click()
    own_words(page, "maize", "a pond", "houses")
    keep.click()
    page.expect(lambda: rows.count() > 1, "the same place by other words is not kept")
    assert rows.count() == 2
    asked = [[cell.inner_text() for cell in row.locator(".widget-label").all()] for row in rows.all()]
    assert "land cover" in " ".join(asked[0]).lower()
    assert "maize, a pond" in " ".join(asked[1])


# Other data


def test_counts_of_words_that_are_gone_go(page: Shown) -> None:
    own_words(page, "water", "woodland", "maize field")
    page.expect(lambda: any("maize field" in row for row in legend(page)), "no legend")
    own_words(page, "crop field", "houses")
    page.expect(lambda: any("crop field" in row for row in legend(page)), "no legend of the new words")
    names, shares = zip(*(row.rsplit(" · ", 1) for row in legend(page)), strict=True)
    assert set(names) <= {"crop field", "houses"}
    assert sum(int(re.sub(r"\D", "", share)) for share in shares) == pytest.approx(100, abs=1)


def stays(page: Shown, before: str) -> None:
    """The source and its answer are where they were, and a click is answered."""
    assert "Flanders" in page.page.locator(".tn-covers").inner_text()
    assert page.page.locator(".tn-top").first.inner_text() == before
    west, south, east, north = page.source.bounds
    read(page, ((west + east) / 2, (south + north) / 2))


def test_a_catalog_that_is_not_there_leaves_the_source_in_place(page: Shown) -> None:
    read(page, HERE)
    before = page.page.locator(".tn-top").first.inner_text()
    page.tab("Data")
    page.page.locator(".tn-source select").select_option(
        label="Open STAC catalog: no account, needs the network"
    )
    with socket.socket() as closed:  # bound, and nobody listens
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/stac"
        page.page.get_by_role("combobox", name="Catalog").fill(address)
        page.page.get_by_role("button", name="Open", exact=True).click()
        said = error(page, address)
    assert not PYTHON.search(said.replace(address, "")), said
    offered(page, "Try again")
    stays(page, before)


def test_a_file_that_is_none_leaves_the_source_in_place(page: Shown, tmp_path: Path) -> None:
    read(page, HERE)
    before = page.page.locator(".tn-top").first.inner_text()
    path = tmp_path / "letter.nc"
    path.write_text("Dear map, this is no cube.")
    page.open_file(path)
    said = error(page, "letter.nc")
    assert not PYTHON.search(said.replace(str(path), "")), said
    assert page.page.get_by_role("button", name="Open", exact=True).is_enabled()
    stays(page, before)


def test_another_source_is_opened_without_the_answer_of_the_old_one(page: Shown) -> None:
    page.page.get_by_label("Colour the map as I type").uncheck()  # the view is mapped below
    read(page, HERE)
    pixel = page.page.locator(".tn-map path[stroke='#D55E00'][stroke-opacity='1']")
    assert pixel.count() == 1
    simulated(page)
    assert not page.page.locator(".tn-headline").first.is_visible()
    assert page.bars() == []
    assert read_there(page) is None
    assert pixel.count() == 0
    assert legend(page) == []


def test_a_view_appears_in_parts_while_it_is_read(page: Shown) -> None:
    page.page.evaluate(
        """() => {
          window.parts = new Set();
          const note = () => {
            const layer = document.querySelectorAll(".leaflet-image-layer")[1];
            const said = document.querySelector(".tn-reading").innerText;
            if (layer && layer.src.startsWith("data:image/png") && said.includes("of the pixels read"))
              parts.add(layer.src);
          };
          new MutationObserver(note).observe(document.querySelector(".tn-app"),
            { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["src"] });
        }"""
    )
    page.tab("Map this view")
    page.page.locator(".tn-map-view").click()
    page.page.get_by_text(re.compile(r"^[\d,]+ pixels read$")).wait_for()
    page.expect(lambda: page.page.locator(LAYERS).count() == 2, "the view is not mapped")
    whole = page.page.locator(LAYERS).nth(1).get_attribute("src")
    parts = set(page.page.evaluate("[...parts]"))
    assert len(parts | {whole}) >= 2
    assert parts - {whole}  # something was seen before all was read


def test_chart_label_and_picture_play_in_step(page: Shown) -> None:
    west, south, east, north = page.source.bounds
    read(page, ((west + east) / 2, (south + north) / 2))
    picture = page.page.locator(".leaflet-image-layer").first  # empty in a month without any clear day
    label = page.page.locator(".tn-month .widget-readout")
    july, pictures = picture.get_attribute("src"), list[str]()
    for month, name in enumerate(MONTHS):
        now = page.page.locator(".tn-months button").nth(month)
        now.click()
        page.expect(
            lambda now=now, name=name: (
                label.inner_text() == name and "tn-now" in now.get_attribute("class").split()
            ),
            f"not {name}",
        )
        page.expect(
            lambda month=month: (
                (src := picture.get_attribute("src")) not in pictures and (src == july) == (month == 6)
            ),
            f"{name} is not drawn",
        )
        pictures.append(picture.get_attribute("src"))
    assert len(set(pictures)) == 12
    page.page.locator(".tn-months button").first.click()
    page.expect(lambda: picture.get_attribute("src") == pictures[0], "January does not come back")
    page.page.evaluate(
        """([pictures, names]) => {
          window.played = [];
          const image = document.querySelector(".leaflet-image-layer");
          const look = () => {
            const label = names.indexOf(document.querySelector(".tn-month .widget-readout").textContent);
            const buttons = [...document.querySelectorAll(".tn-months button")];
            const chart = buttons.findIndex((b) => b.classList.contains("tn-now"));
            played.push([label, chart, pictures.indexOf(image.src)]);
          };
          new MutationObserver(look).observe(image, { attributes: true, attributeFilter: ["src"] });
        }""",
        [pictures, list(MONTHS)],
    )
    page.page.get_by_role("button", name="Play the year").click()
    page.expect(lambda: picture.get_attribute("src") == pictures[11], "the year does not play to its end")
    played = page.page.evaluate("played")
    drawn_months = [month for *_, month in played]
    assert drawn_months == sorted(drawn_months)
    assert len(drawn_months) >= 3
    assert [chart for _, chart, _ in played] == drawn_months
    # the label is the page's own: on a slow machine it may be ahead of what is drawn, never behind
    assert all(label >= month for label, _, month in played)
    assert played[-1] == [11, 11, 11]
