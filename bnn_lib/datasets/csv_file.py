"""CSV files as they come -> a frame of text, or one sentence that says what is wrong with them.

Nothing in a file is ever evaluated: cells stay text until `columns` reads numbers from them. What has to be
guessed (encoding, delimiter, decimal sign, whether there is a header) is part of the result, so that it can be
shown.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bnn_lib.datasets.text_file import File, read_text
from bnn_lib.errors import InvalidData, counted, shown

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS = 50_000
MAX_FILE_COLUMNS = 1_000  # of the file; what a model may be given is bounded by `table_encoding.MAX_WIDTH`
MAX_NAME = 80

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "space"}
_SAMPLE = 200_000  # characters that the delimiter is found from
_SAMPLE_ROWS = 200
_SAMPLE_CELLS = 20_000

# pandas' own list, lower case, and what people type by hand.
MISSING = frozenset(
    ["", "#n/a", "#n/a n/a", "#na", "-1.#ind", "-1.#qnan", "1.#ind", "1.#qnan", "<na>", "n/a", "n.a.", "na", "nan"]
).union(["-nan", "nat", "none", "null", "?", "-", "--", "."])

_COMMA = r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?"
_POINT = r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?"
_GROUPED = r"[+-]?\d{1,3}(?:[.,]\d{3})+"


@dataclass(frozen=True, eq=False)
class Table:
    """A CSV file's cells.

    Attributes
    ----------
    frame : DataFrame of str
        One row for each of the file's, cells without spaces around them, missing ones NaN; columns have names that
        are different and not empty.
    encoding, delimiter, decimal : str
        As found: a name such as ``"UTF-8"``, one of `DELIMITERS`, ``"."`` or ``","``.
    header : bool
        Whether the first row gave the names.
    warnings : tuple of str
        Sentences on what was changed in reading.
    """

    frame: pd.DataFrame
    encoding: str
    delimiter: str
    decimal: str
    header: bool
    warnings: tuple[str, ...]


def read_csv(file: File) -> Table:
    """Read a table from a path, from bytes, or from a file opened in binary mode.

    Raises
    ------
    InvalidData
        If the file is too large, is not a table of text, or is broken; in one sentence, which names the line if
        there is one.
    """
    text, encoding = read_text(file)
    if text[:4].lower() == "sep=":  # Excel's way to name the delimiter; found below anyway
        text = text.partition("\n")[2]
    if not text.strip():
        raise InvalidData("The file is empty; needed: a row of column names and rows of values.")
    delimiter = find_delimiter(text)
    try:
        width = _width(text, delimiter)
    except csv.Error as error:
        raise InvalidData(
            f"The file cannot be split into cells ({error}); is a quotation mark left open?"
        ) from error
    frame = _parse(text, delimiter, width)
    frame, header, warnings = _name_columns(frame)
    if len(frame) > MAX_ROWS:
        raise InvalidData(f"The file has more than {MAX_ROWS:,} rows; allowed: at most {MAX_ROWS:,}.")
    if frame.empty:
        raise InvalidData("The file has a row of column names and no rows below it; needed: rows of values.")
    frame = frame.apply(_clean)
    return Table(frame, encoding, delimiter, find_decimal(frame, delimiter), header, tuple(warnings))


def find_delimiter(text: str) -> str:
    """Return the delimiter that cuts most of the first rows into as many cells as the first row has.

    Of those that do so equally well, the one that gives more cells; the space only where no other cuts at all. A
    comma for a table of one column.
    """
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        if delimiter == " " and best_score > (0.0, 0):
            break
        counts = _counts(text, delimiter)
        if not counts or counts[0] == 1:
            continue
        # A header may lack the cell above row names, or the rows end with one delimiter more.
        usual, rows = Counter(counts).most_common(1)[0]
        agrees = rows / len(counts) if abs(usual - counts[0]) <= 1 else 0.0
        score = (round(agrees, 2), usual)
        if usual > 1 and agrees > 0.5 and score > best_score:
            best, best_score = delimiter, score
    return best


def _counts(text: str, delimiter: str) -> list[int]:
    """Count the cells of the first rows that are not empty."""
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE and "\n" in sample:
        sample = sample[: sample.rindex("\n")]  # the last row may be cut
    counts: list[int] = []
    # With a delimiter that is not the file's, a row may be one cell that is longer than the reader accepts.
    with suppress(csv.Error):
        for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, skipinitialspace=True):
            if any(cell.strip() for cell in row):
                counts.append(len(row))
            if len(counts) == _SAMPLE_ROWS:
                break
    return counts


def _width(text: str, delimiter: str) -> int:
    """Return how many cells a row may have: as many as the longest of the first ones."""
    first = next(csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=delimiter))
    width = max(len(first), *_counts(text, delimiter), 1)
    if width > MAX_FILE_COLUMNS + 1:
        raise InvalidData(f"The file has {width:,} columns; allowed: at most {MAX_FILE_COLUMNS:,}.")
    return width


def _parse(text: str, delimiter: str, width: int) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=None,
            names=range(width),
            index_col=False,
            dtype=str,
            na_filter=False,  # cells are judged later, names must not be
            skipinitialspace=True,
            nrows=MAX_ROWS + 2,  # a header, and one to know that there are too many
            engine="c",
        )
    except pd.errors.ParserError as error:
        raise _broken(str(error)) from error
    except (pd.errors.EmptyDataError, ValueError, OverflowError) as error:
        raise InvalidData(f"The file cannot be read as a table: {shown(str(error), 120)}.") from error


def _broken(message: str) -> InvalidData:
    """Say what pandas' parser stumbled on."""
    if found := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message):
        usual, line, seen = (int(number) for number in found.groups())
        return InvalidData(
            f"Row {line:,} of the file has {seen:,} cells, and rows before it have at most {usual:,}; allowed: "
            "one cell for each column, with quotation marks around text that holds the delimiter."
        )
    if found := re.search(r"EOF inside string starting at row (\d+)", message):
        return InvalidData(f'A quotation mark (") that is opened in row {int(found[1]) + 1:,} is never closed.')
    return InvalidData(f"The file cannot be read as a table: {shown(message, 120)}.")


