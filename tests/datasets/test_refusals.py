"""Rows and arguments that make no data set: each meets one sentence of what was received and what is allowed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnn_lib.datasets import Dataset
from bnn_lib.errors import InvalidData

X4 = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]]
Y4 = [1.0, 2.0, 3.0, 4.0]
LABELS4 = ["b", "a", "b", "a"]


def _refused(message: str, **change) -> None:
    arguments = {"X": X4, "y": Y4, **change}
    with pytest.raises(InvalidData, match=message) as error:
        Dataset.from_arrays(**arguments)
    text = str(error.value)
    assert text.endswith(".")
    assert "allowed" in text or "too large" in text
    assert "\n" not in text
    assert len(text) < 400


class TestRefusals:
    @pytest.mark.parametrize(
        ("X", "message"),
        [
            ([[0, np.nan]] * 4, r"X\[0, 1\] is nan, and 3 more like it; allowed: finite"),
            ([[0, 1], [2, 3], [4, 5], [-np.inf, 7]], r"X\[3, 0\] is -inf; allowed: finite"),
            ([[0, 2e30]] * 4, r"X\[0, 1\] is 2e\+30.*allowed: numbers from -1e\+30 to 1e\+30"),
            (Y4, r"X has shape \(4,\); allowed: two dimensions"),
            (np.zeros((4, 1, 1)), r"X has shape \(4, 1, 1\)"),
            (5.0, r"X has shape \(\) \(5.0\)"),
            (None, r"X has shape \(\) \(None\)"),
            ("rows.csv", r"X has shape \(\) \('rows.csv'\)"),
            ({"a": [1]}, r"X has shape \(\)"),
            ((row for row in X4), r"X has shape \(\) \(<generator"),
            ([], r"X has shape \(0,\)"),
            (np.zeros((0, 2)), r"X has 0 rows and 2 features; allowed: 1 to"),
            (np.zeros((4, 0)), r"X has 4 rows and 0 features"),
            (np.broadcast_to(0.0, (10**12, 2)), r"X has 1,000,000,000,000 rows"),
            (np.broadcast_to(0.0, (4, 10**9)), r"1,000,000,000 features"),
            (np.broadcast_to(0.0, (10**6, 10**4)), r"at most 100,000,000 values"),
            ([["a", "b"]] * 4, "X holds text; allowed: real numbers"),
            ([["1", "2"]] * 4, "X holds text"),
            ([[b"1", b"2"]] * 4, "X holds bytes"),
            ([[1j, 2]] * 4, "X holds complex numbers"),
            (np.zeros((4, 2), "datetime64[s]"), "X holds dates"),
            (np.zeros((4, 2), "timedelta64[s]"), "X holds durations"),
            (np.zeros((4, 2), "i4,f4"), "X holds records"),
            ([[0, None]] * 4, r"X\[0, 1\] is None; allowed: real numbers"),
            ([[0, 1], [2, "x"], [None, 3], [4, 5]], "X"),
            (np.array([[0, 1j]] * 4, dtype=object), r"X\[0, 1\] is 1j"),
            ([[0, 10**400]] * 4, "X has a whole number too large"),
            (np.full((4, 2), np.finfo(np.longdouble).max), r"X\[0, 0\] is inf"),
            ([[0, 1], [2]], "X is not an array; allowed: rows of one length"),
            (np.ma.masked_equal(X4, 3.0), "X has masked entries"),
            (pd.DataFrame({"a": [1, 2, 3, 4], "b": list("wxyz")}), r"X\[0, 1\] is 'w'"),
            (pd.DataFrame({"a": [1, 2, 3, pd.NA]}), r"X\[3, 0\] is <NA>"),
        ],
    )
    def test_rows_that_are_not_a_table_of_real_numbers(self, X, message: str) -> None:
        _refused(message, X=X)

    @pytest.mark.parametrize(
        ("y", "message"),
        [
            (Y4[:3], r"y has shape \(3,\); allowed: one dimension, one entry a row, \(4,\)"),
            (np.array(Y4)[:, None], r"y has shape \(4, 1\)"),
            (None, r"y has shape \(\) \(None\)"),
            ([1, 2, 3, np.nan], r"y\[3\] is nan; allowed: finite"),
            (LABELS4, "y holds text; allowed: real numbers .for labels use task='classification'"),
            ([1, 2, 3, None], r"y\[3\] is None"),
            ([1, 2, 3, 4j], "y holds complex"),
        ],
    )
    def test_targets_that_do_not_fit(self, y, message: str) -> None:
        _refused(message, y=y)

    @pytest.mark.parametrize(
        ("y", "message"),
        [
            (["a"] * 4, "y has one class only, 'a'; allowed: at least two"),
            (["a", "b", "b", "b"], "y has 1 rows of class 'a'; allowed: at least 2 of each class"),
            ([0, 1, 0.5, 1], r"y\[2\] is 0.5; .*task='regression'"),
            ([0, 1, np.nan, 1], r"y\[2\] is nan; allowed: ints, bools or strings\.$"),
            (["a", "b", np.nan, "a"], r"y\[2\] is nan"),
            (["a", "b", None, "a"], r"y\[2\] is None"),
            (["a", 1, "a", 1], "y mixes strings with numbers"),
            (["", "a", "", "a"], "y has an empty string"),
            ([(1, 2)] * 4, r"y has shape \(4, 2\)"),
            ([b"a", b"b"] * 2, r"y\[0\] is b'a'"),
            (np.array([b"a", b"b"] * 2), "y holds bytes"),
            (np.array([0, 1, 0, 1], "datetime64[ns]"), "y holds dates"),
            ([1j, 2, 1j, 2], r"y\[0\] is 1j"),
            ("abab", r"y has shape \(\) \('abab'\)"),
            (["a", "b", "a"], r"y has shape \(3,\)"),
        ],
    )
    def test_labels_that_do_not_fit(self, y, message: str) -> None:
        _refused(message, y=y, task="classification")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"task": "ranking"}, "task is 'ranking'; allowed: classification or regression"),
            ({"task": None}, "task is None"),
            ({"task": np.array(["regression"])}, "task is array"),
            ({"X_test": X4}, "One of X_test and y_test is missing"),
            ({"y_test": Y4}, "One of X_test and y_test is missing"),
            ({"X_test": [[1], [2]], "y_test": [1, 2]}, "X_test has 1 features; allowed: .*2"),
            ({"X_test": X4, "y_test": [1]}, r"y_test has shape \(1,\).*\(4,\)"),
            ({"X_test": np.zeros((0, 2)), "y_test": []}, "X_test has 0 rows"),
            ({"X_test": [[np.nan, 1]], "y_test": [1]}, r"X_test\[0, 0\] is nan"),
            (
                {"X_test": X4[:1], "y_test": ["z"], "y": LABELS4, "task": "classification"},
                "y_test has the label 'z'",
            ),
            (
                {"X_test": X4[:1], "y_test": [1], "y": LABELS4, "task": "classification"},
                "y_test has the label 1",
            ),
            ({"test_fraction": 0}, "test_fraction is 0; allowed: a number above 0 and below 1"),
            ({"test_fraction": 1.0}, "test_fraction is 1.0"),
            ({"test_fraction": np.nan}, "test_fraction is nan"),
            ({"test_fraction": "0.1"}, "test_fraction is '0.1'"),
            ({"test_fraction": True}, "test_fraction is True"),
            ({"seed": -1}, "seed is -1; allowed: a whole number from 0 to 4,294,967,295"),
            ({"seed": 1.0}, "seed is 1.0"),
            ({"seed": 10**5000}, "seed is a whole number of 16,610 bits"),
            ({"standardize": "no"}, "standardize is 'no'; allowed: True or False"),
            ({"feature_names": ["a"]}, r"feature_names is \['a'\]; allowed: 2 names"),
            ({"feature_names": ["a", "a"]}, "feature_names .* different"),
            ({"feature_names": ["a", ""]}, "feature_names .* not empty"),
            ({"feature_names": "ab"}, "feature_names is 'ab'"),
            ({"feature_names": [1, 2]}, "feature_names"),
            ({"class_names": ("a", "b")}, "class_names is .*; allowed for regression: none"),
            (
                {"y": [0, 1, 2, 1], "task": "classification", "class_names": ("a", "b")},
                "y has the label 2; allowed",
            ),
            ({"y": LABELS4, "task": "classification", "class_names": ("a", "c")}, "y has the label 'b'"),
            (
                {"y": LABELS4, "task": "classification", "class_names": ("a", "b", "c")},
                "y has 0 rows of class 'c'",
            ),
            ({"y": LABELS4, "task": "classification", "class_names": ("a", "a")}, "class_names .* different"),
            ({"X": X4[:1], "y": Y4[:1]}, "X has 1 row; allowed: at least 2"),
        ],
    )
    def test_arguments_that_do_not_fit(self, change, message: str) -> None:
        _refused(message, **change)

    def test_a_thousand_and_one_classes_are_too_many(self) -> None:
        y = np.arange(1001)
        _refused("There are 1,001 classes", X=y[:, None], y=y, task="classification", X_test=[[0]], y_test=[0])

    def test_ten_megabytes_of_label_do_not_fill_the_message(self) -> None:
        _refused("one class only", y=["a" * 10_000_000] * 4, task="classification")

    @pytest.mark.parametrize("y", [[0, 1, 2, 1], [0, -1, 1, 0], [0, 0.5, 1, 1]])
    def test_codes_given_to_the_constructor_are_checked(self, y) -> None:
        with pytest.raises(InvalidData, match="y_train has entries that are not class codes; allowed: 0 to 1"):
            Dataset(X4, y, X4, [0, 1, 0, 1], "classification", ("u", "v"), ("a", "b"))

    def test_a_class_without_training_rows_is_refused_by_the_constructor(self) -> None:
        with pytest.raises(InvalidData, match="y_train has 0 rows of class 'c'; allowed: at least 1"):
            Dataset(X4, [0, 1, 0, 1], X4, [2, 2, 2, 2], "classification", ("u", "v"), ("a", "b", "c"))

    @given(
        st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=20)
    )
    def test_whatever_is_given_there_is_a_dataset_or_a_sentence(self, anything: object) -> None:
        for arguments in ((anything, Y4), (X4, anything), (X4, anything, "classification")):
            try:
                dataset = Dataset.from_arrays(*arguments)
            except InvalidData:
                continue  # any other error fails the test
            assert np.isfinite(dataset.X_train).all()
