"""What somebody waits for at the served map, in the system's Chromium: ``python -m benchmarks.on_screen``.

From the browser's own event to the frame in which the last change was drawn: a click and its answer, the last letter
of a word and the whole view lit by it. And how far things jump about at a click, as the browser measures it (layout
shift: 0 is nothing). With a busy machine these are upper bounds; processor seconds of the kernel stand beside them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.page_views import prepared, row

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from served_map import PATIENCE, chromium, served_map

CLICKS, LETTERS = 20, 10
QUIET = 1500  # milliseconds without a change: what was to be drawn is drawn

WATCH = """
() => {
  window.seen = { began: 0, drawn: 0, shifts: 0 };
  const began = (event) => { seen.began = event.timeStamp; seen.drawn = 0; };
  document.querySelector(".tn-map").addEventListener("click", began, true);
  document.querySelector(".tn-words textarea").addEventListener("keydown", began, true);
  const changed = () => requestAnimationFrame(() => setTimeout(() => { seen.drawn = performance.now(); }));
  const watch = (selector, what) => new MutationObserver(changed).observe(
    document.querySelector(selector), { subtree: true, ...what });
  watch(".tn-answer", { childList: true, characterData: true, attributes: true });
  watch(".leaflet-overlay-pane", { attributes: true, attributeFilter: ["src", "d"] });
  watch(".tn-key", { childList: true, characterData: true });
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) seen.shifts += entry.value; })
    .observe({ type: "layout-shift" });
}
"""
DRAWN = f"() => seen.drawn > seen.began && performance.now() - seen.drawn > {QUIET}"


def waited(page: Any) -> float:
    """Milliseconds from the last click or key to the last frame that it changed."""
    page.wait_for_function(DRAWN, polling=100)
    return float(page.evaluate("seen.drawn - seen.began"))


def clicks(page: Any, n: int) -> tuple[list[float], list[float]]:
    """Milliseconds and layout shift of clicks at places spread over the map; the first one apart."""
    box = page.locator(".tn-map").bounding_box()
    times, shifts = [], []
    for x, y in np.random.default_rng(0).uniform(0.3, 0.7, (n + 1, 2)):
        page.evaluate("seen.shifts = 0")
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        times.append(waited(page))
        shifts.append(float(page.evaluate("seen.shifts")))
    return times, shifts


def letters(page: Any, n: int) -> list[float]:
    """Milliseconds from a letter to the view lit by the word that it ends."""
    words = page.locator(".tn-words textarea")
    words.fill("hay meadow\nwheat\nmaize\npotatoes\nhouses\nwoodland")
    page.wait_for_function(
        "document.querySelectorAll(\".leaflet-image-layer[src^='data:image/png']\").length == 2"
    )
    page.wait_for_timeout(2 * QUIET)
    words.press("End")
    words.press_sequentially(" o")
    page.wait_for_timeout(2 * QUIET)
    times = []
    for letter in "rchardgrassmeadow"[:n]:  # a space alone would change nothing
        words.press_sequentially(letter)
        times.append(waited(page))
    return times


def measure(core: int | None) -> None:
    where = "kernel on one core" if core is not None else "kernel on all cores"
    with served_map("flanders", "--pages", "1") as server, chromium() as browser:
        prepared(server, 1)
        kernel = server.kernels()[0]
        if core is not None:
            kernel.cpu_affinity([core])
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.set_default_timeout(PATIENCE)
        page.goto(server.address)
        page.wait_for_selector(".leaflet-image-layer[src^='data:image/png']")
        page.wait_for_timeout(2 * QUIET)
        page.evaluate(WATCH)
        before = sum(kernel.cpu_times()[:2])
        (first, *times), (jump, *jumps) = clicks(page, CLICKS)
        spent = 1000 * (sum(kernel.cpu_times()[:2]) - before) / (CLICKS + 1)
        row(f"{where}: first click to drawn answer", f"{first:.0f} ms")
        row(f"{where}: click to drawn answer, median of {CLICKS}", f"{np.median(times):.0f} ms", "300 ms")
        row("  of it the kernel's processor", f"{spent:.0f} ms")
        row("  layout shift: first click, most of the others", f"{jump:.3f}, {max(jumps):.3f}", "0")
        lit = letters(page, LETTERS)
        row(f"{where}: letter to the view lit, median of {LETTERS}", f"{np.median(lit):.0f} ms", "300 ms")


def main() -> None:
    argparse.ArgumentParser(prog="python -m benchmarks.on_screen", description=__doc__).parse_args()
    row("", "measured", "promised")
    row("load of the machine before", f"{psutil.getloadavg()[0]:.1f} on {psutil.cpu_count()} cores")
    measure(None)
    measure(0)


if __name__ == "__main__":
    main()
