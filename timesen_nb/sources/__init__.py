"""Where reflectance comes from: one protocol, one file a source."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from timesen_nb.sources.addresses import without_keys

if TYPE_CHECKING:
    import xarray as xr

    from timesen_nb.series import PixelSeries
    from timesen_nb.sources.grid import BBox


#: Sources that come with the package: everybody has them.
BUNDLED = ("flanders", "sample")


@runtime_checkable
class Source(Protocol):
    """Anything that gives a year of Sentinel-2 for a place. Longitude before latitude, degrees; 10 m pixels."""

    @property
    def name(self) -> str:
        """What it is called on screen."""
        ...

    @property
    def years(self) -> Sequence[int]:
        """Years that can be asked for, newest last; empty when any year may be asked."""
        ...

    @property
    def bounds(self) -> BBox | None:
        """(west, south, east, north) in degrees, or None when the source covers the land of the Earth."""
        ...

    def pixel(self, lon: float, lat: float, year: int = 2018) -> PixelSeries:
        """The series of the 10 m pixel that holds the place.

        Args:
            lon: degrees.
            lat: degrees.
            year: calendar year.

        Returns:
            The series; months without a clear observation are NaN and not valid.

        Raises:
            ValueError: a place outside the data, a year that the source has not, or a pixel without any valid month.
        """
        ...

    def pixels(self, lonlats: Sequence[tuple[float, float]], year: int = 2018) -> list[PixelSeries]:
        """Many pixels in few requests.

        Args:
            lonlats: longitude and latitude of each place, in degrees.
            year: calendar year.

        Returns:
            A series each, in the order asked.

        Raises:
            ValueError: as :meth:`pixel`, for any of them.
        """
        ...

    def cube(self, bbox: BBox, year: int = 2018) -> xr.DataArray:
        """The pixels that a box touches.

        Args:
            bbox: (west, south, east, north) in degrees.
            year: calendar year.

        Returns:
            (month 1 to 12, band, y, x) float32 reflectance x 10000, NaN = missing, with a CRS (rioxarray).

        Raises:
            ValueError: a box outside the data, or a year that the source has not.
        """
        ...


def open_source(which: str | Path | xr.Dataset | xr.DataArray, **options: Any) -> Source:
    """Open a source.

    Args:
        which: ``"flanders"``, ``"sample"``, ``"earthengine"``, ``"stac"``; the path of a cube file (.nc, .zarr, .tif)
            or of a folder of them; or an xarray Dataset or DataArray.
        options: go to the source itself: ``project=`` for Earth Engine, ``catalog=`` for STAC; ``group=``, ``rename=``,
            ``offset=``, ``nodata=``, ``crs=`` and ``out_of_range=`` for a cube
            (:class:`timesen_nb.sources.cube_file.CubeFileSource`).

    Returns:
        The source, which answers ``pixel``, ``pixels`` and ``cube``: see :class:`Source`.

    Raises:
        ValueError: a name that is neither a source nor an existing file, a cube that cannot be used, or a service that
            cannot be reached with what was given.
    """
    if not isinstance(which, (str, Path)):
        from timesen_nb.sources.cube_file import CubeFileSource

        if hasattr(which, "dims") and hasattr(which, "coords"):
            return CubeFileSource(which, **_known(CubeFileSource, options))
        raise ValueError(
            f"source given: a {type(which).__name__}; expected the name of a source, the path of a cube file, or an "
            "xarray Dataset or DataArray."
        )
    name = str(which)
    if name == "flanders":
        from timesen_nb.sources.flanders import FlandersSource

        return FlandersSource(**_known(FlandersSource, options))
    if name == "sample":
        from timesen_nb.sources.sample import SampleSource

        return SampleSource(**_known(SampleSource, options))
    if name == "earthengine":
        from timesen_nb.sources.earth_engine import EarthEngineSource

        return EarthEngineSource(**_known(EarthEngineSource, options))
    if name == "stac":
        from timesen_nb.sources.stac import StacSource

        return StacSource(**_known(StacSource, options))
    path = Path(name).expanduser()
    if name and path.exists():
        from timesen_nb.sources.cube_file import CubeFileSource

        return CubeFileSource(path, **_known(CubeFileSource, options))
    raise ValueError(
        f"source given: {without_keys(name)!r}; expected 'flanders', 'sample', 'earthengine', 'stac' or the path of an "
        "existing cube file (.nc, .zarr, .tif). Check the spelling or the path."
    )


def _known(source: type, options: dict[str, Any]) -> dict[str, Any]:
    """The options themselves; ValueError for one that a source does not have."""
    names = [name for name in signature(source).parameters if name not in ("data", "args", "kwargs")]
    unknown = sorted(set(options) - set(names))
    if unknown:
        raise ValueError(
            f"options given: {', '.join(unknown)}; this source has {', '.join(names) or 'none'}. Check the spelling."
        )
    return options
