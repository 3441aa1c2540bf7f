"""The first minute with the click map, in the system's Chromium: what a newcomer sees, clicks and types."""

import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from dated_cube import DatedCube, dated_cube
from on_screen import LAYERS, WATCH, drawn, legend, own_words, read, style
from PIL import Image
from pyproj import Transformer
from served_map import served_map
from test_browser import Shown, browser  # noqa: F401 - a fixture
from test_browser_teach import download

import timesen_nb as tn
from timesen_nb.bands import MONTHS

pytestmark = [pytest.mark.needs_browser, pytest.mark.timeout(1800)]

HERE = (3.02548, 50.81754)  # a field of maize of the real sample


@pytest.fixture(scope="module")
def page(browser) -> Iterator[Shown]:  # noqa: F811
    """The app as it opens where nobody names a source."""
    with served_map("", port=8868) as served:
        yield Shown(browser, served.address, tn.open_source("flanders"), WATCH)


def test_it_opens_on_the_real_sample_large_and_crisp(page: Shown) -> None:
    assert page.page.locator(".tn-switch .mod-active").inner_text() == "Real sample"
    assert not page.page.get_by_text("Simulated: no such place").is_visible()
    assert "OpenStreetMap" in page.page.locator(".leaflet-control-attribution").inner_text()
    assert drawn(page, 0).shape[:2] == (64, 64)
    assert style(page, ".leaflet-image-layer", "imageRendering") == "pixelated"
    assert style(page, ".leaflet-container", "cursor") == "crosshair"

    def share() -> float:
        scene = page.page.locator(LAYERS).first.bounding_box()
        room = page.page.locator(".leaflet-container").bounding_box()
        return max(scene["width"] / room["width"], scene["height"] / room["height"])

    # the page says first how large its map is, and is answered
    page.expect(lambda: 0.9 < share() <= 1, "the scene does not fill its map")


def test_the_pixel_that_was_read_has_its_outline(page: Shown) -> None:
    read(page, HERE)
    east, north = Transformer.from_crs(4326, 32631, always_xy=True).transform(*HERE)
    west, south = east // 10 * 10, north // 10 * 10
    back = Transformer.from_crs(32631, 4326, always_xy=True)
    corners = [page.point(*back.transform(west + x, south + y)) for x, y in ((0, 10), (10, 0))]
    box = page.page.locator(".tn-map path[stroke='#D55E00'][stroke-opacity='1']").bounding_box()
    line = 1.5  # half of its width
    # the grid is turned by a degree or two against the map: a pixel of the screen
    assert [box["x"] + line, box["y"] + line] == pytest.approx(corners[0], abs=1.5)
    assert [box["x"] + box["width"] - line, box["y"] + box["height"] - line] == pytest.approx(
        corners[1], abs=1.5
    )


def test_nothing_moves_from_click_to_click_and_no_image_is_broken(page: Shown) -> None:
    west, south, east, north = page.source.bounds
    read(page, HERE)
    parts = (".tn-search", ".tn-map", ".tn-time", ".tn-below", ".tn-words", ".tn-chips", ".tn-top")
    before = [page.page.locator(part).first.bounding_box() for part in parts]
    for x, y in ((0.2, 0.2), (0.5, 0.8), (0.8, 0.4), (0.1, 0.6)):
        page.page.evaluate("shifts.length = 0")
        read(page, (west + x * (east - west), south + y * (north - south)))
        assert [page.page.locator(part).first.bounding_box() for part in parts] == before
        # as Chromium counts it; a hundredth is a line more or less of notes
        assert sum(value for value, _ in page.page.evaluate("shifts")) < 0.02
    assert page.page.evaluate("broken") == []


def test_home_brings_the_frame_back(page: Shown) -> None:
    frame = page.page.locator(".tn-map path.leaflet-interactive").first
    before = frame.bounding_box()
    page.page.locator(".leaflet-control-zoom-in").click()
    page.expect(lambda: frame.bounding_box()["width"] > 1.5 * before["width"], "the map is not nearer")

    def home() -> bool:
        """Again, as a person would: while the map still moves, it has not told where it is."""
        page.page.locator(".tn-home").click()
        return frame.bounding_box() == pytest.approx(before, abs=2)

    page.expect(home, "the frame is not where it was")


