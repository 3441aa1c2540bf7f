"""Tables as people have them, read as text: commas, semicolons or tabs, with or without a mark of their encoding."""

from __future__ import annotations

import codecs
import csv
import re
import warnings
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.tasks.names import check_no_table
from timesen_nb.tensor_file import check_content

if TYPE_CHECKING:
    import pandas as pd

#: Texts that stand for no number.
NO_NUMBER = ("", "NA", "N/A", "NAN", "NONE", "NULL", "-")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: What may be reflectance x 10000 with a mark between thousands, or a number with three decimals.
_THOUSANDS = re.compile(r"[+-]?[1-9]\d?[.,]\d{3}")


def read_table(path: Path, wanted: Collection[str] | None = None) -> pd.DataFrame:
    """A delimited text file with a line of column names, every cell as the text that it is.

    Args:
        path: commas, semicolons, tabs or bars between cells; UTF-8, UTF-16 or UTF-32. What is no UTF is read as
            Windows-1252, and a warning says so where it matters.
        wanted: names of the columns to keep, in small letters; None keeps all.

    Returns:
        (rows, columns) of str, "" where nothing is written. The index is the number of the line in the file, see
        :func:`where`; ``attrs["comma"]`` says whether a comma may be a decimal mark.

    Raises:
        ValueError: the file is empty, no text, or a line has more or fewer cells than the first.
    """
    import pandas as pd

    check_content(path, "a table as text (CSV)")
    with path.open("rb") as raw:
        if raw.read(4) == b"PK\x03\x04":
            raise ValueError(
                f"{path.name} is an Excel workbook or a zip archive; expected a table as text. Save it as CSV in UTF-8."
            )
    encoding = _encoding(path)
    lines, rows = [], []
    try:
        with path.open(encoding=encoding, newline="") as file:
            delimiter, names, before = _head(path, file)
            kept = [i for i, name in enumerate(names) if wanted is None or name.lower() in wanted]
            twice = sorted(
                {names[i] for i in kept if [n.lower() for n in names].count(names[i].lower()) > 1} - {""}
            )
            if twice and wanted is not None:
                raise ValueError(f"{path.name} has two columns {twice[0]!r}; expected each once. Remove one.")
            reader, line = csv.reader(file, delimiter=delimiter), before + 1
            for row in reader:
                if any(cell.strip() for cell in row):
                    _check_cells(path, row, names, line, delimiter)
                    lines.append(line)
                    rows.append([row[i].strip() for i in kept])
                line = before + reader.line_num + 1
    except (UnicodeError, csv.Error) as problem:
        raise ValueError(
            f"{path.name} cannot be read as text ({problem}); expected CSV in UTF-8. Save it so again."
        ) from problem
    index = pd.Index(lines, name="line")
    table = pd.DataFrame(rows, index, [names[i] for i in kept], dtype=object)
    if not rows:
        raise ValueError(f"{path.name} has column names and no row; expected a row for each place.")
    if encoding == "cp1252" and any(not cell.isascii() for row in rows for cell in row):
        example = next(cell for row in rows for cell in row if not cell.isascii())
        warnings.warn(
            f"{path.name} is not UTF-8; its letters are read as Windows-1252, such as {example!r}. If that is wrong, "
            "save it as UTF-8.",
            stacklevel=3,
        )
    table.attrs["comma"] = delimiter != ","
    return table


def numbers(table: pd.DataFrame, columns: Sequence[str], name: str) -> np.ndarray:
    """Columns of a table as numbers.

    Args:
        table: what :func:`read_table` gave; or one whose cells are numbers, None or text.
        columns: which of its columns.
        name: of the file, for messages.

    Returns:
        (rows, columns) float64, NaN where no number is written.

    Raises:
        ValueError: a cell is no number; or points and commas are mixed, so that nobody can tell the decimal mark.
    """
    cells = table[list(columns)].map(_text).to_numpy(str).reshape(len(table), len(columns))
    known = ~np.isin(np.char.upper(cells), NO_NUMBER)
    commas = known & (np.char.find(cells, ",") >= 0)
    if commas.any() and table.attrs.get("comma") and (known & (np.char.find(cells, ".") >= 0)).any():
        raise ValueError(
            f"{name} has numbers with a comma, such as {str(cells[commas][0])!r}, and with a point; expected one "
            "decimal mark. Write points everywhere."
        )
    plain = np.char.replace(cells, ",", ".") if table.attrs.get("comma") else cells
    out = np.full(cells.shape, np.nan)
    wrong = np.zeros(cells.shape, dtype=bool)
    for at in zip(*np.nonzero(known), strict=True):
        try:
            out[at] = float(plain[at])
        except ValueError:
            wrong[at] = True
        wrong[at] |= not np.isfinite(out[at]) or "_" in plain[at]
    if wrong.any():
        row, column = (int(i[0]) for i in np.nonzero(wrong))
        raise ValueError(
            f"{name} has {str(cells[row, column])!r} in column {columns[column]} of {where(table, row)}, which is no "
            "number; expected digits with a point. Mend the cell, or leave it empty."
        )
    return out