def _name_columns(frame: pd.DataFrame) -> tuple[pd.DataFrame, bool, list[str]]:
    """Take the names from the first row, unless all of it is numbers; drop columns that are nothing at all."""
    import pandas as pd

    first = [" ".join(cell.split()) for cell in frame.iloc[0]]
    header = not _is_data(first)
    body = frame.iloc[1:] if header else frame
    named = max((i + 1 for i, cell in enumerate(first) if cell), default=0) if header else len(first)
    for position in range(named, frame.shape[1]):
        filled = body[position].str.strip() != ""
        if filled.any():
            row = int(filled.to_numpy().argmax()) + 2
            raise InvalidData(
                f"Row {row:,} of the file has at least {position + 1:,} cells, and the first row has {named:,}; "
                "needed: a name for each column."
            )
    if named > MAX_FILE_COLUMNS:
        raise InvalidData(f"The file has {named:,} columns; allowed: at most {MAX_FILE_COLUMNS:,}.")
    names, warnings = _name(first[:named] if header else [""] * named)
    if not header:
        warnings = ["The first row holds numbers only, so it counts as data, and columns are named by position."]
    body = body.iloc[:, :named].reset_index(drop=True)
    body.columns = pd.Index(names)
    return body, header, warnings


def _is_data(cells: list[str]) -> bool:
    """Whether a first row is numbers only, so no names.

    But 0, 1, 2, ... are: pandas names columns so by itself.
    """
    import pandas as pd

    filled = pd.Series([cell.replace(",", ".") for cell in cells if cell], dtype=str)
    numbers = pd.to_numeric(filled, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    counting = len(numbers) >= 3 and bool((np.diff(numbers) == 1).all()) and numbers[0] in (0, 1)
    return len(numbers) > 0 and not np.isnan(numbers).any() and not counting


def _name(cells: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return a name that can be shown for every column, all different, and sentences on what was changed."""
    printable = [_printable(cell) for cell in cells]
    names = unique_names([name or f"column {position}" for position, name in enumerate(printable, start=1)])
    empty = printable.count("")
    repeated = sum(bool(old) and old != new for old, new in zip(printable, names, strict=True))
    warnings = [f"{counted(empty, 'column')} without a name, now named by position."] if empty else []
    warnings += (
        [f"{counted(repeated, 'name')} of columns had occurred before, now with a number."] if repeated else []
    )
    return names, warnings


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Give a number to each name that has occurred before: ``a, a (2)``."""
    found: dict[str, None] = {}  # a set that keeps its order
    for base in names:
        name, number = base, 2
        while name in found:
            name, number = f"{base} ({number})", number + 1
        found[name] = None
    return tuple(found)


def _printable(cell: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in cell).strip()[:MAX_NAME].strip()


def _clean(column: pd.Series) -> pd.Series:
    column = column.str.strip()
    return column.mask(column.str.lower().isin(MISSING))


def find_decimal(frame: pd.DataFrame, delimiter: str) -> str:
    """Return the sign that more of the first cells can only have as a decimal sign, the point if none has.

    ``1,234`` may be either. In a file whose cells a comma does not part, it is a decimal unless points are.
    """
    import pandas as pd

    cells = pd.Series(frame.head(_SAMPLE_ROWS).to_numpy().ravel()[:_SAMPLE_CELLS], dtype=str).dropna()
    grouped = cells.str.fullmatch(_GROUPED)
    commas, points = cells.str.fullmatch(_COMMA), cells.str.fullmatch(_POINT)
    comma, point = (commas & ~grouped).sum(), (points & ~grouped).sum()
    doubtful = (commas & grouped).any()
    if comma > point or (delimiter != "," and not point and doubtful):
        return ","
    return "."
