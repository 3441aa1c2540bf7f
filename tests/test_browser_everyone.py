"""The click map for everybody, in the system's Chromium: by keyboard, read aloud, on a phone, in the dark."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from on_screen import own_words, read
from served_map import served_map
from test_browser import Shown, browser  # noqa: F401 - a fixture

import timesen_nb as tn

pytestmark = [pytest.mark.needs_browser, pytest.mark.timeout(1800)]

HERE = (3.02548, 50.81754)
THERE = (3.02448, 50.81754)
TABS = ("Map this view", "Kept places", "Fields", "Data")
PHONE, LAPTOP, WIDE = (390, 844), (1366, 768), (1920, 1080)


@pytest.fixture(scope="module")
def page(browser) -> Iterator[Shown]:  # noqa: F811
    """The app with an answer and a kept place."""
    with served_map("flanders", port=8869) as served:
        shown = Shown(browser, served.address, tn.open_source("flanders"))
        shown.click(*HERE)
        shown.expect(shown.page.locator(".tn-headline").first.is_visible, "no answer")
        yield shown


def resize(page: Shown, size: tuple[int, int], scheme: str = "light") -> None:
    page.page.set_viewport_size({"width": size[0], "height": size[1]})
    page.page.emulate_media(color_scheme=scheme)
    # two frames: laid out, and painted
    page.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


@pytest.fixture
def as_usual(page: Shown) -> Iterator[None]:
    """What a test changes of the window is changed back."""
    yield
    resize(page, (1280, 800))


def focused(page: Shown) -> dict:
    """What has the focus: its words, its kind, and the line around it."""
    return page.page.evaluate(
        """() => {
          const e = document.activeElement, look = getComputedStyle(e), box = e.getBoundingClientRect();
          return { is: e.tagName, said: (e.getAttribute("aria-label") || e.innerText || "").trim(),
            line: look.outlineStyle === "none" ? 0 : parseFloat(look.outlineWidth),
            seen: box.width > 0 && box.height > 0, path: e.outerHTML.slice(0, 160) };
        }"""
    )


def tab_to(page: Shown, said: str) -> None:
    """Press Tab until something has the focus whose name begins so."""
    for _ in range(120):
        page.page.keyboard.press("Tab")
        if focused(page)["said"].startswith(said):
            return
    pytest.fail(f"the keyboard does not reach {said!r}")


def luminance(colour: str) -> float:
    """Of rgb(r, g, b), by WCAG."""
    share = np.array([float(c) for c in re.findall(r"[\d.]+", colour)[:3]]) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def colours(page: Shown, selector: str) -> tuple[float, float]:
    """Luminance of a text, and of what lies behind it."""
    return tuple(
        luminance(colour)
        for colour in page.page.evaluate(
            """(selector) => {
              const text = document.querySelector(selector);
              let behind = text;
              while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
              return [getComputedStyle(text).color, getComputedStyle(behind).backgroundColor];
            }""",
            selector,
        )
    )


# Read aloud


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [LAPTOP, PHONE])
def test_no_page_has_a_serious_fault_of_accessibility(page: Shown, as_usual, size, scheme: str) -> None:
    resize(page, size, scheme)
    found = {}
    for name in TABS:
        page.tab(name)
        page.page.wait_for_function(
            "document.querySelector('.tn-tabs .mod-active').innerText === " + repr(name)
        )
        found[name] = page.grave_faults()
    assert found == {name: [] for name in TABS}


def test_there_is_one_heading_and_every_part_has_its_name(page: Shown) -> None:
    assert page.page.get_by_role("heading", level=1).count() == 1
    assert page.page.get_by_role("heading", level=2, name="What may grow or stand here?").is_visible()
    assert page.page.get_by_role("main").count() == 1
    assert page.page.get_by_role("search", name="Place").is_visible()
    for name in ("Words", "Answer", "Mapping, kept places and data", "Map: arrow keys"):
        assert page.page.get_by_role("region", name=name).count() == 1


def test_an_answer_is_announced(page: Shown) -> None:
    live = page.page.locator(".tn-headline").first.evaluate_handle(
        "(e) => e.closest('[role=status], [aria-live=polite]')"
    )
    assert live.as_element() is not None
    # the same element, for what is put in with its words is not read
    live.evaluate("(e) => { window.heard = []; new MutationObserver(() => heard.push(e.textContent))"
                  ".observe(e, { childList: true, characterData: true, subtree: true }); }")  # fmt: skip
    page.page.get_by_role("button", name="hay meadow").click()
    page.expect(lambda: "hay meadow" in page.bars(), "not scored")
    page.page.locator(".tn-task select").select_option(label="Land cover")
    page.expect(lambda: "Cropland" in page.bars(), "not scored")
    said = page.page.locator(".tn-headline").first.inner_text()
    page.expect(lambda: said in page.page.evaluate("heard"), "nobody hears the answer")


def test_the_slider_of_months_says_months(page: Shown) -> None:
    month = page.page.get_by_role("slider", name="Month on the map")
    page.expect(lambda: month.get_attribute("aria-valuetext") == "July", "it does not say July")
    month.focus()
    page.page.keyboard.press("ArrowRight")
    page.expect(lambda: month.get_attribute("aria-valuetext") == "August", "it does not say August")
    page.page.keyboard.press("ArrowLeft")
    page.expect(lambda: month.get_attribute("aria-valuetext") == "July", "it does not say July again")


def test_pictures_have_words_or_are_passed_over(page: Shown) -> None:
    words = page.page.evaluate(
        "[...document.images].filter((e) => e.checkVisibility()).map((e) => e.getAttribute('alt'))"
    )
    assert set(words) == {""}  # each has its words beside it
    assert "Chart of the year 2018 at this place." in page.page.locator(".tn-answer").inner_text()


# By keyboard


def test_whatever_has_the_focus_shows_it(page: Shown) -> None:
    page.page.locator(".tn-place input").focus()
    unseen, reached = [], set()
    for _ in range(70):
        page.page.keyboard.press("Tab")
        here = focused(page)
        reached.add(here["said"])
        if here["is"] != "BODY" and (here["line"] < 2 or not here["seen"]):
            unseen.append(here["path"])
    assert unseen == []
    assert {
        "Read place",
        "Back to the whole of the data",
        "Play the year",
        "Month on the map",
        *TABS,
    } <= reached
    assert {
        "hay meadow",
        "Advanced",
        "Your words, one a line",
        "Guess first",
        "Share as a picture",
    } <= reached
    assert any(said.startswith("December 2018") for said in reached)


def test_escape_takes_back_what_was_typed(page: Shown) -> None:
    box = page.page.locator(".tn-place input")
    before, said = box.input_value(), page.page.locator(".tn-status").inner_text()
    box.press_sequentially("Gent")
    box.press("Escape")
    assert box.input_value() == before
    box.press("Tab")
    page.page.wait_for_timeout(500)
    assert page.page.locator(".tn-status").inner_text() == said
    assert not page.page.locator(".tn-error").is_visible()
    box.fill("3.0238 50.8159")
    box.press("Enter")
    page.expect(lambda: box.input_value() == "3.02380, 50.81590", "the place is not read")
    box.press_sequentially("Gent")
    box.press("Escape")
    assert box.input_value() == "3.02380, 50.81590"


def test_the_whole_map_is_used_without_a_mouse(page: Shown) -> None:
    keys, here = page.page.keyboard, page.page.locator(".tn-answer")
    page.page.locator(".tn-lead").evaluate("() => document.activeElement.blur()")
    tab_to(page, "Longitude, latitude")
    keys.press("Control+A")
    keys.type(f"{THERE[0]}, {THERE[1]}")
    keys.press("Enter")
    page.expect(lambda: f"lon={THERE[0]:.6f}" in page.page.url, "the place is not read")
    tab_to(page, "Map: arrow keys")
    frame = page.page.locator(".tn-map path.leaflet-interactive").first
    before = frame.bounding_box()
    keys.press("ArrowRight")
    page.expect(lambda: frame.bounding_box()["x"] < before["x"] - 40, "the map does not move")
    keys.press("+")
    page.expect(lambda: frame.bounding_box()["width"] > 1.5 * before["width"], "the map is not nearer")
    tab_to(page, "Back to the whole of the data")

    def home() -> bool:
        keys.press("Enter")
        return frame.bounding_box() == pytest.approx(before, abs=2)

    page.expect(home, "the frame does not come back")
    tab_to(page, "Fields")
    keys.press("Enter")
    page.expect(page.page.get_by_role("button", name="Draw a field").is_visible, "another tab is shown")
    tab_to(page, "Your words")
    keys.press("Control+A")
    keys.type("water\nwoodland")
    page.expect(lambda: sorted(page.bars()) == ["water", "woodland"], "not scored")
    tab_to(page, "solar park")
    keys.press("Enter")
    page.expect(lambda: "solar park" in page.bars(), "the example is not added")
    tab_to(page, "Keep this place")
    keys.press("Enter")
    page.expect(lambda: page.page.locator(".leaflet-div-icon").count() == 1, "it is not kept")
    tab_to(page, "April 2018")
    keys.press("Space")
    month = page.page.locator(".tn-month .widget-readout")
    page.expect(lambda: month.inner_text() == "April", "April is not shown")
    tab_to(page, "Play the year")
    keys.press("Enter")
    page.expect(lambda: month.inner_text() == "December", "the year does not play")
    assert here.is_visible()


# Sizes and colours


@pytest.mark.parametrize("size", [PHONE, LAPTOP, WIDE])
def test_nothing_is_beyond_the_right_edge(page: Shown, as_usual, size) -> None:
    resize(page, size)
    for name in TABS:
        page.tab(name)
        assert page.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    right = page.page.locator(".tn-app").bounding_box()
    assert right["x"] + right["width"] >= 0.95 * size[0]
    last = max(
        box["x"] + box["width"]
        for part in (".tn-map", ".tn-words", ".tn-top")
        if (box := page.page.locator(part).first.bounding_box())
    )
    assert 0.95 * size[0] <= last <= size[0]


def test_on_a_phone_the_buttons_of_the_map_lie_beside_each_other(page: Shown, as_usual) -> None:
    resize(page, PHONE)
    rows = [button.bounding_box() for button in page.page.locator(".tn-switch button").all()]
    assert len({row["y"] for row in rows}) == 1
    nearer = page.page.locator(".leaflet-control-zoom-in").bounding_box()
    assert nearer["x"] + nearer["width"] <= rows[0]["x"]


def test_on_a_phone_the_answer_of_a_tap_is_in_view(page: Shown, as_usual) -> None:
    resize(page, PHONE)
    page.page.evaluate("scrollTo(0, 0)")
    frame, room = page.page.locator(".tn-map path.leaflet-interactive").first, page.page.locator(".tn-map")

    def home() -> bool:
        page.page.locator(".tn-home").click()
        return frame.bounding_box()["height"] < room.bounding_box()["height"]

    page.expect(home, "the map does not show the whole of the data")
    before = page.page.url
    page.click(HERE[0] - 0.002, HERE[1])
    page.expect(lambda: page.page.url != before, "no answer")
    box = page.page.locator(".tn-headline").first.bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 844
    assert page.page.locator(".tn-bars .tn-name").first.bounding_box()["y"] < 844


def test_by_night_the_page_is_dark_and_its_words_are_light(page: Shown, as_usual) -> None:
    texts = (
        ".tn-heading h1",
        ".tn-headline",
        ".tn-lead",
        ".tn-words textarea",
        ".tn-bars .tn-share",
        ".tn-told",
    )
    for scheme, dark in (("dark", True), ("light", False)):
        resize(page, LAPTOP, scheme)
        for text in texts:
            ink, paper = colours(page, text)
            assert (paper < 0.05) if dark else (paper > 0.8), (scheme, text)
            assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= 4.5, (scheme, text)


def test_a_kept_place_has_room_for_its_label_and_buttons_say_all_they_say(page: Shown, as_usual) -> None:
    labels = page.page.locator(".tn-table .widget-text input")
    resize(page, (1280, 800))
    page.tab("Kept places")
    if not labels.count():
        page.page.get_by_role("button", name="Keep this place").click()
    page.expect(lambda: labels.count() > 0, "it is not kept")
    labels.first.fill("a hop garden")
    labels.first.press("Enter")
    judge = page.page.get_by_role("button", name="How right are the labels?")
    page.expect(judge.is_visible, "the label is not taken")
    around = page.page.locator(".tn-table .widget-text").first
    for size in (PHONE, (1280, 800)):
        resize(page, size)
        box, room = labels.first.bounding_box(), around.bounding_box()
        assert box["width"] >= 80
        assert room["y"] <= box["y"]
        assert box["y"] + box["height"] <= room["y"] + room["height"]
        for button in page.page.locator(":is(.tn-teach, .tn-take) button:visible").all():
            assert button.evaluate("(e) => e.scrollWidth <= e.clientWidth"), button.inner_text()
            assert button.bounding_box()["x"] + button.bounding_box()["width"] <= size[0]
    resize(page, LAPTOP, "dark")
    ink = labels.first.evaluate("(e) => getComputedStyle(e, '::placeholder').color")
    # that of other small words, which is measured for every page
    assert ink == page.page.locator(".tn-field").first.evaluate("(e) => getComputedStyle(e).color")


@pytest.mark.parametrize("size", [(320, 568), (360, 640), (412, 800)])
def test_a_finger_meets_the_button_that_it_sees_on_the_map(page: Shown, size, as_usual: None) -> None:
    resize(page, size)
    page.expect(
        lambda: page.page.locator(".tn-map").bounding_box()["width"] <= size[0], "the map is wider than that"
    )
    page.page.locator(".tn-map").scroll_into_view_if_needed()
    met = page.page.evaluate(
        """() => [...document.querySelectorAll(".tn-map .leaflet-control :is(a[role=button], button)")].map((e) => {
          const box = e.getBoundingClientRect();
          const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
          return [e.title || e.innerText, e.contains(there) || there.outerHTML.slice(0, 160)];
        })"""
    )
    assert {"Zoom in", "Zoom out", "Back to the whole of the data"} <= {name for name, _ in met}
    assert [(name, there) for name, there in met if there is not True] == []


def test_the_share_of_a_kept_place_is_never_cut(page: Shown, as_usual) -> None:
    shares = page.page.locator(".tn-table .widget-hbox > :nth-child(7)")
    resize(page, (1280, 800))
    page.tab("Kept places")
    page.page.locator(".tn-task select").select_option(label="Land cover")
    read(page, HERE)
    page.page.get_by_role("button", name="Keep this place").click()
    land = page.page.locator(".tn-table > *", has_text="Cropland")
    page.expect(lambda: land.count() > 0, "it is not kept")
    for size in (PHONE, (1280, 800), LAPTOP):
        resize(page, size)
        for cell in [*shares.all(), page.page.locator(".tn-head > :nth-child(7)")]:
            assert cell.evaluate("(e) => e.clientWidth > 0 && e.scrollWidth <= e.clientWidth")
        assert "%" in land.first.locator(":nth-child(7)").inner_text()
    assert page.page.locator(".leaflet-marker-icon").count() >= 1
    assert page.page.locator(".leaflet-marker-icon[tabindex]").count() == 0
    resize(page, (1280, 800))
    name = land.first.locator(":nth-child(6)")
    assert name.evaluate("(e) => e.scrollWidth <= e.clientWidth")


def test_the_box_shows_every_word_of_a_list_of_eight_and_the_answer_beside_it(page: Shown, as_usual) -> None:
    resize(page, (1280, 800))
    page.page.evaluate("scrollTo(0, 0)")
    page.page.locator(".tn-task select").select_option(label="Land cover")
    box = page.page.locator(".tn-words textarea")
    page.expect(lambda: len(box.input_value().splitlines()) == 8, "the words are not there")
    assert box.evaluate("(e) => e.scrollHeight <= e.clientHeight")
    read(page, HERE)
    # a label that another test gave may be a bar more
    bars, chart = (page.page.locator(part).first.bounding_box() for part in (".tn-bars", ".tn-chart"))
    assert bars["y"] + bars["height"] <= 600
    assert chart["y"] + chart["height"] <= 820
    box.fill("\n".join(f"meadow {k}" for k in range(12)))
    assert box.evaluate("(e) => e.scrollHeight > e.clientHeight + 30")
    own_words(page, "a lake", "a wood")
    assert box.bounding_box()["height"] > 70
