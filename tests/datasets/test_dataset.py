"""`Dataset` and `Dataset.from_arrays`: what goes in comes out, once and untouched."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn.preprocessing import StandardScaler

from bnn_lib.datasets import Dataset
from bnn_lib.datasets.checks import MAX_MAGNITUDE
from bnn_lib.errors import InvalidData

X4 = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]]
Y4 = [1.0, 2.0, 3.0, 4.0]
LABELS4 = ["b", "a", "b", "a"]

finite = st.floats(-MAX_MAGNITUDE, MAX_MAGNITUDE)
matrices = npst.arrays(np.float64, st.tuples(st.integers(2, 30), st.integers(1, 4)), elements=finite)
label_lists = st.one_of(
    st.lists(st.sampled_from(alphabet), min_size=1, max_size=30)
    for alphabet in (["a", "b", "c"], [True, False], [-5, 0, 7, 2**60], [0.0, 1.0], ["1", "10", "ä", " "])
).map(lambda labels: [label for label in labels for _ in range(2)])


def _rows(X: np.ndarray, y: np.ndarray) -> list[tuple[float, ...]]:
    return sorted((*row, target) for row, target in zip(X.tolist(), y.tolist(), strict=True))


class TestContent:
    @given(matrices, st.data())
    def test_regression_keeps_every_row_once_in_original_units(self, X: np.ndarray, data: st.DataObject) -> None:
        y = data.draw(npst.arrays(np.float64, len(X), elements=finite))
        fraction = data.draw(st.floats(0, 1, exclude_min=True, exclude_max=True))
        dataset = Dataset.from_arrays(X, y, test_fraction=fraction, seed=data.draw(st.integers(0, 2**32 - 1)))
        together = np.concatenate([dataset.X_train, dataset.X_test])
        assert _rows(together, np.concatenate([dataset.y_train, dataset.y_test])) == _rows(X, y)
        assert len(dataset.y_test) == min(max(round(fraction * len(X)), 1), len(X) - 1)
        assert dataset.class_names == ()
        assert dataset.n_classes == 0
        assert dataset.y_train.dtype == dataset.X_train.dtype == np.float64

    @given(label_lists, st.floats(0, 1, exclude_min=True, exclude_max=True), st.integers(0, 2**32 - 1))
    def test_classification_splits_each_class_and_can_name_it(
        self, labels: list, fraction: float, seed: int
    ) -> None:
        X = np.arange(2.0 * len(labels)).reshape(-1, 2)
        if len(set(labels)) == 1:
            with pytest.raises(InvalidData, match="one class only"):
                Dataset.from_arrays(X, labels, "classification")
            return
        dataset = Dataset.from_arrays(X, labels, "classification", test_fraction=fraction, seed=seed)
        classes = sorted(set(labels))
        assert dataset.n_classes == len(classes)
        assert dataset.y_train.dtype == dataset.y_test.dtype == np.int64
        assert set(dataset.y_train) == set(dataset.y_test) == set(range(len(classes)))
        # A row's first entry is twice its number, so each row leads back to the label that it came with.
        for rows, codes in ((dataset.X_train, dataset.y_train), (dataset.X_test, dataset.y_test)):
            assert [classes[code] for code in codes] == [labels[int(x) // 2] for x in rows[:, 0]]
        assert sorted([*dataset.X_train[:, 0], *dataset.X_test[:, 0]]) == X[:, 0].tolist()

    @pytest.mark.parametrize(
        ("labels", "names", "codes"),
        [
            (LABELS4, ("a", "b"), [1, 0, 1, 0]),
            (np.array(LABELS4), ("a", "b"), [1, 0, 1, 0]),
            (pd.Series(LABELS4), ("a", "b"), [1, 0, 1, 0]),
            (pd.Categorical(LABELS4), ("a", "b"), [1, 0, 1, 0]),
            ([True, False, True, False], ("False", "True"), [1, 0, 1, 0]),
            (np.array([True, False, True, False]), ("False", "True"), [1, 0, 1, 0]),
            ([7, -1, 7, -1], ("-1", "7"), [1, 0, 1, 0]),
            (np.array([10, 9, 10, 9], dtype=np.uint8), ("9", "10"), [1, 0, 1, 0]),
            ([1.0, 0.0, 1.0, 0.0], ("0", "1"), [1, 0, 1, 0]),
            ([np.int64(3), np.int64(2), 3, 2.0], ("2", "3"), [1, 0, 1, 0]),
            ([True, 2, True, 2], ("1", "2"), [0, 1, 0, 1]),
        ],
    )
    def test_labels_of_any_kind_become_codes_in_sorted_order(self, labels, names, codes) -> None:
        dataset = Dataset.from_arrays(X4, labels, "classification", X_test=X4, y_test=labels)
        assert dataset.class_names == names
        assert dataset.y_train.tolist() == dataset.y_test.tolist() == codes

    def test_class_names_give_the_order_of_strings_and_the_names_of_codes(self) -> None:
        of_strings, of_codes = (
            Dataset.from_arrays(X4, y, "classification", X4[:1], y[:1], class_names=("b", "a"))
            for y in (LABELS4, [0, 1, 0, 1])
        )
        assert of_strings == of_codes
        assert of_strings.class_names == ("b", "a")
        assert of_strings.y_train.tolist() == [0, 1, 0, 1]

    def test_a_class_may_be_missing_from_given_test_rows(self) -> None:
        dataset = Dataset.from_arrays(X4, LABELS4, "classification", X_test=[[9, 9]], y_test=["b"])
        assert dataset.y_test.tolist() == [1]

    def test_given_test_rows_are_kept_as_they_are(self) -> None:
        dataset = Dataset.from_arrays(X4, Y4, X_test=[[9, 9], [8, 8]], y_test=[5, 6])
        assert dataset.X_train.tolist() == X4
        assert dataset.y_train.tolist() == Y4
        assert dataset.X_test.tolist() == [[9, 9], [8, 8]]
        assert dataset.y_test.tolist() == [5, 6]

    def test_names_come_from_the_user_the_data_frame_or_the_column_number(self) -> None:
        assert Dataset.from_arrays(X4, Y4).feature_names == ("x1", "x2")
        assert Dataset.from_arrays(pd.DataFrame(X4, columns=["u", "v"]), Y4).feature_names == ("u", "v")
        assert Dataset.from_arrays(X4, Y4, feature_names=["p", "q"]).feature_names == ("p", "q")
        assert Dataset.from_arrays(X4, Y4, feature_names=np.array(["p", "q"])).feature_names == ("p", "q")

    @pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float16, np.float32, np.longdouble, object])
    def test_every_real_type_is_taken_as_float64(self, dtype) -> None:
        X = np.array([[0, 1], [1, 0], [1, 1]], dtype=dtype)
        dataset = Dataset.from_arrays(X, X[:, 0], X_test=X, y_test=X[:, 0])
        assert dataset.X_train.dtype == np.float64
        assert dataset.X_train.tolist() == [[0, 1], [1, 0], [1, 1]]

    def test_columns_in_any_memory_order_give_the_same_dataset(self) -> None:
        X = np.arange(40.0).reshape(20, 2)
        variants = (np.asfortranarray(X), X.tolist(), np.repeat(X, 2, axis=0)[::2], X.astype(">f8"))
        assert {Dataset.from_arrays(variant, X[:, 0]).digest for variant in variants} == {
            Dataset.from_arrays(X, X[:, 0]).digest
        }


class TestImmutability:
    def test_the_users_arrays_are_copied_and_stay_writeable(self) -> None:
        X, y = np.array(X4), np.array(Y4)
        dataset = Dataset.from_arrays(X, y, X_test=X, y_test=y)
        X[:], y[:] = 0, 0
        assert dataset.X_train.tolist() == X4
        assert dataset.y_test.tolist() == Y4

    @pytest.mark.parametrize(
        "duplicate", [copy.copy, copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d)), replace]
    )
    def test_arrays_are_read_only_in_every_copy_too(self, duplicate) -> None:
        original = Dataset.from_arrays(X4, LABELS4, "classification", test_fraction=0.5)
        assert original.scaling.x_scale.shape == (2,)  # computed before copying
        dataset = duplicate(original)
        assert dataset == original
        assert hash(dataset) == hash(original)
        for array in (
            dataset.X_train,
            dataset.y_train,
            dataset.X_test,
            dataset.y_test,
            dataset.scaling.x_mean,
        ):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0
        with pytest.raises(AttributeError):
            dataset.X_train = np.zeros((2, 2))


class TestDigest:
    @pytest.mark.parametrize(
        "change",
        [
            {"X_train": np.array(X4) + 1e-9},
            {"y_train": np.array([0, 1, 0, 1])},
            {"X_test": np.array(X4[:2])[::-1]},
            {"y_test": np.array([0, 1])},
            {"feature_names": ("u", "v")},
            {"class_names": ("a", "c")},
            {"standardize": False},
        ],
    )
    def test_every_part_counts(self, change) -> None:
        dataset = Dataset.from_arrays(X4, LABELS4, "classification", X4[:2], LABELS4[:2])
        other = replace(dataset, **change)
        assert other.digest != dataset.digest
        assert other != dataset

    def test_it_is_64_hexadecimal_digits_and_the_sign_of_zero_does_not_count(self) -> None:
        digest = Dataset.from_arrays(X4, Y4).digest
        assert len(digest) == 64
        assert int(digest, 16) >= 0
        negative = np.where(np.array(X4) == 0, -0.0, X4)
        assert Dataset.from_arrays(negative, Y4).digest == digest

    def test_a_dataset_equals_nothing_else(self) -> None:
        assert Dataset.from_arrays(X4, Y4) != "dataset"


class TestScaling:
    @given(
        npst.arrays(np.float64, st.tuples(st.integers(2, 20), st.integers(1, 3)), elements=st.floats(-1e3, 1e3))
    )
    def test_it_is_that_of_scikit_learn_on_training_rows_alone(self, X: np.ndarray) -> None:
        # Test rows are far away: any of them in the scaling would show.
        dataset = Dataset.from_arrays(X, X[:, 0], X_test=X + 1e6, y_test=X[:, 0] + 1e6)
        scaler = StandardScaler().fit(X)
        # Rounded away: how near to constant counts as constant is where scikit-learn's rule differs.
        varied = np.ptp(X, axis=0) > 1e-6
        np.testing.assert_allclose(dataset.scaling.x_mean, scaler.mean_, atol=1e-9)
        np.testing.assert_allclose(dataset.scaling.x_scale[varied], scaler.scale_[varied], rtol=1e-6)
        # The target is the first column, up to the order in which NumPy adds up.
        assert dataset.scaling.y_mean == pytest.approx(dataset.scaling.x_mean[0], abs=1e-9)
        assert dataset.scaling.y_scale == pytest.approx(dataset.scaling.x_scale[0], rel=1e-6)

    @given(matrices)
    def test_whatever_the_units_scaled_columns_are_standard_or_zero(self, X: np.ndarray) -> None:
        scaling = Dataset.from_arrays(X, X[:, 0], X_test=X, y_test=X[:, 0]).scaling
        scaled = (X - scaling.x_mean) / scaling.x_scale
        assert np.isfinite(scaled).all()
        constant = np.ptp(X, axis=0) == 0
        assert (scaled[:, constant] == 0).all()
        assert (scaling.x_scale[constant] == 1).all()
        # Nearly constant columns are left to the resolution of float64.
        clear = np.ptp(X, axis=0) > np.maximum(1e-9 * np.abs(X).max(axis=0), 1e-290)
        np.testing.assert_allclose(scaled[:, clear].mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(scaled[:, clear].std(axis=0), 1, atol=1e-6)

    def test_a_constant_column_or_target_has_scale_one(self) -> None:
        X = np.full((1000, 1), 0.1)
        scaling = Dataset.from_arrays(X, X[:, 0]).scaling
        assert (scaling.x_mean[0], scaling.x_scale[0]) == (0.1, 1.0)
        assert (scaling.y_mean, scaling.y_scale) == (0.1, 1.0)

    def test_class_codes_are_never_standardised(self) -> None:
        scaling = Dataset.from_arrays(X4, LABELS4, "classification", test_fraction=0.5).scaling
        assert (scaling.y_mean, scaling.y_scale) == (0.0, 1.0)

    def test_it_is_the_identity_where_none_is_wanted(self) -> None:
        scaling = Dataset.from_arrays(X4, Y4, standardize=False).scaling
        assert scaling.x_mean.tolist() == [0, 0]
        assert scaling.x_scale.tolist() == [1, 1]
        assert (scaling.y_mean, scaling.y_scale) == (0.0, 1.0)


class TestSplit:
    @pytest.mark.parametrize("fraction", [0.001, 0.1, 0.5, 0.9, 0.999])
    @pytest.mark.parametrize("counts", [(2, 2), (98, 2), (500, 2, 3), (50, 50, 50)])
    def test_classes_keep_their_share_and_none_is_missing_anywhere(self, counts, fraction: float) -> None:
        y = np.repeat(np.arange(len(counts)), counts)
        X = np.arange(float(len(y)))[:, None]
        for seed in range(20):
            dataset = Dataset.from_arrays(X, y, "classification", test_fraction=fraction, seed=seed)
            tested = np.bincount(dataset.y_test, minlength=len(counts))
            assert tested.min() >= 1
            assert np.bincount(dataset.y_train).min() >= 1
            np.testing.assert_array_equal(tested + np.bincount(dataset.y_train), counts)
            # As close to its share as whole rows, and one row on either side, allow.
            share = np.clip(fraction * np.array(counts), 1, np.array(counts) - 1)
            assert np.abs(tested - share).max() <= len(counts)

    def test_the_same_seed_splits_alike_and_another_does_not(self) -> None:
        X = np.arange(100.0)[:, None]
        first, again, other = (Dataset.from_arrays(X, X[:, 0], seed=seed) for seed in (4, 4, 5))
        assert first == again
        assert set(first.y_test) != set(other.y_test)

    def test_every_row_is_tested_by_some_seed(self) -> None:
        X = np.arange(20.0)[:, None]
        tested = [Dataset.from_arrays(X, X[:, 0], seed=seed).y_test for seed in range(200)]
        # 200 seeds test 400 rows: 20 +- 4.2 times each; five standard errors allow 0 to 41.
        assert np.bincount(np.concatenate(tested).astype(int), minlength=20).min() > 0
