"""Colours of the classes of a map."""

from colorsys import hls_to_rgb

#: The light scheme of Tol (2021), made for labelled areas and told apart by the colour-blind, in an order that suits
#: land cover: roofs, fields, woods, scrub, grass, soil, lakes, marshes.
AREAS = ("#EE8866", "#EEDD88", "#44BB99", "#AAAA00", "#BBCC33", "#FFAABB", "#77AADD", "#99DDFF")


def class_colours(k: int) -> list[str]:
    """``k`` colours as #RRGGBB: :data:`AREAS`, then hues by the golden angle, every other one darker."""
    more = max(0, k - len(AREAS))
    rest = [hls_to_rgb((0.1 + n * 0.618034) % 1.0, (0.72, 0.42)[n % 2], 0.5) for n in range(more)]
    return [*AREAS[:k], *("#" + "".join(f"{round(255 * c):02X}" for c in rgb) for rgb in rest)]
