"""What a cube holds, found by name: its bands, dates, scene classes, coordinate system and units.

What is understood (anything else is refused by name, never guessed):

- NetCDF, Zarr and xarray datasets: bands as variables (``B02``, ``blue``, ``S2-L2A-B8A`` ...) or along a dimension
  ``band`` with names; ``time`` (dates) or ``month`` (1 to 12); ``y`` and ``x`` (or ``lat`` and ``lon``) as evenly
  spaced coordinates; a scene classification ``SCL`` beside the bands or among them;
- GeoTIFF: twelve months by ten bands, each described as ``B2_m01`` ... ``B12_m12``;
- a folder of such files, a date or a month each: what differs in their names says it
  (:mod:`timesen_nb.sources.cube_names`), where they do not;
- centres of pixels, or their upper left corners where a stated transform says so;
- a coordinate system as CF or rioxarray write it, or an attribute ``crs`` or ``epsg``;
- reflectance from 0 to 1 or x 10000; the radiometric offset by what the cube states
  (:mod:`timesen_nb.sources.cube_radiometry`); no data by the rule of :mod:`timesen_nb.nodata`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from timesen_nb.bands import BANDS, band_name, band_positions
from timesen_nb.sources.cube_axes import by_step, centres_of, check_axis_names, dates_of, months_of, year_of
from timesen_nb.sources.cube_crs import check_coordinates, crs_of
from timesen_nb.sources.cube_grid import CubeGrid
from timesen_nb.sources.cube_open import open_cube
from timesen_nb.sources.cube_radiometry import Radiometry, check_surface, read_radiometry
from timesen_nb.sources.cube_transform import centred
from timesen_nb.sources.cube_values import stored_values

if TYPE_CHECKING:
    from pyproj import CRS


@dataclass(frozen=True)
class Options:
    """How a user wants a cube to be read; see :class:`timesen_nb.sources.cube_file.CubeFileSource`."""

    group: str | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    offset: float | None = None
    nodata: float | Sequence[float] | None = None
    crs: Any = None


@dataclass(frozen=True)
class CubeLayout:
    """A cube in this package's words; nothing but coordinates and a sample has been read.

    Attributes:
        has_scl: whether it has scene classes.
        step: (t,) datetime64 UTC of a dated cube, or (t,) months 1 to 12.
        dated: which of the two.
        grid: where its pixels lie.
        radiometry: what makes the stored values reflectance x 10000.
        raised: whether they look as if the radiometric offset were still on them.
        year: of a monthly cube, where the file says it.
    """

    has_scl: bool
    step: np.ndarray
    dated: bool
    grid: CubeGrid
    radiometry: Radiometry
    raised: bool
    year: int | None


Given = Path | xr.Dataset | xr.DataArray


class Opener:
    """Opens a cube, and keeps what its metadata say: that is most of the work, above all of a folder of files.

    Between two readings no file is held, so that each may be written again; threads that read at the same time have
    files of their own.

    Args:
        given: a path, or a dataset in memory.
        options: how it is to be read.

    Attributes:
        label: what the cube is called.
    """

    def __init__(self, given: Given, options: Options) -> None:
        self.given, self.options, self.label = given, options, _label_of(given)
        self._written = _state_of(given)
        self._idle: list[tuple[xr.Dataset, xr.Dataset, xr.DataArray | None, Callable[[], None]]] = []

    def __getstate__(self) -> dict[str, Any]:
        """Workers of a cluster open the file themselves, as it was found here."""
        return vars(self) | {"_idle": []}

    def check_unchanged(self) -> None:
        """ValueError when the file is not the one that was opened."""
        if _state_of(self.given) != self._written:
            raise ValueError(f"{self.label} was written again or moved since it was opened. Open it again.")

    @contextmanager
    def opened(self) -> Iterator[tuple[xr.Dataset, xr.Dataset, xr.DataArray | None]]:
        """A cube while it is read: the whole dataset, its ten bands and its scene classes, (step, y, x) as stored."""
        try:
            data, bands, scl, close = self._idle.pop()
        except IndexError:
            data, close = open_cube(self.given, self.options.group, self.options.rename)
            try:
                bands, scl = _bands(data)
            except BaseException:
                close()
                raise
        try:
            yield data, bands, scl
        finally:
            close()
        self._idle.append((data, bands, scl, close))


def _label_of(given: Any) -> str:
    """What a cube is called: its file's name, or that of the data in memory."""
    if isinstance(given, Path):
        return given.name or str(given)
    file = given.encoding.get("source")
    return Path(str(file)).name if file else f"{type(given).__name__} in memory"


