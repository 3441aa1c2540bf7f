"""The click map: the only place that knows a screen."""

from timesen_nb.widgets.click_map import ClickMap

__all__ = ["ClickMap"]
