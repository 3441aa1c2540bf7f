"""The calls to Earth Engine's REST interface, through the client's own session, each sent once.

The public functions of ``ee.data`` repeat a failed call on their own, up to five times and without a deadline; here
:class:`timesen_nb.sources.retry_policy.RetryPolicy` decides that, so that what it counts is what is sent. Hence
the client's inner functions, which every version since 1.1 has.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.sources.earth_engine.errors import expected
from timesen_nb.sources.grid import PIXEL, Grid

if TYPE_CHECKING:
    import ee


def project() -> str:
    """The project that calls are made for and counted on."""
    return _path().removeprefix("projects/")


def endpoint() -> str:
    """The address that calls go to."""
    return str(_projects()._baseUrl)


def compute_value(what: ee.ComputedObject) -> Any:
    """``value:compute``: the value as JSON has it."""
    call = _projects().value().compute
    answer = call(project=_path(), body=_tagged(_expression(what)), prettyPrint=False).execute(num_retries=0)
    with expected("a result"):
        return answer["result"]


def compute_pixels(image: ee.Image, grid: Grid) -> np.ndarray:
    """``image:computePixels`` on a window of the 10 m grid -> (height, width), a field a band; masked is 0."""
    import ee

    corner = grid.corner
    body = {
        **_expression(image),
        "fileFormat": "NPY",
        "grid": {
            "dimensions": {"width": grid.width, "height": grid.height},
            "affineTransform": {
                "scaleX": PIXEL, "shearX": 0, "translateX": PIXEL * corner.column,
                "shearY": 0, "scaleY": -PIXEL, "translateY": PIXEL * corner.row,
            },
            "crsCode": f"EPSG:{corner.epsg}",
        },
    }  # fmt: skip
    call = ee.data._get_cloud_projects_raw().image().computePixels
    raw = call(project=_path(), body=_tagged(body)).execute(num_retries=0)
    with expected("an array in NumPy's form"):
        try:
            return np.load(io.BytesIO(raw), allow_pickle=False)
        # before 3.11.8 Python's parser, which reads the header, may stumble over that of another thread (gh-106905)
        except SystemError:
            return np.load(io.BytesIO(raw), allow_pickle=False)


def export_table(table: ee.FeatureCollection, config: dict[str, Any], number: str) -> dict[str, Any]:
    """``table:export``: starts a job, once for a ``number`` however often it is sent -> the operation."""
    body = {**config, **_expression(table), "requestId": number}
    return _projects().table().export(project=_path(), body=_tagged(body)).execute(num_retries=0)


def operation(name: str) -> dict[str, Any]:
    """How far a job is."""
    return _projects().operations().get(name=name).execute(num_retries=0)


def cancel_operation(name: str) -> None:
    """Stop a job."""
    _projects().operations().cancel(name=name, body={}).execute(num_retries=0)


def _projects() -> Any:
    import ee

    return ee.data._get_cloud_projects()


def _path() -> str:
    import ee

    return str(ee.data._get_projects_path())


def _expression(what: Any) -> dict[str, Any]:
    import ee

    return {"expression": ee.serializer.encode(what, for_cloud_api=True)}


def _tagged(body: dict[str, Any]) -> dict[str, Any]:
    """With the workload tag that the user set with ``ee.data.setWorkloadTag``, as the client does."""
    import ee

    tag = ee.data.getWorkloadTag()
    return {**body, "workloadTag": str(tag)} if tag else body
