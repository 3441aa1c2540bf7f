"""The click map: the only place that knows a screen. Loaded when it is asked for: the server needs none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from timesen_nb.widgets.click_map import ClickMap

__all__ = ["ClickMap"]


def __getattr__(name: str) -> Any:
    if name == "ClickMap":
        from timesen_nb.widgets.click_map import ClickMap

        return ClickMap
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
