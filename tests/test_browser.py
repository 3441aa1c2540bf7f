"""The app as a person meets it: served, in the system's Chromium, with no other host in reach."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pytest
from served_map import PATIENCE, chromium, served_map
from synthetic import GridSource

import timesen_nb as tn

pytestmark = [pytest.mark.needs_browser, pytest.mark.timeout(1800)]

TILES = "tile.openstreetmap.org"
AXE = Path(__file__).resolve().parent / "data" / "axe" / "axe.min.js"


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with chromium() as driven:
        yield driven


class Shown:
    """A page with the app: every host it asks for is noted, and only this machine answers.

    ``watch``: a script that runs in the page from its first moment on.
    """

    def __init__(self, browser, address: str, source: tn.Source, watch: str = "") -> None:
        self.source = source
        self.hosts: set[str] = set()
        self.dialogs: list[str] = []
        self.page = browser.new_page(viewport={"width": 1280, "height": 800}, accept_downloads=True)
        self.page.set_default_timeout(PATIENCE)
        self.page.route("**/*", self._route)
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.add_init_script(watch)
        self.page.goto(address)
        self.page.wait_for_selector(".tn-app .leaflet-container")
        self.page.wait_for_selector(".leaflet-image-layer[src^='data:image/png']")

    def _route(self, route) -> None:
        host = urlparse(route.request.url).hostname
        if host is not None:
            self.hosts.add(host)
        if host in (None, "127.0.0.1"):
            route.continue_()
        else:
            route.abort()

    def point(self, lon: float, lat: float) -> tuple[float, float]:
        """Where a place is in the window, by the frame of the data on the map."""
        west, south, east, north = self.source.bounds
        box = self.page.locator(".tn-map path.leaflet-interactive").first.bounding_box()
        return (
            box["x"] + box["width"] * (lon - west) / (east - west),
            box["y"] + box["height"] * (north - lat) / (north - south),
        )

    def click(self, lon: float, lat: float) -> None:
        """Click the map at a place."""
        self.page.mouse.click(*self.point(lon, lat))

    def expect(self, condition: Callable[[], bool], what: str) -> None:
        for _ in range(1200):
            if condition():
                return
            self.page.wait_for_timeout(50)
        said = [self.page.locator(part).inner_text() for part in (".tn-status", ".tn-error", ".tn-answer")]
        pytest.fail(f"{what}; the page says: {said}")

    def bars(self) -> list[str]:
        """The names beside the bars that are seen, most probable first."""
        return [name.inner_text() for name in self.page.locator(".tn-name").all() if name.is_visible()]

    def place(self) -> tuple[float, float]:
        lon, _, lat = self.page.locator(".tn-place input").input_value().partition(",")
        return float(lon or "nan"), float(lat or "nan")

    def open_file(self, path: object) -> None:
        """Choose a cube file as the source."""
        self.tab("Data")
        self.page.locator(".tn-source select").select_option(label="A cube file of yours: .nc, .zarr, .tif")
        self.page.locator(".tn-file input").fill(str(path))
        self.page.get_by_role("button", name="Open", exact=True).click()

    def tab(self, name: str) -> None:
        self.page.locator(f'.tn-tabs button:has-text("{name}")').click()

    def grave_faults(self) -> list[str]:
        """Serious faults of accessibility that axe-core finds in what is shown, and finds again a second later.

        What is new on the page is named by its script a moment after it came.
        """
        self.page.evaluate(AXE.read_text("utf-8"))
        for _ in range(3):
            found = self.page.evaluate("axe.run('.tn-app', {resultTypes: ['violations']})")
            grave = [
                f"{fault['id']}: {[(node['target'], node['failureSummary']) for node in fault['nodes'][:3]]}"
                for fault in found["violations"]
                if fault["impact"] in ("serious", "critical")
            ]
            if not grave:
                break
            self.page.wait_for_timeout(1000)
        return grave


@pytest.fixture(scope="module")
def sample(browser) -> Iterator[Shown]:
    """The app on the sample, served beside a program that has the port already."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with served_map("sample", port=port) as served:
            assert served.port != port
            yield Shown(browser, served.address, tn.open_source("sample"))


@pytest.fixture
def cube_path(tmp_path: Path) -> Path:
    path = tmp_path / "small.nc"
    grid = GridSource().grid
    grid.to_dataset("band").assign_attrs(crs="EPSG:32631").to_netcdf(path)
    return path


def middle_of(source: tn.Source, name: str) -> tuple[float, float]:
    """A place well inside one of the largest patches of a class of the sample."""
    from scipy.ndimage import distance_transform_edt

    west, south, east, north = source.bounds
    lons, lats = np.meshgrid(np.linspace(west, east, 80)[4:-4], np.linspace(south, north, 80)[4:-4])
    names = np.array([source.truth(x, y) for x, y in zip(lons.ravel(), lats.ravel(), strict=True)]).reshape(
        lons.shape
    )
    depth = distance_transform_edt(np.pad(names == name, 1))[1:-1, 1:-1]
    deepest = np.unravel_index(depth.argmax(), depth.shape)
    return float(lons[deepest]), float(lats[deepest])


