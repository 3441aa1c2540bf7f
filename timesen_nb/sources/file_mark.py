"""Whether two cube files are the same: their names do not tell."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from itertools import islice
from pathlib import Path

#: Parts that are read of a file or a folder, and bytes of each: cubes are often larger than memory.
PARTS, PART = 16, 65_536
#: Files of a folder that are looked at.
MOST = 10_000


def file_mark(path: Path) -> str:
    """A fingerprint of a file, or of the files of a folder, by their sizes and parts of them.

    Args:
        path: of either; what it is called itself has no part in it, nor where it lies.

    Returns:
        Hexadecimal digits; of names and sizes alone where its files cannot be read.
    """
    files = [(path, "")] if path.is_file() else list(islice(_files(path), MOST))
    digest, sizes = sha256(), []
    for file, name in files:
        size = file.stat().st_size if file.exists() else 0
        sizes.append(size)
        digest.update(f"{name} {size};".encode())
    last = max(sum(sizes) - PART, 0)
    for start in sorted({last * part // (PARTS - 1) for part in range(PARTS)}):
        # a part that begins near the end of a file goes on in the next
        left = PART
        for (file, _), size in zip(files, sizes, strict=True):
            if left and start < size:
                # sources that can be read have said so: this is about what lies beside them
                with suppress(OSError), file.open("rb") as opened:
                    opened.seek(start)
                    digest.update(opened.read(left))
                start, left = 0, max(left - (size - start), 0)
            else:
                start -= size
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file below a folder and its path from there, in the order of their names."""
    for at, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            file = Path(at) / name
            yield file, file.relative_to(folder).as_posix()
