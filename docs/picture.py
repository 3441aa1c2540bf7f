"""The picture of the click map in the README: ``make picture`` writes docs/click_map.png.

Serves the app on the simulated sample, opens it in the system's Chromium, clicks a place, and takes a screenshot.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

import timesen_nb as tn

PICTURE = Path(__file__).resolve().parent / "click_map.png"
SIZE = {"width": 1280, "height": 800}
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> None:
    """Serve, click, take the picture; exits in words when Chromium is missing."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not installed; on Debian: apt-get install chromium")
    command = [sys.executable, "-m", "timesen_nb.widgets.serve"]
    env = {**os.environ, "TIMESEN_SOURCE": "sample"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            assert server.stdout is not None
            found = (re.search(r"http://127\.0\.0\.1:\d+/", line) for line in server.stdout)
            take(chromium, next(m for m in found if m).group())
        finally:
            server.terminate()
            server.wait()
    print(f"{PICTURE.name}: {PICTURE.stat().st_size // 1024} kB")


def take(chromium: str, address: str) -> None:
    """Open the page, read a field of the sample, save what is seen."""
    places = tn.open_source("sample").survey(each=1, seed=3)
    lon, lat = places[list(tn.tasks["land_cover"].classes).index("Cropland")]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(240_000)
        page.goto(address)
        page.wait_for_selector(".leaflet-image-layer[src^='data:image/png']")
        page.locator(".tn-place input").fill(f"{lon:.5f}, {lat:.5f}")
        page.keyboard.press("Enter")
        page.wait_for_selector(".tn-views img:visible")
        page.mouse.move(5, 795)
        page.wait_for_timeout(1500)
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