@pytest.mark.parametrize("name", ["Water", "Woodland", "Cropland"])
def test_the_right_class_is_first_on_the_sample(sample: Shown, name: str) -> None:
    place = middle_of(sample.source, name)
    sample.click(*place)
    sample.expect(lambda: np.allclose(sample.place(), place, atol=2e-4), f"no answer for {place}")
    assert sample.bars()[0] == name
    panel = sample.page.locator(".tn-answer").inner_text()
    assert f"True class of this simulated place: {name}" in panel
    assert "On the ground in July, simulated" in panel
    assert sample.page.locator(".tn-views img:visible").count() == 4


def test_everything_fits_the_window(sample: Shown) -> None:
    for part in (".tn-map", ".tn-words", ".tn-headline", ".tn-bars"):
        box = sample.page.locator(part).first.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1280
        assert box["y"] + box["height"] <= 800
    words, answer = (sample.page.locator(part).bounding_box() for part in (".tn-words", ".tn-headline"))
    assert words["x"] == pytest.approx(
        answer["x"], abs=12
    )  # the words stand above the answer, beside the map
    assert words["x"] > 640


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1920, 1080)])
def test_the_answer_is_in_view_on_a_phone_and_a_wide_window_is_filled(sample: Shown, width, height) -> None:
    sample.page.set_viewport_size({"width": width, "height": height})
    try:
        parts = (".tn-map", ".tn-words", ".tn-headline")
        there = sample.page.locator(".tn-map")
        sample.expect(lambda: there.bounding_box()["width"] <= width, "the map is wider than the window")
        boxes = [sample.page.locator(part).first.bounding_box() for part in parts]
        for box in boxes:
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            assert box["y"] + box["height"] <= height
        if width > 900:
            assert max(box["x"] + box["width"] for box in boxes) > 0.8 * width
            assert boxes[0]["width"] > 900
        else:
            tops = [box["y"] for box in boxes]
            assert tops == sorted(tops)
    finally:
        sample.page.set_viewport_size({"width": 1280, "height": 800})


def test_a_simulated_scene_says_so_and_thanks_nobody_for_its_map(sample: Shown) -> None:
    assert "Simulated: no such place" in sample.page.locator(".tn-map").inner_text()
    assert "OpenStreetMap" not in sample.page.locator(".tn-map").inner_text()
    assert sample.page.locator(".leaflet-tile").count() == 0


def test_a_month_of_the_chart_tells_its_values_and_shows_itself_on_the_map(sample: Shown) -> None:
    march = sample.page.locator(".tn-months button").nth(2)
    assert march.get_attribute("title").startswith("March 2018: ")
    said = "getComputedStyle(document.querySelectorAll('.tn-months button')[2], '::after').content"
    march.hover()
    assert "March 2018" in sample.page.evaluate(said)
    march.click()
    sample.expect(lambda: "tn-now" in march.get_attribute("class"), "March is not marked")
    sample.expect(
        lambda: "On the ground in March" in sample.page.locator(".tn-answer").inner_text(),
        "not March on the ground",
    )
    sample.page.locator(".tn-months button").nth(6).click()
    sample.expect(
        lambda: "On the ground in July" in sample.page.locator(".tn-answer").inner_text(),
        "not July on the ground",
    )


def test_an_example_lights_up_the_whole_view_and_the_pointer_reads_it(sample: Shown) -> None:
    layers = sample.page.locator(".leaflet-image-layer[src^='data:image/png']")
    sample.page.get_by_role("button", name="hay meadow").click()
    sample.expect(lambda: layers.count() == 2, "the view is not lit")
    assert "hay meadow" in sample.page.locator(".tn-words textarea").input_value()
    sample.expect(lambda: "woodland" in sample.page.locator(".tn-key").inner_text(), "no legend")
    sample.page.get_by_text(re.compile(r"^[\d,]+ pixels read$")).wait_for()  # parts of it are shown before
    sample.page.mouse.move(*sample.point(*middle_of(sample.source, "Woodland")))
    sample.page.mouse.move(*sample.point(*middle_of(sample.source, "Water")))
    sample.expect(
        lambda: "%" in sample.page.locator(".tn-hover").inner_text(), "nothing is said of the pixel"
    )
    sample.page.get_by_label("Colour the map as I type").click()
    sample.expect(lambda: layers.count() == 1, "the colours stay")
    sample.page.get_by_label("Colour the map as I type").click()
    sample.page.locator(".tn-task select").select_option(label="Land cover")
    sample.expect(lambda: layers.count() == 2, "the colours do not come back")


def test_the_month_changes_landscape_and_ground_views(sample: Shown) -> None:
    landscape = sample.page.locator(".leaflet-image-layer[src^='data:image/png']").first
    before = landscape.get_attribute("src")
    sample.page.locator(".tn-month .noUi-handle").focus()
    sample.page.keyboard.press("ArrowLeft")
    sample.expect(lambda: landscape.get_attribute("src") != before, "the landscape stays as it was")
    sample.expect(
        lambda: "On the ground in June" in sample.page.locator(".tn-answer").inner_text(),
        "not June on the ground",
    )
    sample.page.keyboard.press("ArrowRight")
    sample.expect(lambda: landscape.get_attribute("src") == before, "July does not come back")