def _state_of(given: Any) -> tuple[Any, ...]:
    """What changes when a file is written again; nothing for data in memory, or a file that is gone."""
    if not isinstance(given, Path):
        return ()
    files = [given]
    if given.is_dir():
        files += sorted(p for p in given.iterdir() if p.is_file())
    try:
        return tuple(
            (s.st_ino, s.st_size if f.is_file() else 0, s.st_mtime_ns) for f in files for s in [f.stat()]
        )
    except OSError:
        return ("gone",)


def read_layout(opener: Opener) -> CubeLayout:
    """The layout of a cube; ValueError that says what is wrong with it."""
    options = opener.options
    with opener.opened() as (data, bands, scl):
        check_surface(data, bands)
        dated = "time" in bands.dims
        step = dates_of(data, bands["time"]) if dated else months_of(bands["month"])
        check_axis_names(bands)
        x, y = centred(data, bands, centres_of(bands, "x"), centres_of(bands, "y"))
        crs = _crs(data, bands, x, y, options.crs)
        radiometry, raised = read_radiometry(data, bands, scl, step, options.offset, options.nodata)
        # where a file was cut short its end is missing, and a click would find it too late
        stored_values(bands.isel(y=[0, -1], x=[0, -1]))
        year = None if dated else year_of(data)
        return CubeLayout(scl is not None, step, dated, CubeGrid(x, y, crs), radiometry, raised, year)


def _bands(data: xr.Dataset) -> tuple[xr.Dataset, xr.DataArray | None]:
    """The ten bands as (step, y, x) variables, and the scene classes where the cube has them."""
    own = [str(v) for v in data.data_vars]
    scl = [data[v] for v in own if band_name(v) == "SCL"]
    if any(band_name(v) in BANDS for v in own):
        named = {b: data[own[i]] for b, i in zip(BANDS, band_positions(own), strict=True)}
    else:
        stacked = [data[v] for v in own if "band" in data[v].dims]
        if len(stacked) != 1:
            raise ValueError(
                f"it has no bands: its variables are {', '.join(own) or 'none'}; expected "
                f"{', '.join(BANDS)} as variables, or one variable with a dimension 'band'. Say which is which: "
                "open_source(path, rename={'its name': 'B2'})."
            )
        names = [n.decode() if isinstance(n, bytes) else str(n) for n in stacked[0]["band"].values.tolist()]
        at = dict(zip(BANDS, band_positions(names), strict=True))
        named = {b: _band(stacked[0], i) for b, i in at.items()}
        scl += [_band(stacked[0], i) for i, n in enumerate(names) if band_name(n) == "SCL"]
    if len(scl) > 1:
        raise ValueError("it has two scene classifications (SCL); keep one of them.")
    layers = {b: by_step(v, b) for b, v in named.items()}
    for b, layer in layers.items():
        if layer.dtype.kind not in "iuf":
            raise ValueError(
                f"{b} holds {layer.dtype}; expected numbers: reflectance from 0 to 1 or x 10000."
            )
    sizes = {tuple(v.sizes[d] for d in v.dims) for v in layers.values()}
    if len(sizes) > 1:
        raise ValueError(
            f"its bands have the shapes {' and '.join(map(str, sorted(sizes)))}; expected one grid. Bring the bands of "
            "20 m to 10 m (nearest neighbour)."
        )
    classes = by_step(scl[0], "SCL") if scl else None
    if classes is not None and classes.shape != layers["B2"].shape:
        raise ValueError(
            f"SCL has the shape {classes.shape} and the bands {layers['B2'].shape}; they must be the same."
        )
    bands = xr.Dataset(
        {b: v.variable for b, v in layers.items()},
        {d: data[d].variable for d in layers["B2"].dims if d in data.coords},
    )
    for b, layer in named.items():
        bands[b].encoding = dict(layer.encoding)
    return bands, classes


def _band(stacked: xr.DataArray, i: int) -> xr.DataArray:
    """One of the bands along a dimension, with what the whole keeps of its file."""
    one = stacked.isel(band=i, drop=True)
    one.encoding = dict(stacked.encoding)
    return one


def _crs(data: xr.Dataset, bands: xr.Dataset, x: np.ndarray, y: np.ndarray, chosen: Any) -> CRS:
    """The coordinate system, held against the coordinates."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    if chosen is None:
        crs = crs_of(data.assign(bands.data_vars), BANDS)
    else:
        try:
            crs = CRS.from_user_input(chosen)
        except CRSError as error:
            raise ValueError(
                f"crs={chosen!r} is no coordinate system; expected 'EPSG:32631', say."
            ) from error
    check_coordinates(crs, x, y, str(bands["x"].attrs.get("units", "")).strip().lower())
    return crs
