"""What is taken along from the app: kept places, the map of the view, the taught words, and the calls, as files."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.tensor_file import whole_file
from timesen_nb.widgets.as_python import as_python, model_name
from timesen_nb.widgets.kept_files import flat_table

if TYPE_CHECKING:
    import xarray as xr

    from timesen_nb.model.zeroshot import ZeroShot
    from timesen_nb.widgets.session import Session
    from timesen_nb.widgets.view import EncodedView

#: Suffix -> what goes into such a file.
KINDS = {
    ".geojson": "kept places", ".gpkg": "kept places", ".csv": "kept places, every band",
    ".tif": "map of the view, a file a layer", ".png": "map of the view with its legend",
    ".safetensors": "the classifier, taught or not", ".py": "the calls that give this",
}  # fmt: skip


def take(session: Session, path: str | Path, places: str = "exact") -> list[Path]:
    """Write a file of what the session holds; its suffix says what.

    Args:
        session: of the app.
        path: of the file: .csv, .geojson and .gpkg hold the kept places, .tif and .png the map of the view,
            .safetensors the classifier (``tn.load`` reads it), .py the calls that reproduce the screen.
        places: how kept places stand in .geojson and .gpkg: "exact", "blurred" or "left out".

    Returns:
        What was written, the file asked for first.

    Raises:
        ValueError: another suffix, or nothing of that kind is there yet.
    """
    if not isinstance(path, (str, PathLike)):
        raise ValueError(f"the file given is {path!r}; expected a path that ends in {', '.join(KINDS)}.")
    path = Path(path).expanduser()
    suffix = path.suffix.lower()
    suffix = {".json": ".geojson"}.get(suffix, suffix)
    if suffix not in KINDS:
        raise ValueError(f"the file given is {path.name!r}; expected a name that ends in {', '.join(KINDS)}.")
    if places != "exact" and suffix not in (".geojson", ".gpkg"):
        raise ValueError(
            f"places={places!r} was given for {path.name}; only .geojson and .gpkg of kept places can be had so."
        )
    if suffix == ".csv":
        return [session.kept.export(path)]
    if suffix in (".geojson", ".gpkg"):
        return [_kept_places(session, path, places)]
    if suffix == ".safetensors":
        return [_meant(session, "classifier").save(path)]
    if suffix == ".py":
        with whole_file(path) as partial:
            partial.write_text(as_python(session), encoding="utf-8")
        return [path]
    from timesen_nb.regions import save_geotiff, save_picture

    # what lies on the map: a region hides the view
    if session.region is not None:
        maps, title = session.region, ""
    elif session.view is None:
        raise ValueError("no view is mapped yet, so there is no map to export. Map the view first.")
    else:
        view = session.view.view
        maps, title = view_maps(session, session.view), f"{view.source}, {view.year}"
    return [save_picture(maps, path, title)] if suffix == ".png" else save_geotiff(maps, path)


def view_maps(session: Session, encoded: EncodedView) -> xr.Dataset:
    """The map of a view as :func:`timesen_nb.map_region` makes it, from what was encoded already.

    Args:
        session: whose words.
        encoded: the view.

    Returns:
        label, probability and probabilities; and what was fitted for the model: dissimilarity, and set_size of words
        that were not taught. Words that mean nothing have no part in it.

    Raises:
        ValueError: none of the words means anything, or one alone does.
    """
    from timesen_nb.model.inputs import months_there
    from timesen_nb.regions import map_region
    from timesen_nb.regions.georeference import transform_of

    words, there = _meant(session, "map"), encoded.readable
    if session.question.alone:
        raise ValueError(
            f"there is no map of one word alone: every pixel would be {words.classes[0]!r}, whatever stands there. Add "
            "another word."
        )
    grid = encoded.cube.isel(month=0, band=0, drop=True)
    vectors = np.full((*there.shape, encoded.vectors.shape[1]), np.nan, np.float32)
    vectors[there] = encoded.vectors
    kept = grid.to_dataset(name="grid").drop_vars("grid").assign(vectors=(("y", "x", "feature"), vectors))
    kept = kept.rio.write_crs(encoded.cube.rio.crs).rio.write_transform(transform_of(encoded.cube))
    kept = kept.assign_attrs(encoded.cube.attrs)
    maps = map_region(words, kept, every_class=True, progress=False)
    # as on the screen, where somebody may have chosen them
    maps["label"].attrs["colours"] = session.colours_of(words.classes)
    if words.limits is None:
        return maps
    series = encoded.cube.transpose("y", "x", "month", "band").values[there]
    try:
        measured = words.limits("area of applicability").space.measure(series, encoded.vectors).dissimilarity
    except ValueError:  # nothing was fitted for this model
        return maps
    dissimilarity = np.full(there.shape, np.nan, np.float32)
    dissimilarity[there] = measured
    told = {"long_name": "dissimilarity to the training series: 1 is the edge of the area of applicability"}
    maps = maps.assign(dissimilarity=(("y", "x"), dissimilarity, told))
    if words.lesson is None:
        sizes = np.full(there.shape, -1, np.int16)
        sizes[there] = words.sets_of_vectors(encoded.vectors, months_there(series)).sum(axis=1)
        told = {"long_name": "classes of the set that holds the true one nine times in ten"}
        maps = maps.assign(set_size=(("y", "x"), sizes, told))
    return maps


def _meant(session: Session, what: str) -> ZeroShot:
    """The words that mean something, as the screen counts them; ValueError where there are none."""
    if session.question.meant is None:
        raise ValueError(f"none of the words is known, so there is no {what} of them. Ask for other words.")
    return session.question.meant


def _kept_places(session: Session, path: Path, places: str) -> Path:
    from timesen_nb.regions import save_points

    if not len(session.kept):
        raise ValueError("no place is kept yet, so there is nothing to export. Keep a place first.")
    table = flat_table(session.kept, session.lesson.labels, model=model_name(session))
    return save_points(table, path, places)
