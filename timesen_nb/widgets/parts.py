"""What the parts of the map are, for those who do not see it: in a notebook as on the served page, by one script."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ipywidgets as w

#: Runs the script for the map that the widget stands in.
IN_NOTEBOOKS = """
export default {
  render({ el }) {
    const look = setInterval(() => {
      const app = el.closest(".tn-app");
      if (app) { clearInterval(look); sayParts(app); }
    }, 100);
    return () => clearInterval(look);
  },
};
"""


def parts_script() -> str:
    """The script: names, roles and headings that widgets cannot give themselves."""
    return files(__package__).joinpath("parts.js").read_text("utf-8")


def said_parts() -> w.DOMWidget:
    """A widget that shows nothing and runs the script for the map around it."""
    from anywidget import AnyWidget

    return AnyWidget(_esm=parts_script() + IN_NOTEBOOKS)
