"""What an error says on a page: its reader has buttons and boxes, and no Python.

Errors are raised for whoever calls a function, and end with the call that mends it. On a page another cure stands in
its place, or none.
"""

from __future__ import annotations

import re

#: A call, a name of the package, or an option of a call.
PYTHON = re.compile(
    r"\b(?:open_source\(|(?:tn|timesen_nb|ee|model|maps|cube|frame)\.\w|(?:project|key|catalog|group|rename|offset|nodata|crs|"
    r"out_of_range|deadline|cache|bbox|source)=)|pip install|`ee\.|`import "
)
#: What mends it on the page, by what is found in the sentence that says how Python mends it.
CURES = (
    (r"pip install", "Whoever runs this map can install it."),
    (r"project's ID", "Check the project's ID (not its name), or ask its owner for the roles Service Usage Consumer "
     "and Earth Engine Resource Viewer."),
    (r"signed in with", "Check the project, and the account that is signed in on the machine that runs this map."),
    (r"Authenticate",
     "Whoever runs this map signs in on its machine once, with the command earthengine authenticate."),
    (r"project=", "Type its ID under Data."),
    (r'open_source\("stac"', "Without an account, the open STAC catalogs and the samples work."),
    (r'open_source\("sample"', "the samples work offline."),
    (r'open_source\("earthengine"', "Open it again under Data."),
    (r"make_valid\(", "Repair the file, for example with Fix geometries in QGIS, or draw the field."),
    (r"set_crs\(", "Export it again with its coordinate system, such as WGS 84."),
    (r"deadline=", "The server is busy or the connection hangs: try again later."),
    (r"(?:crs|offset|rename|group|nodata|out_of_range)=",
     "Say it in the file itself, or open the file in a notebook, where it can be said."),
)  # fmt: skip
_SENTENCES = re.compile(r"(?<=[.!?;])\s+(?=[^\s\d])")


def for_the_page(problem: str) -> str:
    """An error in the words of somebody who uses a map.

    Args:
        problem: as it was raised.

    Returns:
        The same without calls of Python; what cannot be mended on the page stands without a cure.
    """
    # the first sentence says what is wrong, in whatever words
    what, *cures = _SENTENCES.split(problem)
    said = [what]
    for cure in cures:
        page = _on_the_page(cure)
        if page and page not in said:
            said.append(page)
    return re.sub(r";$", ".", " ".join(said))


def _on_the_page(cure: str) -> str:
    if not PYTHON.search(cure):
        return cure
    return next((page for found, page in CURES if re.search(found, cure)), "")