def where(table: pd.DataFrame, row: int) -> str:
    """Where a row stands in its file, in words: "line 3"."""
    return f"{table.index.name} {table.index[row]}"


def check_thousands(table: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    """ValueError where every point or comma may as well part thousands: 1,234 is 1234 or 1.234, and so is 1.234."""
    texts = [c for c in table[list(columns)].to_numpy().ravel().tolist() if isinstance(c, str)]
    for mark in ".," if table.attrs.get("comma") else ".":
        cells = [c for c in texts if mark in c]
        if cells and all(_THOUSANDS.fullmatch(c) for c in cells):
            raise ValueError(
                f"{name} has numbers like {cells[0]!r}, which may be {cells[0].replace(mark, '')} or "
                f"{cells[0].replace(mark, '.')}. Write them without a mark between thousands, and with a decimal point."
            )


def names_of(values: Any) -> np.ndarray:
    """Names or codes as text (N,): None, NaN and NA are "", the text "None" is one, 211.0 is 211; no spaces around."""
    check_no_table(values, "names")
    given = values.tolist() if hasattr(values, "tolist") else list(values)
    return np.array([_text(v) for v in given], dtype=str)


def say_doubtful(labels: np.ndarray, name: str) -> None:
    """Warn of class names that may be none, as R writes NA, and of those that capitals alone make two classes.

    Args:
        labels: (N,) names, "" = unknown.
        name: of the file, for messages.
    """
    alike: dict[str, list[str]] = {}
    for label in sorted(set(labels.tolist()) - {""}):
        alike.setdefault(label.casefold(), []).append(label)
    for written in alike.values():
        if written[0].upper() in NO_NUMBER:
            warnings.warn(
                f"{name}: {np.isin(labels, written).sum()} places are of a class named {written[0]!r}. If that stands "
                "for unknown, leave these cells empty.",
                stacklevel=3,
            )
        if len(written) > 1:
            warnings.warn(
                f"{name}: {' and '.join(map(repr, written))} differ in capitals alone and are {len(written)} classes. "
                "If they are one, write them alike.",
                stacklevel=3,
            )


def without_fraction(texts: np.ndarray) -> np.ndarray:
    """Codes that a spreadsheet turned into numbers: where every one ends in ".0", without that."""
    there = texts[texts != ""]
    if len(there) and all(re.fullmatch(r"\d+\.0", text) for text in there.tolist()):
        return np.array([text.removesuffix(".0") for text in texts.tolist()], dtype=str)
    return texts


def _text(value: Any) -> str:
    """One cell as text."""
    # pandas' NA can be compared with nothing; NaN is the only value that differs from itself
    if value is None or type(value).__name__ == "NAType" or value != value:
        return ""
    if isinstance(value, bytes):
        return value.decode().strip()
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value)) if whole else str(value).strip()


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4096)
        if marked := next((name for mark, name in _MARKS if head.startswith(mark)), None):
            return marked
        if b"\0" in head:  # UTF-16 without its mark: Latin letters are every other byte
            return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(head)
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _head(path: Path, file: Iterator[str]) -> tuple[str, list[str], int]:
    """Delimiter, column names, and how many lines these took; the file stands at its first row then."""
    candidates = [",", ";", "\t", "|"]
    for read, line in enumerate(file, 1):
        if said := re.fullmatch(r"sep=(.)\s*", line):  # Excel writes this before the names
            candidates = [said[1]]
        elif line.strip():
            found = [next(csv.reader([line], delimiter=d)) for d in candidates]
            names = max(found, key=len)
            return candidates[found.index(names)], [name.strip() for name in names], read
    raise ValueError(f"{path.name} is empty; expected a line of column names and a row for each place.")


def _check_cells(path: Path, row: list[str], names: list[str], line: int, delimiter: str) -> None:
    if len(row) < len(names) or any(cell.strip() for cell in row[len(names) :]):
        comma = " If a comma is the decimal mark, part the cells by semicolons." if delimiter == "," else ""
        raise ValueError(
            f"{path.name} has {len(row)} cells in line {line} and {len(names)} column names; expected as many. Is the "
            f"file cut off, or a name without its quotes?{comma}"
        )
