"""What the screen shows, as the calls that give it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from timesen_nb.model.weights_name import weights_name

if TYPE_CHECKING:
    from timesen_nb.sources import Source
    from timesen_nb.widgets.drawn_fields import Fields
    from timesen_nb.widgets.session import Session

#: Sources that a name alone opens, by their class.
_NAMED = {"FlandersSource": "flanders", "SampleSource": "sample"}
#: So many fields at most are written out.
MOST_FIELDS = 20
#: Sources that need what only their user knows.
_ASKED = {"EarthEngineSource": "earthengine", "StacSource": "stac"}


def as_python(session: Session) -> str:
    """The calls that reproduce what the screen shows: classifier, what taught it, last answer, map and fields.

    It holds the coordinates of the places.

    Args:
        session: of the app.

    Returns:
        Python; a comment stands where a call needs what only its user knows.
    """
    asked: Any = session.question.asked
    classes = asked if isinstance(asked, str) else list(getattr(asked, "classes", asked))
    lines = [
        "import numpy as np", "", "import timesen_nb as tn", "",
        _model(session), _source(session.source),
        f"zs = model.zero_shot({classes!r}, prompts={session.prompts!r})",
    ]  # fmt: skip
    if session.lesson.labels:
        kept = [(session.kept[number], label) for number, label in session.lesson.labels.items()]
        lines += [
            "",
            "# kept places that were labelled: longitude, latitude, year and what stands there",
            "known = [",
        ]
        lines += [f"    ({a.lon!r}, {a.lat!r}, {a.series.year}, {label!r}),{_other(a.series.source, session)}"
                  for a, label in kept]  # fmt: skip
        lines += ["]", "series = [source.pixel(lon, lat, year=year) for lon, lat, year, _ in known]",
                  "zs = zs.teach(series, [label for *_, label in known])"]  # fmt: skip
    if session.lesson.loaded is not None:
        lines += ["", "# the places of your file: vectors and labels as they were read",
                  '# points = tn.datasets.read_points("points.geojson", source=source)',
                  "# zs = zs.teach(points.values, points.labels.tolist())"]  # fmt: skip
    if session.question.empty and session.question.meant is not None:
        known = [k for k in range(len(session.classes)) if k not in session.question.empty]
        lines += ["", "# the other words mean nothing", f"known = {known!r}",
                  "zs = tn.ZeroShot([zs.classes[k] for k in known], zs.vectors[known], zs.scale, zs.encode,",
                  "                 passing=zs.passing[known], limits=zs.limits)"]  # fmt: skip
    if session.result is not None:
        a = session.result
        lines += ["", "# the last answer",
                  f"p = zs.probabilities(source.pixel({a.lon!r}, {a.lat!r}, year={a.series.year}))[0]"
                  f"{_other(a.series.source, session)}"]  # fmt: skip
        lines += ["print(dict(zip(zs.classes, np.round(p, 3).tolist())))"]
    if session.view is not None:
        view = session.view.view
        lines += ["", "# the map", f"cube = source.cube({view.bbox!r}, year={view.year})",
                  'maps = tn.map_region(zs, cube, keep="int8", every_class=True)',
                  'tn.regions.save_geotiff(maps, "map.tif")']  # fmt: skip
    if session.fields is not None:
        lines += ["", "# fields: a row of the table each", *_fields(session.fields)]
    return "\n".join(lines) + "\n"


def _fields(fields: Fields) -> list[str]:
    """The calls for fields: their corners, where they are few."""
    view = fields.encoded.view
    few = len(fields.polygons) <= MOST_FIELDS
    shapes = [
        {"type": "Feature", "properties": {}, "geometry": shape.__geo_interface__}
        for shape in fields.polygons.geometry
    ]
    given = {"type": "FeatureCollection", "features": shapes}
    return [
        f"polygons = {given!r}" if few else 'polygons = "fields.gpkg"  # the file that you loaded',
        f"cube = source.cube({view.bbox!r}, year={view.year})",
        "table = tn.regions.field_table(tn.map_region(zs, cube), polygons)",
        "print(table.drop(columns='geometry'))",
    ]


def model_name(session: Session) -> str:
    """What the model is called in files: "pocket", or the beginning of its weights' fingerprint."""
    return weights_name(session.model.weights.fingerprint())


def _model(session: Session) -> str:
    name = model_name(session)
    if name == "pocket":
        return 'model = tn.load("pocket")'
    return f"model = tn.load(...)  # the file of {name}"


def _source(source: Source) -> str:
    kind = type(source).__name__
    if kind in _NAMED:
        return f"source = tn.open_source({_NAMED[kind]!r})"
    if kind in _ASKED:
        return f"source = tn.open_source({_ASKED[kind]!r})  # and the options you gave"
    return f"source = tn.open_source(...)  # as you opened it: {' '.join(source.name.split())}"


def _other(source: str, session: Session) -> str:
    """A remark on a place that another source gave."""
    return "" if source == session.source.name else f"  # read from: {' '.join(source.split())}"
