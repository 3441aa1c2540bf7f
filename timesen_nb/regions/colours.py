"""Colours of the classes of a map."""

from colorsys import hls_to_rgb

from timesen_nb.plots import AREAS


def class_colours(k: int) -> list[str]:
    """``k`` colours as #RRGGBB: ``AREAS``, then hues by the golden angle, every other one darker."""
    more = max(0, k - len(AREAS))
    rest = [hls_to_rgb((0.1 + n * 0.618034) % 1.0, (0.72, 0.42)[n % 2], 0.5) for n in range(more)]
    return [*AREAS[:k], *("#" + "".join(f"{round(255 * c):02X}" for c in rgb) for rgb in rest)]
