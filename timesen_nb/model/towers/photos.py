"""One photo, read whole or refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image


def open_photo(photo: Any) -> Image:
    """A photo in red, green and blue, upright: turned as its Exif orientation says, which cameras write.

    Args:
        photo: a file, a (height, width, 3) uint8 array or a PIL image.

    Returns:
        A PIL image.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no picture, cut off, of more than eight bits a colour, or another array.
    """
    from PIL import Image, UnidentifiedImageError

    if isinstance(photo, Image.Image):
        return _upright(photo)
    if not isinstance(photo, str | Path):
        array = np.asarray(photo)
        if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
            raise ValueError(
                f"a photo given is {array.dtype} {array.shape}; expected uint8 (height, width, 3)."
            )
        return Image.fromarray(array)
    try:
        with Image.open(photo) as file:
            return _upright(file)  # decodes every line: a cut-off file fails here
    except FileNotFoundError:
        raise FileNotFoundError(f"no photo {photo}; check the path, or download it again.") from None
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
    ) as problem:
        raise ValueError(
            f"the photo {photo} cannot be read ({problem}); expected a whole JPEG or PNG. Download it again, or "
            "save it as JPEG."
        ) from problem


def _upright(photo: Image) -> Image:
    from PIL import ImageOps

    if photo.mode[0] in "IF":
        # converted, all that is brighter than 255 would be white
        raise ValueError(f"a photo of mode {photo.mode}; expected eight bits a colour")
    return ImageOps.exif_transpose(photo).convert("RGB")
