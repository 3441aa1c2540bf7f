"""A link to the click map, opened by somebody else in the system's Chromium: it shows the same."""

from urllib.parse import parse_qs, urlparse

import pytest
from served_map import served_map
from test_browser import Shown, browser  # noqa: F401 - a fixture

import timesen_nb as tn

pytestmark = [pytest.mark.needs_browser, pytest.mark.timeout(1800)]


def test_a_link_shows_another_person_the_same(browser) -> None:  # noqa: F811
    sample = tn.open_source("sample")
    west, south, east, north = sample.bounds
    place = west + 0.4 * (east - west), south + 0.6 * (north - south)
    with served_map("flanders", port=8870) as served:
        mine = Shown(browser, served.address, tn.open_source("flanders"))
        mine.page.get_by_role("button", name="Simulated landscape").click()
        mine.expect(lambda: "source=sample" in mine.page.url, "the source is not opened")
        mine.page.locator(".tn-year select").select_option("2021")
        mine.page.locator(".tn-colours select").select_option(index=3)
        mine.page.get_by_role("button", name="Advanced").click()
        mine.page.get_by_label("How a word is phrased for the model").select_option(label="the word alone")
        mine.page.locator(".tn-words textarea").fill("a lake & its shore\nwoodland\nmaize")
        box = mine.page.locator(".tn-place input")
        box.fill(f"{place[0]:.6f}, {place[1]:.6f}")
        box.press("Enter")
        said = parse_qs(urlparse(mine.page.url).fragment)
        mine.expect(lambda: f"lon={place[0]:.6f}" in mine.page.url, "the place is not read")
        said = parse_qs(urlparse(mine.page.url).fragment)
        assert said["source"] == ["sample"]
        assert said["year"] == ["2021"]
        assert said["word"] == ["a lake & its shore", "woodland", "maize"]
        assert said["prompts"] == ["names"]
        assert said["layer"][0].startswith("NDVI")

        yours = Shown(browser, mine.page.url, sample)
        yours.expect(lambda: f"lon={place[0]:.6f}" in yours.page.url, "the place is not read again")
        yours.expect(yours.page.locator(".tn-headline").first.is_visible, "no answer")
        assert parse_qs(urlparse(yours.page.url).fragment) == said
        assert "Simulated: no such place" in yours.page.locator(".tn-map").inner_text()
        for part in (".tn-headline", ".tn-bars", ".tn-said"):
            mine_says, yours_says = (p.page.locator(part).first.inner_text() for p in (mine, yours))
            assert yours_says == mine_says
        for part in (".tn-year select", ".tn-colours select", ".tn-words textarea"):
            mine_says, yours_says = (p.page.locator(part).input_value() for p in (mine, yours))
            assert yours_says == mine_says
        landscape = ".leaflet-image-layer[src^='data:image/png']"
        picture = mine.page.locator(landscape).first.get_attribute("src")
        yours.expect(
            lambda: yours.page.locator(landscape).first.get_attribute("src") == picture, "another picture"
        )
