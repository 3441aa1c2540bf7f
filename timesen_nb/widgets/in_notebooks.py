"""The click map in a notebook: live where widgets are shown, a still picture where they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as w

from timesen_nb.widgets.base_layer import BaseLayer
from timesen_nb.widgets.parts import said_parts
from timesen_nb.widgets.session import Session
from timesen_nb.widgets.view_layer import ViewLayer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LANDSCAPE_WAITS = 60.0  # seconds a still picture or a served page waits for a landscape that is being drawn


class InNotebooks:
    """How a map shows itself.

    session: what is shown. model_id: of the widget that shows it.
    """

    session: Session
    model_id: str
    children: tuple[w.Widget, ...]
    _parts_said = False
    _landscape: BaseLayer
    _layer: ViewLayer

    def __repr__(self) -> str:
        answer = self.session.result
        said = answer.top if answer else "nothing clicked yet"
        return f"<ClickMap of {self.session.source.name}, {self.session.year}, {self.session.task}: {said}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The live map, and what is shown where it cannot be drawn: a still picture, and how to go on."""
        from timesen_nb.widgets.still import HOW_WITHOUT

        self._say_parts()
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {
            "application/vnd.jupyter.widget-view+json": view,
            "text/plain": f"{self!r}\n{HOW_WITHOUT}",
            "image/png": self._picture(),
        }

    def _say_parts(self) -> None:
        """Names and roles for those who do not see the map; the served page says them by itself."""
        if not self._parts_said:
            self.children, self._parts_said = (*self.children, said_parts()), True

    _ipython_display_ = None  # ipywidgets 7 has one, which would show the live map alone

    def _picture(self) -> bytes:
        from timesen_nb.widgets.still import still_png

        return still_png(self.still())

    def settle(self) -> None:
        """Wait until the landscape and what lies on it are drawn, but not longer than a minute for each."""
        self._landscape.settle(LANDSCAPE_WAITS)
        self._layer.settle(LANDSCAPE_WAITS)

    def still(self) -> Figure:
        """Map and last answer as a figure, for places where no live map can be drawn, and for print.

        Returns:
            A matplotlib figure.
        """
        from timesen_nb.widgets.still import draw_still

        self.settle()
        places = {n: (a.lon, a.lat) for n, a in self.session.kept}
        return draw_still(
            self._landscape.picture,
            self._layer.drawn,
            self.session.source.bounds,
            self.session.result,
            places,
        )