def test_advanced_holds_how_a_word_is_put_to_the_model(page: Shown) -> None:
    read(page, HERE)
    style_of_words = page.page.get_by_label("How a word is phrased for the model")
    shares = page.page.locator(".tn-bars")
    before = shares.inner_text()
    assert not style_of_words.is_visible()
    page.page.get_by_role("button", name="Advanced").click()
    style_of_words.select_option(label="the word alone")
    page.expect(lambda: shares.inner_text() != before, "another style gives the same shares")
    style_of_words.select_option(index=0)
    page.expect(lambda: shares.inner_text() == before, "the shares do not come back")
    page.page.get_by_role("button", name="Advanced").click()
    page.expect(lambda: not style_of_words.is_visible(), "it stays unfolded")


def test_words_light_up_the_view_while_they_are_typed(page: Shown) -> None:
    own_words(page, "water", "woodland")
    layers = page.page.locator(LAYERS)
    page.expect(lambda: layers.count() == 2, "the view is not lit")
    before = layers.nth(1).get_attribute("src")
    page.page.keyboard.type("\nmaize field")
    page.expect(lambda: any("maize field" in row for row in legend(page)), "not in the legend")
    page.expect(lambda: layers.nth(1).get_attribute("src") != before, "the view stays as it was")
    # nobody left the box
    assert page.page.evaluate("document.activeElement.tagName") == "TEXTAREA"


def test_examples_are_added_to_ones_own_words(page: Shown) -> None:
    own_words(page, "water", "woodland")
    for word in ("hay meadow", "flooded field", "solar park"):
        page.page.get_by_role("button", name=word).click()
        page.expect(lambda w=word: w in page.bars(), f"{word} is not scored")
    assert page.page.locator(".tn-words textarea").input_value().splitlines() == [
        "solar park", "flooded field", "hay meadow", "water", "woodland",
    ]  # fmt: skip


def test_a_colour_that_is_chosen_is_that_of_map_legend_and_file(page: Shown, tmp_path: Path) -> None:
    own_words(page, "crop field", "houses")
    page.expect(lambda: len(legend(page)) == 2, "no legend")
    swatch = page.page.get_by_label("Colour of crop field")
    swatch.evaluate(
        "(e) => { e.value = '#ff00ff'; e.dispatchEvent(new Event('change', { bubbles: true })); }"
    )
    magenta = [255, 0, 255]
    page.expect(lambda: (drawn(page, 1)[..., :3] == magenta).all(axis=-1).any(), "not on the map")
    assert page.page.get_by_label("Colour of crop field").input_value() == "#ff00ff"
    with zipfile.ZipFile(download(page, "GeoTIFF of the map", tmp_path)) as archive:
        archive.extractall(tmp_path)
    with rasterio.open(tmp_path / "map.tif") as file:
        assert list(file.colormap(1)[0][:3]) == magenta
        assert (file.read(1) == 0).any()


def test_a_long_word_ends_in_dots_and_is_told_whole(page: Shown) -> None:
    long = "a field of maize between the houses of a village and the water of a river"
    own_words(page, long, "houses")
    for selector in (".tn-bars .tn-name", ".tn-swatches .widget-hbox .widget-label"):
        label = page.page.locator(f"{selector}:visible", has_text="a field of maize")
        page.expect(lambda label=label: label.count() == 1, f"{selector} does not name it")
        page.expect(
            lambda label=label: (label.get_attribute("title") or "").startswith(long), "not told whole"
        )
        assert label.evaluate("(e) => e.scrollWidth > e.clientWidth")
        assert label.evaluate("(e) => getComputedStyle(e).textOverflow") == "ellipsis"


