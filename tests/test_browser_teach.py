"""Teaching as a person does it, in the system's Chromium: keep, label, map, find alike, and take it along."""

import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from served_map import served_map
from test_browser import Shown, browser  # noqa: F401 - a fixture

import timesen_nb as tn
from timesen_nb.widgets.take_panel import FILES

pytestmark = [pytest.mark.needs_browser, pytest.mark.timeout(1800)]

LABELS = ["maize", "a hop garden"] * 3


@pytest.fixture(scope="module")
def page(browser) -> Iterator[Shown]:  # noqa: F811
    with served_map("flanders", port=8867) as served:
        yield Shown(browser, served.address, tn.open_source("flanders"))


def six(bounds: tuple[float, float, float, float]) -> list[tuple[float, float]]:
    west, south, east, north = bounds
    return [
        (west + (east - west) * x, south + (north - south) * y) for y in (0.3, 0.7) for x in (0.2, 0.5, 0.8)
    ]


def download(page: Shown, name: str, folder: Path) -> Path:
    page.tab("Kept places")
    page.page.locator(".tn-kind select").select_option(label=name)
    # not the link of the file before, which goes once the kernel has heard of the choice
    file = dict(FILES)[name].replace(".tif", ".zip")
    made = page.page.locator(f".tn-made a[download='{file}']")
    make = page.page.locator(".tn-make")
    make.click()
    asked = time.monotonic()

    def there() -> bool:
        # a busy kernel may hear of the button before it hears of the choice: then one presses it again
        nonlocal asked
        if time.monotonic() - asked > 20 and not made.count():
            make.click()
            asked = time.monotonic()
        return made.count() == 1

    page.expect(there, f"{name} is not made")
    with page.page.expect_download() as started:
        made.click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


def test_six_places_teach_and_everything_is_taken_along(page: Shown, tmp_path: Path) -> None:
    places = six(page.source.bounds)
    page.tab("Kept places")
    box = page.page.locator(".tn-place input")
    rows = page.page.locator(".tn-table .widget-text input")
    for number, place in enumerate(places, 1):
        box.fill(f"{place[0]:.6f}, {place[1]:.6f}")
        box.press("Enter")
        # the address of the page tells the place that was read
        read = f"lon={place[0]:.6f}&lat={place[1]:.6f}"
        page.expect(lambda read=read: read in page.page.url, f"no answer for {read}")
        page.page.get_by_role("button", name="Keep this place").click()
        page.expect(lambda n=number: rows.count() == n, f"place {number} is not kept")
    for row, label in enumerate(LABELS):
        rows.nth(row).fill(label)
        rows.nth(row).press("Enter")
    page.expect(lambda: "a hop garden" in page.bars(), "the new word is no class")
    page.page.locator(".tn-judge").click()
    judged = page.page.locator(".tn-judged")
    page.expect(
        lambda: "Too few to tell: 6 labelled places" in judged.inner_text(), "the labels are not judged"
    )

    page.tab("Map this view")
    layers = page.page.locator(".leaflet-image-layer[src^='data:image/png']")
    page.page.locator(".tn-map-view").click()
    page.expect(lambda: layers.count() == 2, "the view is not mapped")
    classes = layers.nth(1).get_attribute("src")
    page.page.locator(".tn-like select").select_option(index=2)
    page.page.locator(".tn-alike").click()
    page.expect(lambda: " of " in page.page.locator(".tn-found").inner_text(), "nothing alike is found")
    page.expect(lambda: layers.nth(1).get_attribute("src") != classes, "what is alike is not drawn")

    for name in ("GeoJSON of kept places", "GeoPackage of kept places"):
        kept = gpd.read_file(download(page, name, tmp_path))
        assert kept["label"].tolist() == LABELS
        assert kept["model"].tolist() == ["pocket"] * 6
        np.testing.assert_allclose(np.column_stack([kept.geometry.x, kept.geometry.y]), places, atol=2e-4)
    with zipfile.ZipFile(download(page, "GeoTIFF of the map", tmp_path)) as archive:
        archive.extractall(tmp_path)
    taught = tn.load(download(page, "Taught model", tmp_path))
    with rasterio.open(tmp_path / "map.tif") as file:
        assert json.loads(file.tags()["classes"]) == taught.classes
        assert "a hop garden" in taught.classes
        assert (file.read(1) != file.nodata).any()
    with rasterio.open(tmp_path / "map_probabilities.tif") as file:
        assert file.descriptions == tuple(taught.classes)
    named = [taught.classes[k].casefold() for k in taught.lesson.labels]
    assert named == LABELS
    assert download(page, "PNG of the map", tmp_path).read_bytes().startswith(b"\x89PNG")
    code = download(page, "Copy as Python", tmp_path).read_text()
    assert "tn.open_source('flanders')" in code
    compile(code, "timesen.py", "exec")
    assert page.dialogs == []


def test_a_reload_brings_back_what_was_kept_and_taught(page: Shown) -> None:
    before, address = sorted(page.bars()), page.page.url
    page.page.reload()
    page.tab("Kept places")
    rows = page.page.locator(".tn-table .widget-text input")
    page.expect(lambda: rows.count() == 6, "the kept places do not come back")
    assert [rows.nth(row).input_value() for row in range(6)] == LABELS
    page.expect(lambda: sorted(page.bars()) == before, "the place is not read again by the same words")
    page.expect(lambda: page.page.url == address, "the address is another one")
    assert not page.page.locator(".tn-error").is_visible()
    assert page.grave_faults() == []


def test_a_field_is_drawn_by_clicks_or_typed_and_told_as_a_whole(page: Shown) -> None:
    west, south, east, north = page.source.bounds
    wide, high = east - west, north - south
    page.tab("Fields")
    corners = page.page.locator(".tn-corners input")
    told = page.page.locator(".tn-fields .tn-headline")
    page.page.get_by_role("button", name="Draw a field").click()
    for x, y in ((0.3, 0.3), (0.6, 0.5)):
        before = corners.input_value()
        page.click(west + wide * x, south + high * y)
        page.expect(lambda before=before: corners.input_value() != before, "a click is no corner")
    page.page.get_by_role("button", name="Read this field").click()
    page.expect(lambda: " ha" in told.inner_text(), "the field is not told")
    drawn = told.inner_text()
    page.page.get_by_role("button", name="Start over").click()
    page.expect(lambda: corners.input_value() == "" and not told.is_visible(), "the field stays")
    corners.fill(f"{west + wide * 0.1}, {south + high * 0.1}; {west + wide * 0.2}, {south + high * 0.2}")
    corners.press("Enter")
    page.page.get_by_role("button", name="Read this field").focus()
    page.page.keyboard.press("Enter")
    page.expect(lambda: told.is_visible() and told.inner_text() != drawn, "the typed field is not told")
    assert page.page.locator(".tn-fields img").is_visible()
    assert not page.page.locator(".tn-error").is_visible()
    assert page.grave_faults() == []
