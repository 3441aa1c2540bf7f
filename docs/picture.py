"""Pictures of the click map: ``make picture`` writes those of the README, docs/click_map.png and docs/words.gif.

Serves the app on the real sample, opens it in the system's Chromium, clicks a place, and takes a screenshot; then types
words and takes one after each letter. With the name of a folder, as ``make screenshots`` gives it, it takes the app as
it opens and with an answer into that folder, at every size of :data:`SIZES`, by day and by night.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import timesen_nb as tn

ColorScheme = Literal["light", "dark"]
PICTURE = Path(__file__).resolve().parent / "click_map.png"
MOVING = PICTURE.with_name("words.gif")
SIZE = (1280, 800)
FRAME = {"width": 800, "height": 500}  # of the moving picture
TYPED = "\norchard\nmaize field"
LETTER = 130  # milliseconds a frame; the last stays for two seconds
SCHEMES: tuple[ColorScheme, ...] = ("light", "dark")
SIZES = {"laptop": (1366, 768), "wide": (1920, 1080), "phone": (390, 844)}
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main(argv: Sequence[str] | None = None) -> None:
    """Serve and take the pictures; exits in words when Chromium is missing."""
    parser = argparse.ArgumentParser(description="Pictures of the click map.")
    parser.add_argument(
        "folder", nargs="?", type=Path, help="of screenshots; left out: the README's pictures"
    )
    folder: Path | None = parser.parse_args(argv).folder
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not installed; on Debian: apt-get install chromium")
    command = [sys.executable, "-m", "timesen_nb.widgets.serve"]
    env = {**os.environ, "TIMESEN_SOURCE": "flanders"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            assert server.stdout is not None
            found = (re.search(r"http://127\.0\.0\.1:\d+/", line) for line in server.stdout)
            address = next(m for m in found if m).group()
            with sync_playwright() as play:
                browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
                made = look(browser, address, folder) if folder else take(browser, address)
                browser.close()
        finally:
            server.terminate()
            server.wait()
    for path in made:
        print(f"{path.name}: {path.stat().st_size // 1024} kB")


def opened(browser: Browser, address: str, width: int, height: int, scheme: ColorScheme = "light") -> Page:
    """A page of the app whose landscape is drawn."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.set_default_timeout(240_000)
    page.goto(address)
    page.wait_for_selector(".leaflet-image-layer[src^='data:image/png']")
    return page


def ask(page: Page) -> None:
    """Read a field of the sample."""
    west, south, east, north = tn.open_source("flanders").bounds
    lon, lat = west + 0.62 * (east - west), south + 0.55 * (north - south)
    page.locator(".tn-place input").fill(f"{lon:.5f}, {lat:.5f}")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tn-headline:visible")
    page.mouse.move(5, page.viewport_size["height"] - 5 if page.viewport_size else 0)
    page.wait_for_timeout(1500)


def look(browser: Browser, address: str, folder: Path) -> list[Path]:
    """Take the app as it opens and with an answer, at every size, by day and by night."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, (width, height) in SIZES.items():
        page = opened(browser, address, width, height)
        page.wait_for_timeout(1500)
        made.append(folder / f"{name}_first.png")
        page.screenshot(path=made[-1])
        ask(page)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            made.append(folder / f"{name}_{scheme}.png")
            page.screenshot(path=made[-1])
        page.close()
    return made


def take(browser: Browser, address: str) -> list[Path]:
    """Open the page, read a field of the sample, save what is seen; then type words, and save what is seen of that."""
    page = opened(browser, address, *SIZE)
    ask(page)
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
    frames[0].save(
        MOVING,
        save_all=True,
        append_images=frames[1:],
        loop=0,
        duration=[LETTER] * len(TYPED) + [2000],
        optimize=True,
    )
    return [PICTURE, MOVING]


def _frame(page: Page) -> Image.Image:
    whole = Image.open(BytesIO(page.screenshot())).convert("RGB")
    return whole.resize((FRAME["width"], FRAME["height"]), Image.Resampling.LANCZOS).quantize(96)


if __name__ == "__main__":
    main()
