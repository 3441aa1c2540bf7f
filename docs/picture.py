"""The pictures of the click map in the README: ``make picture`` writes docs/click_map.png and docs/words.gif.

Serves the app on the real sample, opens it in the system's Chromium, clicks a place, and takes a screenshot; then types
words and takes one after each letter.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

import timesen_nb as tn

PICTURE = Path(__file__).resolve().parent / "click_map.png"
MOVING = PICTURE.with_name("words.gif")
SIZE = {"width": 1280, "height": 800}
FRAME = {"width": 800, "height": 500}  # of the moving picture
TYPED = "\norchard\nmaize field"
LETTER = 130  # milliseconds a frame; the last stays for two seconds
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> None:
    """Serve, click, take the picture; exits in words when Chromium is missing."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not installed; on Debian: apt-get install chromium")
    command = [sys.executable, "-m", "timesen_nb.widgets.serve"]
    env = {**os.environ, "TIMESEN_SOURCE": "flanders"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            assert server.stdout is not None
            found = (re.search(r"http://127\.0\.0\.1:\d+/", line) for line in server.stdout)
            take(chromium, next(m for m in found if m).group())
        finally:
            server.terminate()
            server.wait()
    for made in (PICTURE, MOVING):
        print(f"{made.name}: {made.stat().st_size // 1024} kB")


def take(chromium: str, address: str) -> None:
    """Open the page, read a field of the sample, save what is seen; then type words, and save what is seen of that."""
    west, south, east, north = tn.open_source("flanders").bounds
    lon, lat = west + 0.62 * (east - west), south + 0.55 * (north - south)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(240_000)
        page.goto(address)
        page.wait_for_selector(".leaflet-image-layer[src^='data:image/png']")
        page.locator(".tn-place input").fill(f"{lon:.5f}, {lat:.5f}")
        page.keyboard.press("Enter")
        page.wait_for_selector(".tn-headline:visible")
        page.locator(".tn-chips button").first.click()
        page.wait_for_selector(".tn-swatches input[type=color]:visible")
        page.mouse.move(5, 795)
        page.wait_for_timeout(1500)
        page.screenshot(path=PICTURE)
        page.locator(".tn-words textarea").focus()
        page.keyboard.press("Control+End")
        frames = [_frame(page)]
        for letter in TYPED:
            page.keyboard.type(letter)
            page.wait_for_timeout(400)
            frames.append(_frame(page))
        browser.close()
    frames[0].save(
        MOVING,
        save_all=True,
        append_images=frames[1:],
        loop=0,
        duration=[LETTER] * len(TYPED) + [2000],
        optimize=True,
    )


def _frame(page: Page) -> Image.Image:
    whole = Image.open(BytesIO(page.screenshot())).convert("RGB")
    return whole.resize((FRAME["width"], FRAME["height"]), Image.Resampling.LANCZOS).quantize(96)


if __name__ == "__main__":
    main()
