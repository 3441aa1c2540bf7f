"""What somebody waits for at the served map, in the system's Chromium: ``python -m benchmarks.on_screen``.

From the browser's own event to the frame in which the last change was drawn: a click and its answer, the last letter
of a word and the whole view lit by it. How many months a second are drawn while the year plays, and how far chart, map
and ground views are apart. And how far things jump about at a click, as the browser measures it (layout
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
#: Notes when chart, map and ground show another month.
PLAYED = """
() => {
  window.played = { chart: [], map: [], ground: [] };
  const note = (part) => requestAnimationFrame(() => setTimeout(() => { played[part].push(performance.now()); }));
  const watch = (part, selector, attribute, counts) => new MutationObserver((changes) => {
    if (changes.some((change) => counts(change.target))) note(part);
  }).observe(document.querySelector(selector), { subtree: true, attributes: true, attributeFilter: [attribute] });
  watch("chart", ".tn-months", "class", (part) => part.classList.contains("tn-now"));
  watch("map", ".leaflet-overlay-pane", "src", (part) => part === document.querySelector("img.leaflet-image-layer"));
  watch("ground", ".tn-views", "src", (part) => part === document.querySelector(".tn-views img"));
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


def play(page: Any) -> dict[str, list[float]]:
    """Milliseconds at which each part showed another month while the year played, January to December."""
    page.locator(".tn-month .noUi-handle").focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(QUIET)
    page.evaluate("for (const part in played) played[part].length = 0")
    page.locator(".tn-play button").first.click()
    page.wait_for_timeout(8 * QUIET)
    seen: dict[str, list[float]] = page.evaluate("played")
    return seen


def playing(core: int | None) -> None:
    """The year of a place of the simulated landscape, which alone has ground views."""
    where = "kernel on one core" if core is not None else "kernel on all cores"
    with served_map("sample", "--pages", "1") as server, chromium() as browser:
        prepared(server, 1)
        if core is not None:
            server.kernels()[0].cpu_affinity([core])
        page = opened(browser, server)
        page.evaluate(WATCH)
        clicks(page, 0)
        page.evaluate(PLAYED)
        for time in ("first", "second"):
            seen = play(page)
            rates = [1000 * (len(at) - 1) / (at[-1] - at[0]) for at in seen.values()]
            counts = "/".join(str(len(at)) for at in seen.values())
            row(f"{where}: months a second, {time} time", f"{min(rates):.1f} ({counts} of 11)", "3")
            if len({len(at) for at in seen.values()}) == 1:
                apart = np.ptp([*seen.values()], axis=0)
                row("  chart, map and ground apart, most", f"{apart.max():.0f} ms")


def opened(browser: Any, server: Any) -> Any:
    """The page in a window, once it is drawn."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(PATIENCE)
    page.goto(server.address)
    page.wait_for_selector(".leaflet-image-layer[src^='data:image/png']")
    page.wait_for_timeout(2 * QUIET)
    return page


def measure(core: int | None) -> None:
    where = "kernel on one core" if core is not None else "kernel on all cores"
    with served_map("flanders", "--pages", "1") as server, chromium() as browser:
        prepared(server, 1)
        kernel = server.kernels()[0]
        if core is not None:
            kernel.cpu_affinity([core])
        page = opened(browser, server)
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
    parser = argparse.ArgumentParser(prog="python -m benchmarks.on_screen", description=__doc__)
    parser.add_argument("--play", action="store_true", help="the playing year alone")
    only_play = parser.parse_args().play
    row("", "measured", "promised")
    row("load of the machine before", f"{psutil.getloadavg()[0]:.1f} on {psutil.cpu_count()} cores")
    for core in (None, 0):
        if not only_play:
            measure(core)
        playing(core)


if __name__ == "__main__":
    main()
