"""What is guessed about a table, how it becomes a data set, and how a second table is encoded like the first."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris, load_wine
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

import bnn_lib as bnn
from bnn_lib.datasets import TableSummary, encode_table, inspect_table, read_table
from bnn_lib.datasets.csv_download import to_csv_bytes
from bnn_lib.datasets.table_encoding import DROP, MEDIAN
from bnn_lib.errors import InvalidData


def _csv(frame: pd.DataFrame, **options) -> bytes:
    return frame.to_csv(index=False, **options).encode()


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    """Numbers, categories and classes, some of them missing."""
    rng = np.random.default_rng(0)
    n = 200
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, n).astype(float),
            "income": rng.lognormal(10, 1, n).round(2),
            "town": rng.choice(["Bern", "Genf", "Zug"], n),
            "sex": rng.choice(["f", "m"], n),
            "bought": rng.choice(["no", "yes"], n),
        }
    )
    for name, step in (("age", 17), ("income", 23), ("town", 29)):
        frame.loc[::step, name] = None
    return frame


@pytest.fixture(scope="module")
def summary(people: pd.DataFrame) -> TableSummary:
    return inspect_table(_csv(people))


class TestGuesses:
    def test_one_line_says_what_there_is(self, summary: TableSummary) -> None:
        assert summary.text == (
            "200 rows, 5 columns: 2 numeric, 3 categorical; 28 missing values (UTF-8, comma between cells)."
        )

    @pytest.mark.parametrize(
        ("load", "task", "why"),
        [(load_iris, "classification", "0 to 2"), (load_wine, "classification", "the whole numbers 0 to 2")],
    )
    def test_scikit_learns_tables(self, load, task: str, why: str) -> None:
        frame = load(as_frame=True).frame
        summary = inspect_table(_csv(frame))
        assert summary.target == "target"
        assert summary.guess_task("target") == (task, "the whole numbers 0 to 2")
        assert summary.guess_features("target") == tuple(frame.columns[:-1])

    @pytest.mark.parametrize(
        ("values", "task"),
        [
            ([0, 1] * 10, "classification"),
            ([1, 2, 3] * 7, "classification"),
            ([3, 4, 5, 6, 7, 8] * 4, "regression"),  # a rating, not codes
            ([0.5, 1.5] * 10, "regression"),
            (list(range(20)), "regression"),
            (["a", "b"] * 10, "classification"),
            ([True, False] * 10, "classification"),
        ],
    )
    def test_type_of_target(self, values: list, task: str) -> None:
        summary = inspect_table(_csv(pd.DataFrame({"x": np.arange(len(values)) * 1.5, "y": values})))
        assert summary.guess_task("y")[0] == task

    @pytest.mark.parametrize(
        ("names", "target"),
        [
            (["a", "b", "c"], "c"),
            (["Species", "b", "c"], "Species"),
            (["y", "x1", "x2"], "y"),
            (["a", "target", "c"], "target"),
        ],
    )
    def test_target(self, names: list[str], target: str) -> None:
        rows = np.random.default_rng(0).normal(size=(9, 3))
        assert inspect_table(_csv(pd.DataFrame(rows, columns=names))).target == target

    @pytest.mark.parametrize(
        ("name", "is_identifier"),
        [
            ("id", True),
            ("Customer ID", True),
            ("patient_id", True),
            ("userId", True),
            ("Unnamed: 0", True),
            ("paid", False),
            ("humidity", False),
            ("Madrid", False),
            ("population", False),
        ],
    )
    def test_names_of_identifiers(self, name: str, is_identifier: bool) -> None:
        values = np.random.default_rng(0).permutation(1_000)[:50] + 7
        frame = pd.DataFrame({name: values, "x": values % 7 * 0.5, "y": values % 11 * 0.5})
        assert bool(inspect_table(_csv(frame)).column(name).why_not) == is_identifier

    def test_years_are_no_row_numbers(self) -> None:
        frame = pd.DataFrame({"year": np.arange(1990, 2020), "row": np.arange(30), "y": np.arange(30) ** 2})
        assert inspect_table(_csv(frame)).guess_features("y") == ("year",)

    def test_row_numbers_are_taken_if_there_is_nothing_else(self) -> None:
        frame = pd.DataFrame({"t": np.arange(30), "y": np.arange(30) ** 2 % 17})
        assert inspect_table(_csv(frame)).guess_features("y") == ("t",)

    def test_a_column_mostly_missing_is_left_out(self, people: pd.DataFrame) -> None:
        sparse = people["age"].where(np.arange(len(people)) % 3 == 0)
        summary = inspect_table(_csv(people.assign(age=sparse)))
        assert summary.column("age").why_not == "It is missing in 68% of the rows."

    def test_missing(self, summary: TableSummary) -> None:
        assert summary.guess_missing("bought", ["sex"]) == "drop"
        assert summary.guess_missing("bought", ["age", "income", "town"]) == "median"
        assert summary.count_incomplete("bought", ["age"]) == 12

    @pytest.mark.parametrize(
        "date",
        [
            "2024-01-{:02d}",
            "{:02d}.01.2024",
            "{}/1/24",
            "2024-01-{:02d}T10:00:00Z",
            "{} Jan 2024",
            "Jan {}, 2024",
            "{}:30",
        ],
    )
    def test_dates(self, date: str) -> None:
        frame = pd.DataFrame({"when": [date.format(day) for day in range(1, 21)], "y": np.arange(20) * 0.5})
        assert inspect_table(_csv(frame, sep=";")).column("when").kind == "date"


class TestEncoding:
    def test_numbers_and_categories(self, people: pd.DataFrame, summary: TableSummary) -> None:
        data = encode_table(summary)
        complete = people.dropna()
        assert data.dropped == len(people) - len(complete)
        assert data.dataset.feature_names == (
            "age",
            "income",
            "town = Bern",
            "town = Genf",
            "town = Zug",
            "sex = m",
        )
        assert data.dataset.class_names == ("no", "yes")
        encoder = OneHotEncoder(drop="if_binary", sparse_output=False).fit(complete[["town", "sex"]])
        expected = np.column_stack([complete[["age", "income"]], encoder.transform(complete[["town", "sex"]])])
        for part in ("train", "test"):
            rows = complete.index.get_indexer(getattr(data, f"{part}_rows"))
            np.testing.assert_array_equal(getattr(data.dataset, f"X_{part}"), expected[rows])
            labels = np.array(data.dataset.class_names)[getattr(data.dataset, f"y_{part}")]
            assert (labels == complete["bought"].to_numpy()[rows]).all()

    def test_medians_are_those_of_training_rows(self, people: pd.DataFrame, summary: TableSummary) -> None:
        data = encode_table(summary, missing="median", test_fraction=0.5, seed=3)
        assert data.dropped == 0
        train = people.iloc[data.train_rows]
        imputed = SimpleImputer(strategy="median").fit(train[["age", "income"]])
        fills = {item.name: item.fill for item in data.encoding.inputs}
        assert (fills["age"], fills["income"]) == tuple(imputed.statistics_)
        assert fills["town"] == train["town"].mode()[0]
        expected = imputed.transform(people[["age", "income"]])
        np.testing.assert_array_equal(data.dataset.X_test[:, :2], expected[data.test_rows])

    def test_rows_without_a_target_are_left_out(self, people: pd.DataFrame) -> None:
        data = encode_table(inspect_table(_csv(people)), target="age", missing="median")
        assert data.dropped == people["age"].isna().sum()
        assert data.dataset.task == "regression"

    def test_scaling_is_of_training_rows(self, summary: TableSummary) -> None:
        dataset = read_table_of(summary)
        np.testing.assert_allclose(dataset.scaling.x_mean, dataset.X_train.mean(axis=0))

    def test_levels_of_held_out_rows_have_a_column_of_zeros(self) -> None:
        frame = pd.DataFrame(
            {"c": ["a", "b"] * 20 + ["rare"] * 2, "x": np.arange(42) * 1.5, "y": np.arange(42) % 5 * 0.5}
        )
        for seed in range(20):
            data = encode_table(inspect_table(_csv(frame)), target="y", test_fraction=0.5, seed=seed)
            assert data.dataset.feature_names == ("c = a", "c = b", "c = rare", "x")
            rare = data.dataset.X_train[:, 2]
            assert rare.sum() == np.isin(data.train_rows, [40, 41]).sum()

    def test_class_codes_that_are_numbers(self) -> None:
        frame = pd.DataFrame({"x": np.arange(20) * 1.5, "grade": [10, 9, 8, 10] * 5})
        dataset = read_table(_csv(frame), target="grade", task="classification")
        assert dataset.class_names == ("8", "9", "10")

    def test_the_readers_of_a_path_of_bytes_and_of_a_file_agree(self, people: pd.DataFrame, tmp_path) -> None:
        path = tmp_path / "people.csv"
        path.write_bytes(_csv(people))
        assert bnn.read_table(path) == bnn.read_table(str(path)) == bnn.read_table(io.BytesIO(_csv(people)))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"missing": "mean"}, "missing is 'mean'; allowed: 'drop' or 'median'"),
            ({"task": "ranking"}, "task is 'ranking'; allowed: classification or regression"),
            ({"task": "regression"}, "holds text, such as '(yes|no)'; allowed: numbers for regression"),
            ({"target": "age", "task": "classification"}, "'age' has .* different values in 200 rows; allowed"),
            ({"target": "height"}, "no column 'height'"),
            ({"features": ["age", "height"]}, "no column 'height'"),
            ({"features": ["age", "age"]}, "features names a column twice"),
            ({"features": ["bought"]}, "or the target"),
            ({"features": "age"}, "features is 'age'; allowed: a list of names"),
            ({"features": []}, "No column is left as a feature"),
            ({"test_fraction": 1.0}, "test_fraction is 1.0"),
            ({"standardize": 1}, "standardize is 1"),
        ],
    )
    def test_refusals(self, summary: TableSummary, change: dict, message: str) -> None:
        with pytest.raises(InvalidData, match=message):
            encode_table(summary, **change)

    def test_too_few_complete_rows_say_which_column_is_to_blame(self, people: pd.DataFrame) -> None:
        frame = people.assign(age=[1.5, 2.5, *[None] * 198])
        with pytest.raises(
            InvalidData, match=r"2 rows of 200 are complete.* 'age' is missing in 198: leave it out"
        ):
            read_table(_csv(frame), features=["age", "sex"])
        with pytest.raises(InvalidData, match=r"'when' cannot be a feature. It holds dates"):
            read_table(b"when,x,y\n" + b"2020-01-01,1.5,2\n2020-01-02,2.5,3\n" * 5, features=["when"])


def read_table_of(summary: TableSummary):
    return encode_table(summary, missing="median").dataset


class TestSecondTable:
    def test_the_same_rows_give_the_same_inputs(self, people: pd.DataFrame, summary: TableSummary) -> None:
        for missing in ("drop", "median"):
            data = encode_table(summary, missing=missing)
            shuffled = people[["sex", "town", "income", "age"]].assign(extra="x")
            new = data.encoding.read(_csv(shuffled))
            assert new.complete.sum() == len(new.X) == len(people) - data.dropped
            position = np.cumsum(new.complete) - 1
            np.testing.assert_array_equal(new.X[position[data.train_rows]], data.dataset.X_train)
            np.testing.assert_array_equal(new.X[position[data.test_rows]], data.dataset.X_test)
            assert list(new.frame) == list(shuffled)

    def test_another_notation_is_read_too(self, people: pd.DataFrame, summary: TableSummary) -> None:
        encoding = encode_table(summary).encoding
        new = encoding.read(_csv(people, sep=";", decimal=","))
        np.testing.assert_array_equal(new.X, encoding.read(_csv(people)).X)

    @pytest.mark.parametrize("missing", [DROP, MEDIAN])
    def test_a_level_not_seen_costs_its_rows_and_no_others(
        self, people: pd.DataFrame, summary: TableSummary, missing: str
    ) -> None:
        encoding = encode_table(summary, missing=missing).encoding
        usual = encoding.read(_csv(people))
        sex, town = people["sex"].copy(), people["town"].copy()
        known = np.flatnonzero(usual.complete)
        sex.iloc[known[1]], town.iloc[known[3]], town.iloc[known[4]] = "x", "Rom", "Rom"
        new = encoding.read(_csv(people.assign(sex=sex, town=town)))
        left = np.setdiff1d(np.arange(len(known)), [1, 3, 4])
        np.testing.assert_array_equal(np.flatnonzero(new.complete), known[left])
        np.testing.assert_array_equal(new.X, usual.X[left])
        assert len(new.unknown) == 2
        assert f"'sex' is 'x' in row {known[1] + 2:,}; known: ['f', 'm']" in new.unknown
        assert any("'town' is 'Rom'" in text and "1 row more has such a level" in text for text in new.unknown)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda f: f.drop(columns="age"), r"no column 'age'; needed: every feature of the model"),
            (lambda f: f[["sex", "bought"]], r"no column 'age' \(and 2 more are missing\)"),
            (
                lambda f: f.assign(sex="x"),
                r"'sex' is 'x' in row 2, and 199 rows more have such a level; known: \['f', 'm'\]",
            ),
            (lambda f: f.assign(age="old"), r"'age' held numbers and now holds text, such as 'old'"),
            (
                lambda f: f.assign(age=None),
                "No row of the file has a known value of every feature; needed: at least one",
            ),
        ],
    )
    def test_refusals(self, people: pd.DataFrame, summary: TableSummary, change, message: str) -> None:
        with pytest.raises(InvalidData, match=message):
            encode_table(summary).encoding.read(_csv(change(people)))

    def test_one_row(self, summary: TableSummary) -> None:
        encoding = encode_table(summary).encoding
        row = {"age": 30, "income": 1e4, "town": "Zug", "sex": "m"}
        np.testing.assert_array_equal(encoding.encode_row(row), [[30, 1e4, 0, 0, 1, 1]])
        assert encoding.columns_of("town") == slice(2, 5)
        for change, message in (
            ({"town": "Rom"}, "'town' is 'Rom'; known: .'Bern', 'Genf', 'Zug'"),
            ({"sex": None}, "'sex' is no value; known"),
            ({"age": float("nan")}, "age is nan"),
            ({"age": None}, "age is None; allowed: a number"),
        ):
            with pytest.raises(InvalidData, match=message):
                encoding.encode_row({**row, **change})
        with pytest.raises(InvalidData, match="'bought' is none of the features"):
            encoding.columns_of("bought")


class TestDownloads:
    def test_formulas_are_neutralised_and_numbers_are_not(self) -> None:
        frame = pd.DataFrame(
            {"=name": ["=1+1", "+cmd|' /C calc'!A0", "-5.5", "@SUM(A1)", "\t=1", "plain", None, "\r=1", "-x"]}
        ).assign(value=-np.arange(9) * 0.5)
        text = to_csv_bytes(frame).decode()
        back = pd.read_csv(io.StringIO(text, newline=""), keep_default_na=False)
        assert list(back) == ["'=name", "value"]
        expected = ["'=1+1", "'+cmd|' /C calc'!A0", "-5.5", "'@SUM(A1)", "'\t=1", "plain", "", "'\r=1", "'-x"]
        assert back["'=name"].tolist() == expected
        assert back["value"].tolist() == frame["value"].tolist()

    def test_an_empty_frame(self) -> None:
        assert to_csv_bytes(pd.DataFrame({"a": []})) == b"a\r\n"


NUMBERS = st.floats(min_value=-1e30, max_value=1e30, allow_nan=False, allow_infinity=False, allow_subnormal=False)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_else(data: bytes) -> None:
    try:
        dataset = read_table(data)
    except InvalidData as error:
        assert "\n" not in str(error)  # noqa: PT017 - either way is right here
    else:
        assert np.isfinite(dataset.X_train).all()


@given(st.text(alphabet="a1,;\t |\"\n\r.-=5e'&É", max_size=120), st.sampled_from(["utf-8", "utf-16", "latin-1"]))
def test_arbitrary_cells_raise_nothing_else(text: str, encoding: str) -> None:
    try:
        dataset = read_table(text.encode(encoding))
    except InvalidData as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert np.isfinite(dataset.X_train).all()


@given(
    st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=4, max_size=12),
    st.sampled_from([(",", "."), (";", ","), ("\t", "."), ("\t", ","), (";", "."), ("|", ".")]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
)
def test_what_pandas_writes_is_read_back(
    rows: list[list[float]], notation: tuple[str, str], encoding: str
) -> None:
    sep, decimal = notation
    frame = pd.DataFrame(rows, columns=["größe", "b c", "y"]).astype(float)
    # 1234.0 is written as "1234.0": at least one cell shows which sign is the decimal one.
    summary = inspect_table(frame.to_csv(index=False, sep=sep, decimal=decimal).encode(encoding))
    for name in frame:
        np.testing.assert_array_equal(summary.column(name).values, frame[name])
