"""Sen4Map: a year of Sentinel-2 around each of 335,125 LUCAS points, 64 x 64 pixels, as HDF5 with one group a point.

Sharma et al. 2024, doi 10.1109/JSTARS.2024.3435081. A group holds a data set a band and ``SCL``, dates by rows by
columns; or, in the files that Jain et al. 2026 made of them, ``image``: twelve composites. Its attributes hold dates,
place and labels.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from timesen_nb.bands import BANDS, band_positions
from timesen_nb.composite import medians_by_month, solar_days
from timesen_nb.datasets.archives import check_year, open_hdf5
from timesen_nb.datasets.codes import lucas_labels, numbered_labels
from timesen_nb.datasets.lucas import VIEWS, grid_places, held_against_numbers, photo_address
from timesen_nb.datasets.patches import middle
from timesen_nb.datasets.place_dataset import PlaceDataset
from timesen_nb.datasets.series_store import SeriesStore
from timesen_nb.nodata import HIGHEST, known_codes, other_unit, say_codes, without_codes

#: Attributes that are kept; the tasks beside them are read from their own attribute.
DATES, PLACE = "Image_ID", "Coordinates"
OTHER_TASKS = {"habitat": "EUNIS_L2", "bioregion": "bioregion_class_code"}
COMPOSITES = ("clear", "published")
_DATE = re.compile(r"(?<!\d)(20\d\d)-?(\d\d)-?(\d\d)(?:[T ]?(\d\d):?(\d\d):?(\d\d))?(?!\d)")
#: Scene classes end at 11; what lies beyond, 255 above all, stands for no data.
_LAST_CLASS = 11


def read_sen4map(
    path: str | Path,
    *,
    crop: int | None = 1,
    composites: str = "clear",
    into: str | Path | None = None,
    points: Collection[str] | None = None,
    year: int = 2018,
    progress: bool = True,
) -> PlaceDataset:
    """A file of Sen4Map, read in one pass: series, places, photo addresses and labels of every task it knows.

    Codes for no data (65535, see :mod:`timesen_nb.nodata`) are missing, with a warning, and so is a scene class of 255;
    composites="published" counts them as the zeros that it makes of clouds. Warnings name codes of habitats and regions
    that are none, and points whose coordinates are not where their number says, which get no photos.

    Args:
        path: of the HDF5 file.
        crop: pixels on a side around the centre, 1 to 64; None keeps all.
        composites: "clear", our medians of clear observations (:mod:`timesen_nb.composite`), NaN in months without one;
            or "published", those that the released model was trained on (:func:`published_medians`). Files with
            ``image`` hold the latter already: "clear" makes months without any value NaN, "published" takes them as
            they are.
        into: a .npy file to write the series to, rounded to int16 and memory-mapped, for more of them than memory
            holds; None keeps them in memory.
        points: the numbers of some LUCAS points; None reads all. A warning names those that the file does not hold.
        year: of the composites.
        progress: show a bar.

    Returns:
        The places; series are (N, 12, 10), or (N, 12, 10, H, W) of more than one pixel.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a file that is cut off or none of these, or that holds no point asked for; reflectance that is
            negative, beyond 20,000, from 0 to 1 or in percent; an unknown code; a point with no date of the year.
        OSError: ``into`` could not be written whole, as where the disk is full.
    """
    from tqdm.auto import tqdm

    if composites not in COMPOSITES:
        raise ValueError(f"composites={composites!r}; expected one of {', '.join(map(repr, COMPOSITES))}.")
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}; expected Sen4Map as HDF5. Check the path.")
    about: list[Mapping[str, Any]] = []
    codes: set[float] = set()
    with open_hdf5(path, "Sen4Map") as file:
        keys = _asked_for(file, points, path.name)
        with SeriesStore(into, len(keys)) as store:
            for key in tqdm(keys, unit="point", disable=not progress, mininterval=1):
                try:
                    group = file[key]
                    about.append(dict(group.attrs))
                    series = _composites(group, about[-1], crop, composites, year, codes)
                except (OSError, RuntimeError, KeyError) as problem:
                    raise ValueError(
                        f"{path.name} is damaged: {key} cannot be read, {len(about) - 1} points before it can "
                        f"({problem}). Copy or download it again."
                    ) from problem
                for found in (np.nanmin(series, initial=0.0), np.nanmax(series, initial=0.0)):
                    if not 0 <= found <= HIGHEST + 1:
                        raise _no_reflectance(
                            _number(key), f"{found:.6g}", "not negative, and NaN for no data"
                        )
                store.add(series)
    if codes:
        say_codes(sorted(codes), path.name)
    return _dataset([_number(k) for k in keys], about, store.values, path.name)


def published_medians(values: np.ndarray, months: np.ndarray, scl: np.ndarray) -> np.ndarray:
    """The composites that the released model was trained on, for comparison with it: clouds count as zeros.

    Scene classes from 9 on are set to 0 and stay in the median (the lower middle of an even number); a month without
    any date is the median of all dates of the year; 1 is added. Source: released code of Jain et al. 2026;
    :func:`timesen_nb.composite.monthly_medians` is how it is done here.

    Args:
        values: (t, 10, ...) reflectance x 10000.
        months: (t,) calendar month 1 to 12, 0 = another year.
        scl: (t, ...) scene classes.

    Returns:
        (12, 10, ...) float32, without gaps.

    Raises:
        ValueError: no date of the year.
    """
    if not np.any(np.asarray(months) > 0):
        raise ValueError(
            f"{len(values)} images of other years were given; expected some of the year: months 1 to 12."
        )
    shown = np.where(scl[:, None] >= 9, 0, values).astype(np.float32)
    of_year = shown[np.asarray(months) > 0]
    out = []
    for month in range(1, 13):
        inside = months == month
        looks = np.sort(shown[inside] if inside.any() else of_year, axis=0)
        out.append(looks[(len(looks) - 1) // 2] + 1)
    return np.stack(out)


def _asked_for(file: Collection[str], points: Collection[str] | None, name: str) -> list[str]:
    """Groups of a file that are to be read; points that it does not hold are named, and refused if those are all."""
    wanted = None if points is None else {str(p) for p in points}
    keys = [key for key in file if wanted is None or _number(key) in wanted]
    if not keys and not wanted:
        raise ValueError(
            f"{name} has no group{'' if wanted is None else ' among the points asked for: none'}."
        )
    if wanted and (lost := sorted(wanted - {_number(key) for key in keys})):
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        said = (
            f"{name} does not hold {len(lost)} of the {len(wanted)} points asked for: {', '.join(lost[:5])}{more}; "
            "expected LUCAS numbers, such as 38863102, of this file. Check them, or read them from the other files of "
            "Sen4Map."
        )
        if not keys:
            raise ValueError(said)
        warnings.warn(said, stacklevel=3)
    return keys


def _composites(
    group: Any, about: Mapping[str, Any], crop: int | None, composites: str, year: int, codes: set[float]
) -> np.ndarray:
    """(12, 10, H, W) of one point, or (12, 10) for a single pixel. Codes for no data that are met join ``codes``."""
    number = _number(group.name)
    if "image" in group:
        image = group["image"]
        if image.shape[:2] != (12, len(BANDS)) or image.ndim != 4:
            raise ValueError(
                f"point {number}: image has shape {image.shape}; expected (12, {len(BANDS)}, H, W)."
            )
        out = image[(..., *_window(image.shape[2:], crop, number))].astype(np.float32)
        # one was added to what was stored, to codes as well
        coded, met = known_codes(out - 1)
        if coded is not None:
            out[coded] = np.nan
            codes.update(met)
        if 0 < np.nanmax(out, initial=0.0) < 1 or other_unit(
            out - 1
        ):  # one was added: nothing can be below it
            raise _no_counts(number, out)
        if composites == "clear":  # one was added: what is not above it had no clear look
            out = np.where((out <= 1).all(axis=1, keepdims=True), np.nan, out)
    else:
        names = [name for name in group if name != "SCL"]
        try:
            bands = [names[i] for i in band_positions(names)]
            scl = group["SCL"]
        except (ValueError, KeyError) as problem:
            raise ValueError(
                f"point {number} holds {', '.join(group) or 'nothing'}; expected image, or SCL and a data set a band. "
                f"{problem}"
            ) from problem
        window = _window(scl.shape[1:], crop, number)
        classes = scl[(..., *window)]
        values = np.stack([group[b][(..., *window)] for b in bands], axis=1)  # (t, 10, H, W)
        values, met = without_codes(values.astype(np.float32), 1)
        codes.update(met)
        if other_unit(values):
            raise _no_counts(number, values)
        times, dated = _times(about, number)
        if len(times) != len(values):
            raise ValueError(f"point {number} has {len(values)} images and {len(times)} dates in {DATES}.")
        check_year(times, year, f"point {number}")
        if composites == "clear":
            classes = np.where(classes > _LAST_CLASS, 0, classes)
            lon = float(_places(np.array([number]), [about])[0, 0])
            # a name without a time of day says the day, and is no overpass at midnight
            days = np.where(dated, times.astype("datetime64[D]"), solar_days(times, lon))
            out = medians_by_month(values, days, classes, year)
        else:
            years, months = times.astype("datetime64[Y]"), times.astype("datetime64[M]").astype(int) % 12 + 1
            months = np.where(years == np.datetime64(f"{year}"), months, 0)
            out = published_medians(np.nan_to_num(values), months, classes)
    return out[..., 0, 0] if out.shape[2:] == (1, 1) else out


def _no_counts(number: str, values: np.ndarray) -> ValueError:
    return _no_reflectance(number, f"up to {np.nanmax(values):.3g}", "not a share of one or in percent")


def _no_reflectance(number: str, found: str, expected: str) -> ValueError:
    return ValueError(
        f"point {number} has reflectance {found}; expected reflectance x 10000, {expected}. Mend the file, or leave "
        "point out: points=."
    )


def _window(shape: tuple[int, ...], crop: int | None, number: str) -> tuple[slice, slice]:
    """The middle of a patch: row and column slices."""
    if crop is None:
        return slice(None), slice(None)
    if not 1 <= crop <= min(shape):
        raise ValueError(
            f"crop={crop} of point {number}, which has {shape[0]} x {shape[1]} pixels; take 1 to {min(shape)}."
        )
    return middle(shape, crop)


def _times(about: Mapping[str, Any], number: str) -> tuple[np.ndarray, np.ndarray]:
    """(t,) datetime64[s] of the images, from their names, and whether a name says the date alone."""
    found = [_DATE.search(_text(name)) for name in np.atleast_1d(about.get(DATES, []))]
    if not found or not all(found):
        raise ValueError(f"point {number} does not say the date of each image in its attribute {DATES}.")
    parts = [m.groups(default="00") for m in found if m]
    try:
        times = np.array([f"{y}-{m}-{d}T{h}:{mi}:{s}" for y, m, d, h, mi, s in parts], dtype="datetime64[s]")
    except ValueError as problem:
        raise ValueError(f"point {number} has a date in {DATES} that is none ({problem}).") from problem
    return times, np.array([m[4] is None for m in found if m])


def _dataset(
    numbers: list[str], about: list[Mapping[str, Any]], values: np.ndarray, name: str
) -> PlaceDataset:
    """Places and labels from the attributes."""
    ids = np.array(numbers)

    def column(attribute: str) -> np.ndarray:
        return np.array([_text(a.get(attribute, "")) for a in about])

    labels = lucas_labels(column("lc1"), column("lu1"), column("nuts0"), ids)
    for task, attribute in OTHER_TASKS.items():
        if any(attribute in a for a in about):
            labels[task] = numbered_labels(task, column(attribute), ids, attribute)
    lonlats, known = held_against_numbers(ids, _places(ids, about), name)
    photos = np.array(
        [
            [photo_address(p, c, v) if c and there else "" for v in VIEWS]
            for p, c, there in zip(ids, column("nuts0"), known, strict=True)
        ]
    )
    return PlaceDataset(values, lonlats, labels, ids, photos)


def _places(ids: np.ndarray, about: list[Mapping[str, Any]]) -> np.ndarray:
    """(N, 2) longitude and latitude. Files have them either way round: the point's number tells which."""
    grid = grid_places(ids)
    given = np.full((len(ids), 2), np.nan)
    for i, a in enumerate(about):
        numbers = np.ravel(a.get(PLACE, []))
        if numbers.size == 2:
            given[i] = numbers.astype(float)
    swapped = np.abs(given[:, ::-1] - grid).sum(axis=1) < np.abs(given - grid).sum(axis=1)
    places = np.where(swapped[:, None], given[:, ::-1], given)
    places = np.where(np.isnan(places), grid, places)
    if np.isnan(places).any():
        lost = ids[np.isnan(places).any(axis=1)]
        raise ValueError(
            f"{len(lost)} points have no place, such as {str(lost[0])!r}; expected two numbers in {PLACE}."
        )
    return places


def _number(key: str) -> str:
    """The LUCAS number in a group's name: Lucas_Point_38863102 is 38863102."""
    return key.rsplit("/", 1)[-1].rsplit("_", 1)[-1]


def _text(value: Any) -> str:
    """An attribute as text; whole numbers without a fraction."""
    value = np.asarray(value).item() if np.size(value) == 1 else value
    if isinstance(value, bytes):
        return value.decode()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