def test_a_month_without_a_clear_day_is_said(page: Shown) -> None:
    read(page, HERE)
    december = page.page.locator(".tn-months button").nth(11)
    assert december.get_attribute("title") == "December 2018: no clear day"
    december.click()
    said = page.page.locator(".tn-time")
    page.expect(lambda: "no clear observation in December" in said.inner_text(), "nothing is said")
    page.page.locator(".tn-months button").nth(6).click()
    page.expect(lambda: "no clear observation" not in said.inner_text(), "it is said of July too")


def test_how_an_answer_was_made_stands_behind_a_button(page: Shown) -> None:
    made = page.page.locator(".tn-made.widget-vbox")
    assert not made.is_visible()
    page.page.get_by_role("button", name="How was this made?").click()
    page.expect(lambda: made.is_visible() and "2018" in made.inner_text(), "nothing is told")
    page.page.get_by_role("button", name="How was this made?").click()
    page.expect(lambda: not made.is_visible(), "it stays unfolded")


def test_a_guess_comes_before_the_answer(page: Shown) -> None:
    page.page.locator(".tn-task select").select_option(label="Land cover")
    guess = page.page.get_by_role("button", name="Guess first")
    guess.click()
    page.expect(lambda: "mod-active" in (guess.get_attribute("class") or ""), "the button is not pressed")
    headline, west = page.page.locator(".tn-headline").first, page.source.bounds[0]
    choice = page.page.get_by_label("Your guess")
    page.click(*HERE)
    clicked = time.monotonic()

    def asked() -> bool:
        # a map that moves under the pointer loses a click: then one clicks again
        nonlocal clicked
        if time.monotonic() - clicked > 20 and not choice.is_visible():
            page.click(*HERE)
            clicked = time.monotonic()
        return choice.is_visible()

    page.expect(asked, "nobody asks")
    assert not headline.is_visible()
    assert page.bars() == []
    choice.select_option(label="Cropland")
    page.page.get_by_role("button", name="That is it").click()
    page.expect(headline.is_visible, "no answer")
    told = page.page.locator(".tn-guess").inner_text()
    assert re.search(r"You said Cropland\. The model says .*Declared here: Cropland\. You are right\.", told)
    page.page.get_by_role("button", name="Guess first").click()
    read(page, (west + 0.001, HERE[1]))


def test_the_answer_is_a_picture_to_send(page: Shown) -> None:
    read(page, HERE)
    page.page.get_by_role("button", name="Share as a picture").click()
    with page.page.expect_download() as started:
        page.page.get_by_text("Download timesen.png").click()
    picture = np.asarray(Image.open(started.value.path()).convert("RGB"))
    assert min(picture.shape[:2]) > 300
    assert picture.std() > 20
    read(page, (HERE[0] + 0.001, HERE[1]))
    assert not page.page.get_by_text("Download timesen.png").is_visible()  # it was of another place


