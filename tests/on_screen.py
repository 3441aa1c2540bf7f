"""What tests do to a page of the click map, and what they see of it."""

import io
from base64 import b64decode
from urllib.parse import parse_qs

import numpy as np
from PIL import Image
from test_browser import Shown

LAYERS = ".leaflet-image-layer[src^='data:image/png']"
#: Notes images that break, were it for a moment, and how far what is seen moves by itself. Tiles are on another host.
WATCH = """
window.broken = []; window.shifts = [];
document.addEventListener("error", (event) => {
  const image = event.target;
  if (image.tagName === "IMG" && !image.src.startsWith("https://tile")) broken.push(image.outerHTML.slice(0, 200));
}, true);
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    shifts.push([entry.value, entry.sources.map((s) => (s.node && s.node.className) || String(s.node))]);
}).observe({ type: "layout-shift", buffered: true });
"""


def style(page: Shown, selector: str, name: str) -> str:
    return page.page.evaluate("([s, n]) => getComputedStyle(document.querySelector(s))[n]", [selector, name])


def read(page: Shown, place: tuple[float, float]) -> None:
    """Click a place and wait for its answer."""
    page.click(*place)
    page.expect(lambda: np.allclose(page.place(), place, atol=2e-4), f"no answer for {place}")
    page.page.locator(".tn-headline:visible").wait_for()


def drawn(page: Shown, layer: int) -> np.ndarray:
    """A layer of the map, as (rows, columns, RGBA)."""
    url = page.page.locator(LAYERS).nth(layer).get_attribute("src")
    return np.asarray(Image.open(io.BytesIO(b64decode(url.partition(",")[2]))).convert("RGBA"))


def own_words(page: Shown, *words: str) -> None:
    """Type words, one a line, letter by letter."""
    box = page.page.locator(".tn-words textarea")
    box.focus()
    page.page.keyboard.press("Control+A")
    page.page.keyboard.type("\n".join(words))

    def heard() -> bool:
        # bars may hold the words from before; letters that are still on their way change the address
        address = parse_qs(page.page.evaluate("location.hash.slice(1)"))
        return address.get("word", [])[: len(words)] == list(words) and set(words) <= set(page.bars())

    page.expect(heard, f"{words} are not scored")


def legend(page: Shown) -> list[str]:
    return [row.inner_text() for row in page.page.locator(".tn-swatches .widget-hbox:visible").all()]
