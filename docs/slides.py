"""Slides from Markdown, as one page that asks no other host for anything: ``python docs/slides.py FILE PAGE``.

A line of three dashes parts slides; arrow keys, space and clicks turn them; printed, each is a page.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from nbconvert.filters import markdown2html

#: How every page of the site begins.
HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
"""
PAGE = (
    HEAD
    + """<style>
body {{ margin: 0; font: 5vmin/1.4 system-ui, sans-serif; color: #222; background: #fff }}
section {{ display: none; box-sizing: border-box; min-height: 100vh; padding: 8vmin 10vmin }}
section:target, body:not(:has(section:target)) section:first-of-type {{ display: block }}
h1, h2 {{ line-height: 1.15; color: #0a4a7c }}
.anchor-link {{ display: none }}
footer {{ position: fixed; right: 2vmin; bottom: 1vmin; font-size: 2.4vmin; color: #666 }}
@media print {{ section {{ display: block; page-break-after: always }} footer {{ display: none }} }}
</style>
</head>
<body>
{slides}
<footer>arrow keys turn the slides</footer>
<script>
const last = document.querySelectorAll("section").length;
const turn = (step) => {{
  const now = Number(location.hash.slice(2)) || 1;
  location.hash = "s" + Math.min(last, Math.max(1, now + step));
}};
addEventListener("keydown", (e) => {{
  if (["ArrowRight", "PageDown", " "].includes(e.key)) turn(1);
  if (["ArrowLeft", "PageUp"].includes(e.key)) turn(-1);
}});
addEventListener("click", () => turn(1));
</script>
</body>
</html>
"""
)


def write_slides(source: Path, page: Path) -> int:
    """Write the page; how many slides it has."""
    parts = [
        part.strip() for part in re.split(r"^---$", source.read_text(encoding="utf-8"), flags=re.MULTILINE)
    ]
    slides = "\n".join(
        f'<section id="s{k}">{markdown2html(part)}</section>' for k, part in enumerate(parts, start=1)
    )
    title = parts[0].splitlines()[0].removeprefix("# ")
    page.write_text(PAGE.format(title=title, slides=slides), encoding="utf-8")
    return len(parts)


def main() -> None:
    """Write the slides of a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, nargs="?", default=Path("docs/teaching/slides.md"))
    parser.add_argument("page", type=Path, nargs="?", default=Path("slides.html"))
    given = parser.parse_args()
    print(f"{given.page}: {write_slides(given.source, given.page)} slides")


if __name__ == "__main__":
    main()
