"""Training pairs: the series of a place beside the photos taken there, or the class it is known to be, in one file."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.datasets.pair_arrays import (
    as_array,
    as_numbers,
    as_series,
    bands_of,
    check_photos,
    check_places,
    check_series,
)
from timesen_nb.datasets.splits import as_lonlats, blocks, same_places, split_rows
from timesen_nb.datasets.tables import names_of
from timesen_nb.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    from timesen_nb.model.config import EncoderConfig
    from timesen_nb.model.towers import Tower

FORMAT = "timesen_nb.pairs"


@dataclass(frozen=True, repr=False, eq=False)
class Pairs:
    """N places, with photo embeddings, class names or both. Arrays mapped from disk stay there until they are read.

    Attributes:
        values: (N, T, C[, H, W]) surface reflectance x 10000 in calendar order, bands by :data:`timesen_nb.BANDS`;
            float32 with NaN = missing, or int16 with -32768 = missing. So is 0 in all bands of a composite.
        embeddings: photo vectors (N, D), or (N, V, D) of up to V photos each, where a photo that is missing is NaN;
            float16 or float32. None: no photos.
        labels: (N,) class names, "" = unknown; None: no labels.
        lonlats: (N, 2) degrees, longitude before latitude; None: not known.
        tower: the ``name`` of the tower that made the photo vectors, such as "pocket:2"; the tower itself may be given.
            None: not known.
        bands: names of the bands in their order; None: :data:`timesen_nb.BANDS` where there are so many, else not
            known.

    Raises:
        ValueError: lengths differ, reflectance is negative or from 0 to 1, a place has no month or no photo, a photo
            vector is infinite or zero, lonlats are not on Earth, or there are neither photos nor labels.
    """

    values: Any
    embeddings: Any = None
    labels: Any = None
    lonlats: Any = None
    tower: Any = None
    bands: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", as_series(self.values))
        if self.embeddings is not None:
            object.__setattr__(self, "embeddings", as_array(self.embeddings, (np.float16, np.float32)))
        if self.labels is not None:
            object.__setattr__(self, "labels", names_of(self.labels))
        if self.lonlats is not None:
            object.__setattr__(self, "lonlats", as_lonlats(self.lonlats))
        object.__setattr__(self, "tower", getattr(self.tower, "name", self.tower))
        self._check()
        object.__setattr__(self, "bands", bands_of(self.values, self.bands))

    def _check(self) -> None:
        if not isinstance(self.tower, str | None):
            raise ValueError(
                f"tower given: a {type(self.tower).__name__}; expected the tower, or its name: 'pocket:2'."
            )
        n = len(self.values)
        photos = None if self.embeddings is None else tuple(self.embeddings.shape)
        if self.values.ndim not in (3, 5) or (photos is not None and len(photos) not in (2, 3)):
            raise ValueError(
                f"values {tuple(self.values.shape)} and embeddings {photos} were given; expected "
                "(N, T, bands[, H, W]) and (N, D) or (N, photos, D)."
            )
        if photos is None and self.labels is None:
            raise ValueError(
                "neither embeddings nor labels were given; expected photo vectors, or class names."
            )
        lengths = {"values": n}
        names = ("embeddings", "labels", "lonlats")
        lengths |= {name: len(v) for name in names if (v := getattr(self, name)) is not None}
        if len(set(lengths.values())) > 1 or not n:
            said = ", ".join(f"{v} {k}" for k, v in lengths.items())
            raise ValueError(
                f"{said} were given; expected one of each for every place, and at least one place."
            )
        if self.lonlats is not None:
            check_places(self.lonlats)
        for start in range(0, n, 4096):
            rows = slice(start, start + 4096)
            check_series(self.series(rows), start)
            if photos is not None:
                check_photos(self.photos(rows), start)

    def __repr__(self) -> str:
        photos = "no photos" if self.embeddings is None else f"photos {tuple(self.embeddings.shape[1:])}"
        photos += f" by {self.tower}" if self.tower else ""
        known = "no labels" if self.labels is None else f"{len(set(self.labels.tolist()) - {''})} classes"
        return f"<{len(self)} pairs: series {tuple(self.values.shape[1:])}, {photos}, {known}>"

    def __len__(self) -> int:
        return len(self.values)

    def series(self, rows: Any = slice(None)) -> np.ndarray:
        """Series of some places.

        Args:
            rows: n indices, a mask or a slice.

        Returns:
            (n, T, C, H, W) float32 reflectance x 10000, NaN = missing; H = W = 1 for single pixels.
        """
        values = self.values[rows]
        out = as_numbers(values, 2 - self.values.ndim)
        return out if self.values.ndim == 5 else out[..., None, None]

    def photos(self, rows: Any = slice(None)) -> np.ndarray:
        """Photo vectors of some places.

        Args:
            rows: n indices, a mask or a slice.

        Returns:
            (n, D) or (n, V, D) float32, NaN = no photo.

        Raises:
            ValueError: these pairs have no photos.
        """
        if self.embeddings is None:
            raise ValueError("these pairs have no photos; expected embeddings.")
        photos: np.ndarray = self.embeddings[rows].astype(np.float32)
        return photos

    def take(self, rows: Any) -> Pairs:
        """Some of the places.

        Args:
            rows: indices, a mask or a slice.

        Returns:
            Their pairs, in that order.
        """
        rows = np.arange(len(self))[rows if isinstance(rows, slice) else np.asarray(rows)]
        arrays = {name: getattr(self, name) for name in ("values", "embeddings", "labels", "lonlats")}
        return replace(self, **{name: array[rows] for name, array in arrays.items() if array is not None})

    def with_bands(self, bands: Sequence[str]) -> Pairs:
        """The same places with some of the bands.

        Args:
            bands: by name, in the order that is wanted: ("B4", "B3", "B2") for red, green, blue.

        Returns:
            Their pairs.

        Raises:
            ValueError: a band that these series have not, or series whose bands are not known.
        """
        if self.bands is None:
            raise ValueError(
                f"bands {', '.join(bands)} of series with {self.values.shape[2]} whose names are not known; expected "
                "Pairs(..., bands=their names)."
            )
        if not set(bands) <= set(self.bands):
            raise ValueError(f"bands {', '.join(bands)} given; expected some of {', '.join(self.bands)}.")
        values = self.values[:, :, [self.bands.index(band) for band in bands]]
        return replace(self, values=values, bands=tuple(bands))

    def check_fits(self, config: EncoderConfig, tower: Tower, name: str = "pairs") -> None:
        """Whether an encoder can read the series, and all vectors are of one tower and width.

        Args:
            config: of the encoder.
            tower: whose space it shares.
            name: what these pairs are called in the message.

        Raises:
            ValueError: they do not fit; the message says what to change.
        """
        t, *given = self.series(slice(0, 1)).shape[1:]
        wanted = [len(config.bands), config.patch, config.patch]
        if given != wanted or t not in (12, 4, 1):
            raise ValueError(
                f"series of {name} have {t} composites of {given} bands, height and width; this encoder reads 12 "
                f"months, 4 quarters or 1 year of {wanted}. Where months are missing, give twelve, with NaN in those."
            )
        if self.bands not in (None, config.bands):
            hint = f"; give {name}.with_bands({config.bands})" if set(config.bands) <= set(self.bands) else ""
            raise ValueError(
                f"series of {name} have the bands {', '.join(self.bands)}; this encoder reads "
                f"{', '.join(config.bands)}, in that order{hint}."
            )
        widths = {"the encoder": config.embedding, f"tower {tower.name!r}": tower.width}
        if self.embeddings is not None:
            widths[f"the photos of {name}"] = self.embeddings.shape[-1]
        if len(set(widths.values())) > 1:
            said = ", ".join(f"{width} of {what}" for what, width in widths.items())
            raise ValueError(
                f"vectors have different widths: {said}; expected one. Embed the photos with the tower that is given, "
                "and set EncoderConfig(embedding=) to its width."
            )
        self.check_tower(tower, name)

    def check_tower(self, tower: Tower, name: str = "pairs") -> None:
        """Whether the photo vectors are of this tower, as far as is known: in another one's space they mean nothing.

        Args:
            tower: that is asked about.
            name: what these pairs are called in the message.

        Raises:
            ValueError: another tower made them.
        """
        if self.embeddings is not None and self.tower not in (None, tower.name):
            raise ValueError(
                f"the photo vectors of {name} were made by tower {self.tower!r}; expected {tower.name!r}, in whose "
                f"space the encoder is. Embed the photos with that one, or give tower={self.tower!r}."
            )

    def save(self, path: str | Path) -> Path:
        """Write one safetensors file, types as they are; it has its name only once it is complete.

        Its metadata hold, as JSON under "timesen_nb.pairs", the names of the classes, of the bands and of the tower.

        Args:
            path: of the file; folders are made.

        Returns:
            The path.
        """
        tensors = {"values": self.values}
        if self.embeddings is not None:
            tensors["embeddings"] = self.embeddings
        about: dict[str, Any] = {"version": 1, "tower": self.tower, "bands": self.bands}
        if self.labels is not None:
            names, codes = np.unique(self.labels, return_inverse=True)
            about["classes"], tensors["labels"] = names.tolist(), codes
        if self.lonlats is not None:
            tensors["lonlats"] = self.lonlats
        return write_tensors(path, tensors, FORMAT, about)

    @classmethod
    def load(cls, path: str | Path) -> Pairs:
        """Pairs from :meth:`save`, mapped from disk: more of them than memory holds will do.

        A warning says where photo vectors are of a tower that the file does not name, as files of 0.1 do not.

        Args:
            path: of the file.

        Returns:
            The pairs.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is none of ours, or cut off.
        """
        path = Path(path).expanduser()
        if not path.is_file():
            raise FileNotFoundError(
                f"no pairs {path}; expected a file written by Pairs.save(path). Check the path."
            )
        tensors, about = read_tensors(
            path, FORMAT, "holds no pairs; expected a file written by Pairs.save(path)."
        )
        labels = tensors.get("labels")
        if labels is not None:
            labels = np.array(about["classes"])[labels]
        tower = about.get("tower")
        if tower is None and "embeddings" in tensors:
            warnings.warn(
                f"the photo vectors in {path.name} were made by an unknown tower; expected its name, for in another "
                "one's space they mean nothing. If you know it, say so once: "
                "dataclasses.replace(pairs, tower=...).save(another path).",
                stacklevel=2,
            )
        photos, lonlats = tensors.get("embeddings"), tensors.get("lonlats")
        return cls(tensors["values"], photos, labels, lonlats, tower, about.get("bands"))

    def split(
        self, shares: Sequence[float], seed: int = 0, block_km: float | None = None
    ) -> tuple[Pairs, ...]:
        """Disjoint parts by share.

        Args:
            shares: of each part, such as (0.8, 0.2).
            seed: another one draws other parts.
            block_km: edge of the square blocks that stay together, so that neighbours, which are alike, do not stand on
                both sides; None splits place by place, those of one place together (coordinates, or where they are not
                known the series).

        Returns:
            Pairs for each share.

        Raises:
            ValueError: shares do not sum to 1, blocks are too large for them, or there are no lonlats for blocks.
        """
        if block_km is None:
            block = same_places(self.lonlats, self.series, len(self))
        elif self.lonlats is None:
            raise ValueError("block_km was given for pairs without lonlats; give each place its lonlats.")
        else:
            block = blocks(self.lonlats, block_km)
        return tuple(self.take(rows) for rows in split_rows(block, shares, seed))
