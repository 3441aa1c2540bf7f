"""One site: the notebooks, run, as pages; API reference, benchmarks, model card, teacher's kit. ``make site``.

It asks no other host for anything: formulas are drawn, terms of the glossary have tooltips. Links between notebooks
become links between pages. Widgets live in a kernel, which a page has not: the click map is shown as its still picture.
"""

from __future__ import annotations

import argparse
import html
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from slides import write_slides
from texts import BADGE, FOREIGN, glossary, with_formulas, with_tooltips, write_texts

ROOT = Path(__file__).resolve().parent.parent
#: What the exporter writes where a picture has no description.
NO_ALT = 'alt="No description has been provided for this image"'
MARKS = re.compile(r"[*`]|\]\([^)]*\)|\[")
LOOK = re.compile(r"What to look for.*?(?:\. |\? |$)")
#: A scheme drawn in letters is moved on a narrow screen, not broken.
UNBROKEN = "<style>.jp-RenderedMarkdown pre, .jp-RenderedMarkdown pre code { white-space: pre; overflow: auto }</style>"
WIDGET = "application/vnd.jupyter.widget-view+json"
TO_NOTEBOOK = re.compile(r"\]\((?!\w+:)([^)#\s]+)\.ipynb(#[^)\s]*)?\)")
#: What the API reference shows: the face and its rooms; what lies beside them that users import; and of the sources'
#: folder those that ``open_source`` opens. A function that a module is named after is shown where it is exported.
API = (
    "timesen_nb",
    "timesen_nb.bands",
    "timesen_nb.composite",
    "timesen_nb.nodata",
    "timesen_nb.model.towers",
    "timesen_nb.widgets.answer",
    r"!timesen_nb\.sources\.(?!(cube_file|earth_engine|flanders|sample|stac)$)",
    r"!timesen_nb\.(evaluation|plots)\.",
)
LEARN = re.compile(r"^- (.*(?:\n  .*)*)", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")

INDEX = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>timesen_nb</title>
<style>
body {{ font: 17px/1.55 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; color: #222 }}
img {{ max-width: 100%; border: 1px solid #ddd; border-radius: 4px }}
a {{ color: #0a4a7c }}
h2 {{ margin: 1.4rem 0 0; font-size: 1.15rem }}
ul {{ margin: 0.2rem 0 }}
</style>
</head>
<body>
<h1>timesen_nb</h1>
<p>Click a place on a map and ask, in your own words, what grows there. {count} notebooks, to be read in this order;
here they are as pages, with all that they print and draw. What is simulated is called so; what is
real stands beside it.</p>
<p><img src="click_map.png" alt="The click map: real fields, coloured by the words that fit best; beside them a place
that was clicked: how probable each word is there, and its year"></p>
{items}
<h2><a href="api/timesen_nb.html">API reference</a></h2>
<p>Every public name, from its own docstring: what it takes and gives, shapes, units, and what is missing data. Beside
what <code>timesen_nb</code> and its packages export: {beside}.</p>
<h2>Beside the course</h2>
<ul>
<li><a href="model_card.html">Model card</a>, <a href="benchmarks.html">benchmarks</a>,
<a href="data_cards.html">data cards</a></li>
<li><a href="ethics.html">Bias, privacy, and what not to do</a></li>
<li>For teachers: <a href="plan.html">a plan of two times three hours</a>, <a href="slides.html">slides</a>,
<a href="quiz.html">quiz</a>, <a href="mistakes.html">common mistakes</a>,
<a href="words_game.html">the words game</a></li>
</ul>
</body>
</html>
"""


def as_page(notebook: NotebookNode) -> NotebookNode:
    """The notebook with links to pages, formulas drawn, widgets as pictures; checks folded, cells numbered anew."""
    unseen = {"prose", "colab"}  # tests of the text, and what a page has no use for
    notebook.cells = [cell for cell in notebook.cells if unseen.isdisjoint(cell.metadata.get("tags", ()))]
    notebook.cells = [part for cell in notebook.cells for part in folded(cell)]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = TO_NOTEBOOK.sub(r"](\1.html\2)", BADGE.sub(r"[\1](\2)", cell.source))
            cell.source = with_formulas(text)
            continue
        bars = [o for o in cell.outputs if WIDGET in o.get("data", {}) and "image/png" not in o.data]
        cell.outputs = [o for o in cell.outputs if o not in bars]  # progress that has run its course
        for output in cell.outputs:
            output.get("data", {}).pop(WIDGET, None)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, start=1):
        for numbered in (cell, *cell.outputs):
            if "execution_count" in numbered:
                numbered["execution_count"] = number
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell("[timesen_nb](index.html)"))
    notebook.metadata.pop("widgets", None)
    return notebook


def descriptions(notebook: NotebookNode) -> Iterator[str]:
    """What is read aloud in place of each picture: its section, and what the text below says to look for."""
    section, cells = "", notebook.cells
    for k, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            section = next(iter(re.findall(r"^#+ (.+)$", cell.source, re.MULTILINE)[-1:]), section)
            continue
        below = (LOOK.search(" ".join(c.source.split())) for c in cells[k:] if c.cell_type == "markdown")
        look = next((found.group() for found in below if found), "")
        aloud = MARKS.sub("", f"{section}. {look}").rstrip(" .") + "."
        yield from (aloud for output in cell.outputs if "image/png" in output.get("data", {}))


def folded(cell: NotebookNode) -> list[NotebookNode]:
    """A cell, or in place of one that checks an answer its code to unfold: the right answer stands in it."""
    if "check" not in cell.metadata.get("tags", ()):
        return [cell]
    code = f"<details><summary>How it is checked</summary>\n\n```python\n{cell.source}\n```\n\n</details>"
    return [nbformat.v4.new_markdown_cell(code)]


def write_page(path: Path, site: Path, terms: Mapping[str, str]) -> None:
    """Run a notebook in an empty folder and write its page, on which the glossary's terms say what they mean."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}}
        ).execute()
    notebook = as_page(notebook)
    page, _ = HTMLExporter().from_notebook_node(notebook, resources={"metadata": {"name": path.stem}})
    said = descriptions(notebook)
    page = re.sub(NO_ALT, lambda _: f'alt="{html.escape(next(said))}"', page)
    page = with_tooltips(FOREIGN.sub("", page), terms).replace("</head>", f"{UNBROKEN}</head>", 1)
    (site / f"{path.stem}.html").write_text(page, encoding="utf-8")


def write_index(paths: list[Path], site: Path) -> None:
    """The first page: a line a notebook, with what one learns there."""
    items = []
    for path in paths:
        first = nbformat.read(path, as_version=4).cells[0].source
        title = first.splitlines()[0].removeprefix("# ")
        points = (CODE.sub(r"<code>\1</code>", html.escape(point)) for point in LEARN.findall(first))
        learn = "".join(f"<li>{point.replace('*', '')}</li>" for point in points)
        items.append(
            f'<h2><a href="{path.stem}.html">{path.stem.split("_")[0]} {html.escape(title)}</a></h2>\n<ul>{learn}</ul>'
        )
    beside = ", ".join(
        f'<a href="api/{name.replace(".", "/")}.html">{name}</a>'
        for name in API
        if name.startswith("timesen_nb.")
    )
    page = INDEX.format(items="\n".join(items), beside=beside, count=len(paths))
    (site / "index.html").write_text(page, encoding="utf-8")
    (site / "click_map.png").write_bytes((ROOT / "docs" / "click_map.png").read_bytes())


def write_api(site: Path, *modules: str) -> None:
    """The API reference, made from docstrings, as pages that ask no other host for anything.

    Args:
        site: folder that the pages go to, under ``api``.
        modules: names, each with what it exports; after an exclamation mark a pattern of what is left out.
    """
    import pdoc
    import pdoc.render
    from pdoc.extract import walk_specs

    for name in walk_specs(modules):
        module = import_module(name)
        # what is loaded when first used is not there before
        vars(module).update({n: getattr(module, n) for n in getattr(module, "__all__", ())})
    pdoc.render.configure(docformat="google", show_source=False, footer_text="timesen_nb")
    pdoc.pdoc(*modules, output_directory=site / "api")


def main() -> None:
    """Write the pages of all notebooks, or of those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", help="what the names of the notebooks begin with; all when none is given"
    )
    names = tuple(parser.parse_args().names)
    site = ROOT / "site"
    site.mkdir(exist_ok=True)
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    write_index(paths, site)
    write_api(site, *API)
    write_texts(site, paths)
    write_slides(ROOT / "docs" / "teaching" / "slides.md", site / "slides.html")
    terms = glossary(nbformat.read(paths[0], as_version=4))
    for path in paths:
        if not names or path.name.startswith(names):
            started = time.perf_counter()
            write_page(path, site, terms)
            print(f"site/{path.stem}.html, {time.perf_counter() - started:.0f} s", flush=True)
    print(f"open {site / 'index.html'}")


if __name__ == "__main__":
    main()
