"""What the screen shows, as the calls that give it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from timesen_nb.model.fingerprint import weights_name
from timesen_nb.sources import BUNDLED
from timesen_nb.tasks import BUNDLED as BUNDLED_TASKS
from timesen_nb.tasks import Task, tasks

if TYPE_CHECKING:
    from timesen_nb.sources import Source
    from timesen_nb.widgets.drawn_fields import Fields
    from timesen_nb.widgets.question import Question
    from timesen_nb.widgets.session import Session

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
    lines = [
        "import numpy as np", "", "import timesen_nb as tn", "",
        _model(session), _source(session.source),
        f"zs = model.zero_shot({_asked(session.question)}, prompts={session.prompts!r})",
    ]  # fmt: skip
    if session.lesson.labels:
        lines += _taught(session)
    if session.lesson.loaded is not None:
        lines += ["", "# the places of your file: vectors and labels as they were read",
                  '# points = tn.datasets.read_points("points.geojson", source=source)',
                  "# zs = zs.teach(points.values, points.labels.tolist())"]  # fmt: skip
    if session.question.empty and session.question.meant is not None:
        empty = [session.classes[k] for k in session.question.empty]
        lines += ["", "# these words mean nothing", f"empty = {empty!r}",
                  "zs = zs.only([name for name in zs.classes if name not in empty])"]  # fmt: skip
    if session.result is not None:
        a = session.result
        if opened := _opened(a.series.source, session.source):
            lines += ["", "# the last answer",
                      f"p = zs.probabilities({opened}.pixel({a.lon!r}, {a.lat!r}, year={a.series.year}))[0]",
                      "print(dict(zip(zs.classes, np.round(p, 3).tolist())))"]  # fmt: skip
        else:
            lines += [
                "",
                f"# the last answer is left out: it was read from {' '.join(a.series.source.split())}",
            ]
    if session.view is not None and not session.question.alone:
        view = session.view.view
        lines += ["", "# the map", f"cube = source.cube({view.bbox!r}, year={view.year})",
                  'maps = tn.map_region(zs, cube, keep="int8", every_class=True)',
                  'tn.regions.save_geotiff(maps, "map.tif")']  # fmt: skip
    if session.fields is not None:
        lines += ["", "# fields: a row of the table each", *_fields(session.fields)]
    return "\n".join(lines) + "\n"


def _asked(question: Question) -> str:
    """What was asked: the name of a task that comes along, one's own task with its sentences, or one's own words."""
    asked: Any = question.asked
    task = tasks[asked] if isinstance(asked, str) else asked
    if not isinstance(task, Task):
        return repr(list(asked))
    if task.name in BUNDLED_TASKS and task == tasks[task.name]:
        return repr(task.name)
    sentences = {name: tuple(said) for name, said in task.descriptions.items()}
    parts = f"{task.name!r}, {task.classes!r}, {task.codes!r}, {sentences!r}, {task.template!r}"
    return f"tn.tasks.Task({parts})"


def _taught(session: Session) -> list[str]:
    """The calls that teach by labelled places; of a source that is no longer open those that everybody can open."""
    known, left = [], []
    for number, label in session.lesson.labels.items():
        a = session.kept[number]
        opened = _opened(a.series.source, session.source)
        if opened:
            known.append(f"    ({a.lon!r}, {a.lat!r}, {a.series.year}, {label!r}, {opened}),")
        else:
            name = " ".join(a.series.source.split())
            left.append(f"# place {number}, {label!r}, is left out: it was read from {name}")
    if known:
        known = [
            "# kept places that were labelled: longitude, latitude, year, what stands there, and what it is read from",
            "known = [", *known, "]",
            "series = [data.pixel(lon, lat, year=year) for lon, lat, year, _, data in known]",
            "zs = zs.teach(series, [label for *_, label, _ in known])",
        ]  # fmt: skip
    return ["", *left, *known]


def _opened(name: str, source: Source) -> str | None:
    """What a place of the source of this name is read from: the one that is open, or a bundled one."""
    from timesen_nb.sources.flanders import FlandersSource
    from timesen_nb.sources.sample import SampleSource

    if name == source.name:
        return "source"
    bundled = {kind.name: kind.known_as for kind in (FlandersSource, SampleSource)}
    return f"tn.open_source({bundled[name]!r})" if name in bundled else None


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
    known = getattr(source, "known_as", None)
    if known in BUNDLED:
        return f"source = tn.open_source({known!r})"
    if kind in _ASKED:
        return f"source = tn.open_source({_ASKED[kind]!r})  # and the options you gave"
    return f"source = tn.open_source(...)  # as you opened it: {' '.join(source.name.split())}"
