"""Files as people have them: each ends in a right table or in one clear sentence."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from bnn_lib.datasets import encode_table, inspect_table, read_table
from bnn_lib.datasets.csv_file import MAX_FILE_COLUMNS, MAX_ROWS
from bnn_lib.datasets.text_file import MAX_BYTES
from bnn_lib.errors import InvalidData

FOLDER = Path(__file__).parent / "nasty"

# What most of the good files hold.
NUMBERS = np.array(
    [[5.1, 3.5, 1], [4.9, 3.0, 2.5], [6.2, 2.9, 4.3], [5.9, 3.0, 5.1], [7.0, 3.2, 4.7], [6.3, 3.3, 6.0]]
)

REFUSED = {
    "empty.csv": "The file is empty; needed: a row of column names and rows of values.",
    "blank_lines.csv": "The file is empty",
    "header_only.csv": "a row of column names and no rows below it",
    "one_row.csv": "The table has 1 row of values; needed: at least 4.",
    "one_column.csv": "The table has one column, 'a'; needed: a target and a feature",
    "wrong_delimiter.csv": "one column, 'a:b:c'; .* parted by one of comma, semicolon, tab, vertical bar, space",
    "ragged_long.csv": "Row 8 of the file has at least 4 cells, and the first row has 3",
    "open_quote.csv": r'A quotation mark \("\) that is opened in row 8 is never closed',
    "nul_bytes.csv": "The file has NUL bytes, so it is not text",
    "half_utf16.csv": "marked as UTF-16 and is not valid UTF-16 at byte 14",
    "zip_renamed.csv": "The file is a zip archive, perhaps an Excel workbook",
    "binary.csv": "The file has control characters, so it is not text",
    "everything_missing.csv": "no column that could be a target",
    "rare_class.csv": "The target 'class' has the class 'once' in 1 row of 8; needed: .* two rows of each",
}

SAME_NUMBERS = {
    "decimal_commas.csv": ("UTF-8", ";", ","),
    "excel_separator.csv": ("UTF-8", ";", ","),
    "tabs.tsv": ("UTF-8", "\t", "."),
    "spaces.csv": ("UTF-8", " ", "."),
    "bom.csv": ("UTF-8", ",", "."),
    "utf16.csv": ("UTF-16", ",", "."),
    "utf16_no_bom.csv": ("UTF-16", ",", "."),
    "latin1.csv": ("Windows-1252", ",", "."),
    "old_mac.csv": ("UTF-8", ",", "."),
    "windows.csv": ("UTF-8", ",", "."),
    "trailing_delimiter.csv": ("UTF-8", ",", "."),
    "numbers_as_text.csv": ("UTF-8", ",", "."),
    "no_header.csv": ("UTF-8", ",", "."),
    "pandas_index.csv": ("UTF-8", ",", "."),
    "constant_columns.csv": ("UTF-8", ",", "."),
    "missing_column.csv": ("UTF-8", ",", "."),
    "ragged_short.csv": ("UTF-8", ",", "."),
    "infinities.csv": ("UTF-8", ",", "."),
    "huge.csv": ("UTF-8", ",", "."),
    "quotes.csv": ("UTF-8", ",", "."),
    "right_to_left.csv": ("UTF-8", ",", "."),
}


def _is_a_sentence(error: pytest.ExceptionInfo[InvalidData]) -> None:
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert len(text) < 400
    assert text.isprintable()


@pytest.mark.parametrize(("name", "message"), REFUSED.items())
def test_refused_with_a_sentence(name: str, message: str) -> None:
    with pytest.raises(InvalidData, match=message) as error:
        read_table(FOLDER / name)
    _is_a_sentence(error)


@pytest.mark.parametrize(("name", "found"), SAME_NUMBERS.items())
def test_read_as_the_same_numbers(name: str, found: tuple[str, str, str]) -> None:
    summary = inspect_table(FOLDER / name)
    table = summary.table
    assert (table.encoding, table.delimiter, table.decimal) == found
    data = encode_table(summary)
    rows = np.concatenate([data.train_rows, data.test_rows])
    X = np.concatenate([data.dataset.X_train, data.dataset.X_test])
    y = np.concatenate([data.dataset.y_train, data.dataset.y_test])
    np.testing.assert_array_equal(np.column_stack([X, y])[np.argsort(rows)], NUMBERS)
    assert data.dropped == summary.rows - len(NUMBERS)


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_every_file_is_one_or_the_other(path: Path) -> None:
    try:
        data = encode_table(inspect_table(path.read_bytes()))
    except InvalidData as error:
        assert "\n" not in str(error)  # noqa: PT017 - either way is right here
    else:
        assert np.isfinite(data.dataset.X_train).all()
        assert all(name and name.isprintable() for name in data.dataset.feature_names)


def test_names_are_different_and_not_empty() -> None:
    summary = inspect_table(FOLDER / "names.csv")
    assert summary.names == ("a", "a (2)", "column 3", "a (3)", "b")
    assert summary.warnings == (
        "1 column without a name, now named by position.",
        "2 names of columns had occurred before, now with a number.",
    )


def test_a_file_without_names_says_so() -> None:
    summary = inspect_table(FOLDER / "no_header.csv")
    assert not summary.table.header
    assert summary.names == ("column 1", "column 2", "column 3")
    assert "The first row holds numbers only" in summary.warnings[0]


def test_names_of_columns_that_pandas_made_up_are_names() -> None:
    assert inspect_table(b"0,1,2\n5.5,6.5,7.5\n1.5,2.5,3.5\n").rows == 2


def test_names_lose_what_cannot_be_shown_and_keep_the_rest() -> None:
    assert inspect_table(FOLDER / "right_to_left.csv").names == ("a", "b", "c")
    # Harmless as data; the page's part is to escape it.
    assert inspect_table(FOLDER / "html.csv").names[1] == "<script>alert(1)</script>"
    assert inspect_table(FOLDER / "quotes.csv").names == ('a "quoted" name', "b, with a comma", "c over two lines")


def test_formulas_are_text() -> None:
    summary = inspect_table(FOLDER / "formulas.csv")
    assert summary.column("=1+1").levels == ("+cmd", "-2+3", "=1+1", "@SUM(1)")


def test_numbers_in_disguise() -> None:
    summary = inspect_table(FOLDER / "thousands.csv")
    np.testing.assert_array_equal(summary.column("a").values, [1234.5, 12000, 1234567, 3])
    np.testing.assert_array_equal(summary.column("b").values, [2000, 1, -3.5, 10])
    np.testing.assert_array_equal(summary.column("c").values, [10, 20, 5, 7.5])


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("infinities.csv", "1 cell of 'a' is no usable number ('inf') and counts as missing."),
        ("huge.csv", "1 cell of 'a' is no usable number ('1e308') and counts as missing."),
        ("almost_numbers.csv", "1 cell of 'a' is no usable number ('about five') and counts as missing."),
    ],
)
def test_cells_that_are_no_usable_numbers_are_counted(name: str, note: str) -> None:
    assert note in inspect_table(FOLDER / name).warnings


@pytest.mark.parametrize(
    ("name", "target", "message"),
    [
        (
            "constant_target.csv",
            "target",
            "'target' has the same value in every row, so there is nothing to learn",
        ),
        ("all_different_strings.csv", "target", "'target' has 6 different values in 6 rows; allowed for classes"),
        ("everything_missing.csv", "a", "The target 'a' is empty"),
        ("dates.csv", "when", "The target 'when' holds dates, such as '2024-01-01'"),
        ("names.csv", "c", r"The table has no column 'c'; allowed: \['a', 'a \(2\)'"),
    ],
)
def test_a_target_that_cannot_be_one(name: str, target: str, message: str) -> None:
    with pytest.raises(InvalidData, match=message) as error:
        read_table(FOLDER / name, target=target)
    _is_a_sentence(error)


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("dates.csv", {"when": "It holds dates"}),
        ("constant_columns.csv", {"d": "It has one value only."}),
        ("missing_column.csv", {"b": "It is empty."}),
        ("many_levels.csv", {"word": "It is text with 40 different values, too many for categories."}),
        (
            "identifiers.csv",
            {
                "PatientID": "It names rows",
                "row": "It counts the rows.",
                "name": "It is text, different in every row.",
            },
        ),
    ],
)
def test_what_is_left_out_and_why(name: str, reasons: dict[str, str]) -> None:
    summary = inspect_table(FOLDER / name)
    left_out = {column.name: column.why_not for column in summary.columns if column.why_not}
    assert left_out.keys() == reasons.keys()
    for column, reason in reasons.items():
        assert left_out[column].startswith(reason)
        assert column not in summary.guess_features(summary.target)


class TestLimits:
    def test_bytes(self) -> None:
        with pytest.raises(InvalidData, match=r"The file has more than 5.0 MB; allowed: at most 5 MB"):
            read_table(b"x" * (MAX_BYTES + 1))
        with pytest.raises(InvalidData, match=r"The file has 6.0 MB"):
            read_table(b"x" * 6_000_000)

    def test_a_line_of_a_gigabyte_is_not_read(self, tmp_path: Path) -> None:
        path = tmp_path / "line.csv"
        with path.open("wb") as file:
            file.truncate(1_000_000_000)  # of zeros, which take no space on the disk
        with pytest.raises(InvalidData, match=r"The file has 1,000.0 MB; allowed: at most 5 MB"):
            read_table(path)

        class Endless(io.RawIOBase):
            asked = 0

            def read(self, size: int = -1) -> bytes:
                self.asked += size
                return b"1" * size

        stream = Endless()
        with pytest.raises(InvalidData, match=r"more than 5\.0 MB"):
            read_table(stream)
        assert stream.asked == MAX_BYTES + 1

    def test_rows(self) -> None:
        most = b"a,b\n" + b"1,2\n2,3\n" * (MAX_ROWS // 2)
        assert inspect_table(most).rows == MAX_ROWS
        with pytest.raises(InvalidData, match="more than 50,000 rows; allowed: at most 50,000"):
            read_table(most + b"3,4\n")
        with pytest.raises(InvalidData, match="more than 50,000 rows"):
            read_table(b"1.5,2\n" * (MAX_ROWS + 1))  # no names, so a row more

    def test_columns(self) -> None:
        names = [f"c{i}" for i in range(100_000)]
        with pytest.raises(InvalidData, match="The file has 100,000 columns; allowed: at most 1,000"):
            read_table(",".join(names).encode() + b"\n1\n")
        row = ",".join(str(i % 7) for i in range(MAX_FILE_COLUMNS))
        table = "\n".join(
            [",".join(names[:MAX_FILE_COLUMNS]), *[row, row.replace("1", "2"), row.replace("2", "4")] * 3]
        )
        summary = inspect_table(table.encode())
        assert len(summary.columns) == MAX_FILE_COLUMNS
        assert len(encode_table(summary).encoding.feature_names) <= 200

    def test_columns_after_encoding(self) -> None:
        header = ",".join(f"c{i}" for i in range(11)) + ",y\n"
        rows = "".join(",".join([f"v{i % 20}"] * 11) + f",{i * 1.5}\n" for i in range(40))
        summary = inspect_table((header + rows).encode())
        assert encode_table(summary).dataset.n_features == 200  # ten columns of twenty levels fit
        with pytest.raises(InvalidData, match=r"The features make 220 columns.*at most 200"):
            encode_table(summary, features=[f"c{i}" for i in range(11)])

    def test_a_cell_too_long(self) -> None:
        with pytest.raises(InvalidData, match="is a quotation mark left open"):
            read_table(b'"' + b"a,b\n1,2\n" * 20_000)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (5, "file is 5; allowed: a path, bytes, or a file opened in binary mode"),
        (None, "file is None"),
        (io.StringIO("a,b\n1,2\n"), "The file was opened as text"),
        ("no/such/file.csv", "'no/such/file.csv' cannot be read: No such file or directory"),
        ("a\0b", "cannot be read"),
        (".", "cannot be read: Is a directory"),
    ],
)
def test_what_is_no_file(file: object, message: str) -> None:
    with pytest.raises(InvalidData, match=message) as error:
        read_table(file)
    _is_a_sentence(error)