def test_words_are_scored_as_they_are_written_and_never_run(sample: Shown) -> None:
    place = sample.place()
    sample.page.locator(".tn-words textarea").fill(
        "a lake\na forest\n<img src=x onerror=alert(1)>\n$\\frac{1}{2}$"
    )
    sample.expect(lambda: len(sample.bars()) == 4, "not scored")
    assert "<img src=x onerror=alert(1)>" in sample.bars()
    assert sample.place() == place
    assert sample.dialogs == []
    assert sample.page.locator("img[src='x']").count() == 0


def test_a_click_outside_is_said_and_the_answer_stays(sample: Shown) -> None:
    before = sample.bars()
    west, south, _, _ = sample.source.bounds
    sample.click(west - 0.001, south + 0.005)
    error = sample.page.locator(".tn-error")
    sample.expect(lambda: error.is_visible(), "no error seen")
    assert "outside the data" in error.inner_text()
    assert sample.bars() == before


def test_a_source_that_cannot_be_opened_is_said(sample: Shown) -> None:
    sample.open_file("/no/such/cube.nc")
    error = sample.page.locator(".tn-error")
    sample.expect(lambda: "/no/such/cube.nc" in error.inner_text(), "no error seen")


def test_the_keyboard_is_enough(sample: Shown) -> None:
    lon, lat = middle_of(sample.source, "Water")
    box = sample.page.locator(".tn-place input")
    box.focus()
    box.fill(f"{lon}, {lat}")
    sample.page.keyboard.press("Enter")
    sample.expect(lambda: not sample.page.locator(".tn-error").is_visible(), "the place was not read")
    assert sample.place() == pytest.approx((lon, lat), abs=1e-4)
    reached = set()
    for _ in range(60):
        sample.page.keyboard.press("Tab")
        reached.add(
            sample.page.evaluate("document.activeElement.innerText || document.activeElement.tagName").strip()
        )
    assert {"Read place", "Keep this place"} <= reached


def test_a_place_is_kept_and_downloaded(sample: Shown) -> None:
    sample.page.get_by_role("button", name="Keep this place").click()
    sample.tab("Kept places")
    with sample.page.expect_download() as started:
        sample.page.get_by_text("Download geojson").click()
    feature = json.loads(Path(started.value.path()).read_text())["features"][0]
    assert feature["geometry"]["coordinates"] == pytest.approx(sample.place(), abs=1e-4)


def test_the_view_is_mapped(sample: Shown) -> None:
    sample.tab("Map this view")
    layers = sample.page.locator(".leaflet-image-layer[src^='data:image/png']")
    sample.page.locator(".tn-map-view").click()
    sample.expect(lambda: layers.count() == 2, "no layer")
    classes = layers.nth(1).get_attribute("src")
    sample.page.locator(".tn-show select").select_option(index=1)
    sample.expect(lambda: layers.nth(1).get_attribute("src") != classes, "the layer of a class is not drawn")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_of_accessibility_is_found(sample: Shown, scheme: str) -> None:
    sample.page.emulate_media(color_scheme=scheme)
    sample.page.wait_for_timeout(300)
    grave = sample.grave_faults()
    sample.page.emulate_media(color_scheme="light")
    assert grave == []


def test_the_page_asks_other_hosts_for_tiles_only(sample: Shown) -> None:
    assert sample.hosts <= {"127.0.0.1", TILES}


def test_a_cube_file_is_opened_and_clicked(sample: Shown, cube_path: Path) -> None:
    sample.open_file(cube_path)
    answer = sample.page.locator(".tn-answer")
    sample.expect(
        lambda: f"Now read: {cube_path.name}" in sample.page.locator(".tn-covers").inner_text(), "not open"
    )
    sample.source = tn.open_source(cube_path)
    grid = GridSource()
    for column, row in [(6, 6), (16, 20), (25, 9)]:
        place = grid.place(column, row)
        sample.click(*place)
        sample.expect(lambda p=place: np.allclose(sample.place(), p, atol=5e-5), f"no answer for {place}")
    sample.page.get_by_role("button", name="How was this made?").click()
    sample.expect(lambda: cube_path.name in answer.inner_text(), "no provenance")
    assert "missing: December" in answer.inner_text()
    assert not sample.page.locator(".tn-views").is_visible()
    assert sample.hosts <= {"127.0.0.1", TILES}


@pytest.mark.parametrize("variable", ["TIMESEN_SOURCE", "TIMESEN_MODEL"])
def test_a_file_that_is_not_there_is_said_before_anything_starts(monkeypatch, variable: str) -> None:
    from timesen_nb.widgets.serve import main

    monkeypatch.setenv(variable, "/no/such/file")
    with pytest.raises(SystemExit, match=r"was not started: .*/no/such/file"):
        main([])
