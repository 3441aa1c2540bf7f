"""What the pages of the site are made of beside notebooks: formulas, tooltips, common mistakes, texts in Markdown.

Nothing of it asks another host for anything: formulas are drawn here, scripts of other hosts are left out.
"""

from __future__ import annotations

import ast
import base64
import html
import io
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import nbformat
from nbconvert.filters import markdown2html
from nbformat import NotebookNode
from slides import HEAD

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = "https://github.com/timesen-nb/timesen_nb/blob/main/"
#: Texts of the repository -> pages of the site.
TEXTS = {
    "docs/teaching/plan.md": "plan",
    "docs/teaching/quiz.md": "quiz",
    "docs/teaching/words_game.md": "words_game",
    "docs/ethics.md": "ethics",
    "timesen_nb/data/README.md": "data_cards",
    "MODEL_CARD.md": "model_card",
    "benchmarks/README.md": "benchmarks",
}
SLIDES = {"docs/teaching/slides.md": "slides"}  # written by ``slides``
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$\w])\$([^$\s](?:[^$\n]*[^$\s])?)\$(?!\w)", re.DOTALL)
BADGE = re.compile(r"\[!\[(\w+)\]\([^)]*\)\]\(([^)]*)\)")
ENTRY = re.compile(r"^\| (\*\*.+?\*\*(?:, \*\*.+?\*\*)*) \| (.+?) \|$", re.MULTILINE)
FOREIGN = re.compile(
    r"<script[^>]*\bsrc=\"https?://[^\"]*\"[^>]*>\s*</script>|<script[^>]*>(?:(?!</script>).)*?https?://cdn.*?</script>",
    re.DOTALL,
)
ASKED = re.compile(r"^### (Exercise \d+): (.+)$", re.MULTILINE)
#: What lies in these is left as it is.
QUIET = ("a", "abbr", "code", "strong")
PAGE = (
    HEAD
    + """<style>
body {{ font: 17px/1.55 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; color: #222 }}
a {{ color: #0a4a7c }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; margin: 1rem 0; font-size: 0.9em }}
td, th {{ border: 1px solid #ddd; padding: 0.2rem 0.5rem; text-align: left; vertical-align: top }}
img {{ max-width: 100% }}
pre {{ overflow-x: auto; font-size: 0.7em }}
code {{ overflow-wrap: break-word }}
.anchor-link {{ display: none }}
</style>
</head>
<body>
<p><a href="index.html">timesen_nb</a></p>
{body}
</body>
</html>
"""
)


@cache
def drawn(formula: str) -> str:
    """A formula as an image that lies in the page on the line of its text; its TeX is what is read aloud."""
    from matplotlib.mathtext import math_to_image

    picture = io.BytesIO()
    depth = math_to_image(f"${formula}$", picture, dpi=72, format="svg")  # at a font size of 10
    height = float(re.findall(rb'height="([\d.]+)pt"', picture.getvalue())[0])
    data = base64.b64encode(picture.getvalue()).decode()
    style = f"height: {height / 10:.2f}em; vertical-align: {-depth / 10:.2f}em"
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{html.escape(formula)}" style="{style}">'


def with_formulas(text: str) -> str:
    """Markdown with its formulas drawn; code stays as it is."""
    parts = re.split(r"(```.*?```|`[^`]*`)", text, flags=re.DOTALL)
    return "".join(part if part.startswith("`") else FORMULA.sub(_formula, part) for part in parts)


def _formula(found: re.Match[str]) -> str:
    shown, inline = found.groups()
    if shown is None:
        return drawn(inline.strip())
    return f'<span style="display: block; text-align: center">{drawn(" ".join(shown.split()))}</span>'


def glossary(notebook: NotebookNode) -> dict[str, str]:
    """Term -> meaning, from the table of the first notebook."""
    table = next(cell.source for cell in notebook.cells if "## Glossary" in cell.source)
    return {
        term: meaning.replace("*", "")
        for terms, meaning in ENTRY.findall(table)
        for term in re.findall(r"\*\*(.+?)\*\*", terms)
    }


def with_tooltips(page: str, terms: Mapping[str, str]) -> str:
    """A page on which each term of the glossary says what it means where it first stands in a paragraph."""
    left = dict(terms)

    def paragraph(found: re.Match[str]) -> str:
        out, quiet = [], 0
        for part in re.split(r"(<[^>]+>)", found.group()):
            if part.startswith("<"):
                name = part.strip("</>").split()[0]
                quiet += (part[1] != "/") - (part[1] == "/") if name in QUIET else 0
            elif not quiet:
                part = _first(part, left)
            out.append(part)
        return "".join(out)

    return re.sub(r"<p>.*?</p>", paragraph, page, flags=re.DOTALL)


def _first(text: str, left: dict[str, str]) -> str:
    """The text with the first term that is left marked, which then is left no more."""
    for term in sorted(left, key=len, reverse=True):
        found = re.search(rf"\b{re.escape(term)}s?\b", text)
        if found:
            title = html.escape(left.pop(term), quote=True)
            marked = f'<abbr title="{title}">{found.group()}</abbr>'
            return _first(text[: found.start()], left) + marked + _first(text[found.end() :], left)
    return text


def mistakes(notebook: NotebookNode) -> dict[str, list[str]]:
    """Exercise -> what is said of its usual wrong answers, from the cells that check them."""
    found = {}
    for cell in notebook.cells:
        if "check" not in cell.metadata.get("tags", ()):
            continue
        for call in ast.walk(ast.parse(cell.source)):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "check":
                given = next(k.value for k in call.keywords if k.arg == "mistakes")
                assert isinstance(given, ast.Dict)
                found[ast.literal_eval(call.args[0])] = [ast.literal_eval(key) for key in given.keys if key]
    return found


def common_mistakes(paths: Sequence[Path]) -> str:
    """Markdown of the usual wrong answers to all exercises."""
    lines = ["# Common mistakes", "", "What the checks say of the usual wrong answers, exercise by exercise."]
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
        lines += ["", f"## [{path.stem.split('_')[0]} {title}]({path.stem}.html)"]
        asked = dict(ASKED.findall("\n".join(cell.source for cell in notebook.cells)))
        for exercise, said in mistakes(notebook).items():
            lines += ["", f"**{exercise}: {asked[exercise]}**", "", *(f"- {each}" for each in said)]
    return "\n".join(lines)


def links(text: str, here: Path) -> str:
    """Markdown whose links lead to pages of the site, or else to the repository."""

    def page(found: re.Match[str]) -> str:
        target = (here.parent / found[1]).resolve().relative_to(ROOT).as_posix()
        to = (TEXTS | SLIDES).get(target, Path(target).stem if target.endswith(".ipynb") else "")
        return f"]({to}.html{found[2] or ''})" if to else f"]({REPOSITORY}{target})"

    return LINK.sub(page, text)


def write_text(text: str, page: Path) -> None:
    """Markdown as a page of the site."""
    title = next(line for line in text.splitlines() if line.startswith("# ")).removeprefix("# ")
    page.write_text(
        PAGE.format(title=html.escape(title), body=markdown2html(with_formulas(text))), encoding="utf-8"
    )


def write_texts(site: Path, paths: Sequence[Path]) -> None:
    """The pages that are no notebooks."""
    for source, name in TEXTS.items():
        path = ROOT / source
        write_text(links(path.read_text(encoding="utf-8"), path), site / f"{name}.html")
    write_text(common_mistakes(paths), site / "mistakes.html")