def test_one_click_away_lies_a_simulated_landscape_whose_year_plays(page: Shown) -> None:
    page.tab("Map this view")
    page.page.locator(".tn-map-view").wait_for()
    page.page.evaluate(
        """() => {
          const rows = [...document.querySelectorAll(".tn-mapping, .tn-reading")];
          window.heights = rows.map(() => []);
          const note = (row) => heights[rows.indexOf(row.target)].push(Math.round(row.contentRect.height));
          const watch = new ResizeObserver((changed) => changed.forEach(note));
          rows.forEach((row) => watch.observe(row));
        }"""
    )
    page.page.get_by_role("button", name="Simulated landscape").click()
    shown = page.page.locator(".tn-map")
    page.expect(lambda: "Simulated: no such place" in shown.inner_text(), "it is not said")
    page.expect(lambda: page.page.locator(".leaflet-tile").count() == 0, "tiles lie under it")
    page.expect(lambda: "OpenStreetMap" not in shown.inner_text(), "its map is thanked for")
    headline = page.page.locator(".tn-headline").first
    page.expect(lambda: not headline.is_visible(), "the answer of the real place is still there")
    sample = tn.open_source("sample")
    page.page.locator(".tn-map path.leaflet-interactive").first.wait_for()
    page.source, (west, south, east, north) = sample, sample.bounds
    page.expect(lambda: drawn(page, 0).shape[0] > 64, "the landscape is not drawn")
    read(page, ((west + east) / 2, (south + north) / 2))
    # the row of the mapping keeps its height while a view is read
    reading = page.page.locator(".tn-below", has_text="of the pixels read")
    if not reading.count():
        page.page.locator(".tn-map-view").click()
    page.expect(lambda: reading.count() == 1, "nothing tells how far it is")
    page.page.get_by_text(re.compile(r"^[\d,]+ pixels read$")).wait_for()
    assert [len(set(row)) for row in page.page.evaluate("heights")] == [1] * page.page.locator(
        ".tn-mapping, .tn-reading"
    ).count()
    landscape, ground = page.page.locator(LAYERS).first, page.page.locator(".tn-answer")
    months = page.page.locator(".tn-months button")
    july = landscape.get_attribute("src")
    months.nth(11).click()
    page.expect(lambda: landscape.get_attribute("src") != july, "December is not drawn")
    december = landscape.get_attribute("src")
    months.nth(6).click()
    page.expect(lambda: landscape.get_attribute("src") == july, "July does not come back")
    page.page.evaluate(
        """() => {
          window.played = [];
          const note = () => {
            const k = [...document.querySelectorAll(".tn-months button")].findIndex(b => b.matches(".tn-now"));
            if (k >= 0 && played.at(-1) !== k + 1) played.push(k + 1);
          };
          new MutationObserver(note).observe(document.querySelector(".tn-months"),
            { attributes: true, attributeFilter: ["class"], subtree: true });
        }"""
    )
    page.page.get_by_role("button", name="Play the year").click()
    page.expect(lambda: "On the ground in December" in ground.inner_text(), "not December on the ground")
    page.expect(lambda: landscape.get_attribute("src") == december, "not December on the map")
    assert page.page.locator(".tn-month .widget-readout").inner_text() == "December"
    assert "tn-now" in months.nth(11).get_attribute("class")
    played = page.page.evaluate("played")
    assert played == sorted(played)
    assert played[-1] == 12


def test_years_lie_over_each_other_and_clouds_are_no_white_holes_without_a_word(
    page: Shown, tmp_path: Path
) -> None:
    parts = [dated_cube(seed=year, year=year) for year in (2018, 2019)]
    cube = DatedCube(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in ("values", "scl", "times"))
    )
    cube.scl[:, :2, :2] = 9  # four pixels of clouds only
    page.open_file(cube.write(tmp_path / "two_years.nc"))
    page.expect(
        lambda: "two_years.nc, 2018" in page.page.locator(".tn-covers").inner_text(), "it is not open"
    )
    page.source = tn.open_source(tmp_path / "two_years.nc")
    page.page.locator(".tn-map path.leaflet-interactive").first.wait_for()
    read(page, cube.place(6, 5))
    years = page.page.locator(".tn-years")
    assert not years.is_visible()
    page.page.get_by_role("button", name="What changed here?").click()
    page.expect(years.is_visible, "no chart")
    page.page.get_by_text("Chart of NDVI at this place in 2018, 2019.").wait_for(state="attached")

    cloudy = np.isnan(cube.months(2018)).any(axis=1).mean(axis=(1, 2))
    month = next(m for m in range(12) if 0.04 < cloudy[m] < 1 and m != 6)
    page.page.locator(".tn-months button").nth(month).click()
    said = f"without colour: no clear day in {MONTHS[month]}"
    page.expect(lambda: said in page.page.locator(".tn-time").inner_text(), "nothing is said of its clouds")
    own_words(page, "a lake", "a wood")
    holes = page.page.locator(".tn-holes")
    page.expect(lambda: holes.is_visible() and holes.inner_text() == "no clear month · 3 %", "no legend")
    assert page.page.evaluate("broken") == []
