"""What is drawn with matplotlib, in one home. It knows arrays and tables, no model and no source.

One idea a file.

    series       a pixel's year
    maps         a map of a region with its legend
    map_label    the label of a map, however it was kept
    reports      confusion, reliability
    training     loss and accuracy of a run
    colours      of the classes
    true_colour  a month as people see it
"""

from timesen_nb.plots.colours import AREAS, class_colours
from timesen_nb.plots.maps import plot_map
from timesen_nb.plots.reports import plot_confusion, plot_reliability, plot_report
from timesen_nb.plots.series import plot_series
from timesen_nb.plots.true_colour import true_colour

__all__ = [
    "AREAS", "class_colours", "plot_confusion", "plot_map", "plot_reliability", "plot_report", "plot_series",
    "true_colour",
]  # fmt: skip
