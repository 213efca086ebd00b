"""Imbalance, label noise and points out of distribution: what classification sets share."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bnn_lib as bnn
from bnn_lib.calibration import ood_points, ring_around
from bnn_lib.datasets import DATASETS, load_dataset
from bnn_lib.datasets.entry import MAX_ROWS, MIN_ROWS
from bnn_lib.datasets.load import MAX_IMBALANCE, MAX_LABEL_NOISE, class_counts
from bnn_lib.errors import InvalidData

NAMED = [name for name, entry in DATASETS.items() if not entry.painted]
CLASSIFIED = [name for name in NAMED if DATASETS[name].task == "classification"]
GENERATED = [name for name in CLASSIFIED if DATASETS[name].fixed_rows is None]
OTHERS = [name for name in NAMED if name not in GENERATED]


def counts(dataset: bnn.Dataset) -> np.ndarray:
    return np.bincount(np.concatenate([dataset.y_train, dataset.y_test]), minlength=dataset.n_classes)


@given(st.integers(MIN_ROWS, MAX_ROWS), st.integers(2, 5), st.floats(0.001, MAX_IMBALANCE))
def test_the_other_classes_have_that_share_less_than_the_first(n: int, classes: int, imbalance: float) -> None:
    first, *others = class_counts(n, classes, imbalance)
    assert first + sum(others) == n
    assert set(others) == {max(2, others[0])}
    assert first >= others[0]
    # Rounded down to whole rows: one row more of each would be too many, unless two is the least.
    share = (1 - imbalance) / (1 + (classes - 1) * (1 - imbalance))
    assert others[0] == max(2, int(n * share))


@pytest.mark.parametrize("imbalance", [0.3, MAX_IMBALANCE])
@pytest.mark.parametrize("n", [MIN_ROWS, 1001])
@pytest.mark.parametrize("name", GENERATED)
def test_an_uneven_set_has_its_counts_and_both_sides_have_every_class(name: str, n: int, imbalance: float) -> None:
    dataset = load_dataset(bnn.DataSpec(name=name, n=n, imbalance=imbalance))
    assert counts(dataset).tolist() == class_counts(n, dataset.n_classes, imbalance)
    assert set(dataset.y_train) == set(dataset.y_test) == set(range(dataset.n_classes))


@pytest.mark.parametrize("name", GENERATED)
def test_imbalance_takes_rows_and_moves_none(name: str) -> None:
    # Without noise a class's rows lie on its shape: those of an uneven set do, as an even set's of the same seed.
    uneven = load_dataset(bnn.DataSpec(name=name, n=40, noise=0.0, imbalance=0.5))
    rows, labels = DATASETS[name].generate(DATASETS[name].n_classes * max(counts(uneven)), 0.0, 0)
    even = {(*row, label) for row, label in zip(rows.tolist(), labels.tolist(), strict=True)}
    for X, y in ((uneven.X_train, uneven.y_train), (uneven.X_test, uneven.y_test)):
        assert {(*row, label) for row, label in zip(X.tolist(), y.tolist(), strict=True)} <= even


@pytest.mark.parametrize("share", [0.1, MAX_LABEL_NOISE])
@pytest.mark.parametrize("name", CLASSIFIED)
def test_label_noise_changes_that_share_of_training_labels_and_nothing_else(name: str, share: float) -> None:
    clean, noisy = (load_dataset(bnn.DataSpec(name=name, n=200, label_noise=s)) for s in (0.0, share))
    assert (clean.y_train != noisy.y_train).sum() == round(share * len(clean.y_train))
    assert noisy == replace(clean, y_train=noisy.y_train)


@pytest.mark.parametrize("name", CLASSIFIED)
def test_no_class_is_lost_to_label_noise(name: str) -> None:
    spec = bnn.DataSpec(name=name, n=MIN_ROWS, test_fraction=0.95, label_noise=MAX_LABEL_NOISE, imbalance=0.95)
    assert set(load_dataset(spec).y_train) == set(range(DATASETS[name].n_classes))


def test_a_changed_label_may_be_any_other_class() -> None:
    clean, noisy = (load_dataset(bnn.DataSpec(name="pinwheel", label_noise=s)) for s in (0.0, 0.5))
    changed = clean.y_train != noisy.y_train
    shift = (noisy.y_train - clean.y_train)[changed] % 5
    # Uniform over four shifts: within five standard errors of a share of a quarter.
    share = np.bincount(shift, minlength=5)[1:] / changed.sum()
    np.testing.assert_allclose(share, 0.25, atol=5 * np.sqrt(0.25 * 0.75 / changed.sum()))


def test_both_settings_are_reproducible_to_the_byte() -> None:
    spec = bnn.DataSpec(name="blobs3", n=200, seed=3, imbalance=0.7, label_noise=0.2)
    assert load_dataset(spec).digest == "354c49c4df494693bc0c9e6ce1b583cace325660492a605e3393e87cb1dbcca5"


@pytest.mark.parametrize("name", OTHERS)
def test_where_a_setting_has_no_meaning_it_has_no_effect(name: str) -> None:
    settings = {"imbalance": 0.5} | ({} if name in CLASSIFIED else {"label_noise": 0.3})
    assert load_dataset(bnn.DataSpec(name=name, **settings)) == load_dataset(bnn.DataSpec(name=name))


class TestOutOfDistribution:
    moons = load_dataset(bnn.DataSpec(name="moons_ood"))

    def test_the_rows_are_the_moons_and_the_cluster_is_far_from_them(self) -> None:
        assert replace(self.moons, X_ood=None) == load_dataset(bnn.DataSpec(name="moons"))
        assert self.moons.X_ood.shape == (200, 2)
        np.testing.assert_allclose(self.moons.X_ood.mean(axis=0), (0.5, 2.5), atol=5 * 0.283 / np.sqrt(200))
        clean = load_dataset(bnn.DataSpec(name="moons_ood", n=100_000, noise=0.0))
        np.testing.assert_allclose(clean.X_ood.std(axis=0), 0.2, rtol=5 / np.sqrt(2 * 20_000))
        assert clean.X_ood[:, 1].min() > clean.X_train[:, 1].max()

    def test_it_is_what_uncertainty_is_judged_by_and_a_ring_elsewhere(self) -> None:
        np.testing.assert_array_equal(ood_points(self.moons), self.moons.X_ood)
        plain = load_dataset(bnn.DataSpec())
        np.testing.assert_array_equal(ood_points(plain, 30, 2), ring_around(plain.X_train, 30, 2))

    def test_it_is_in_view_and_in_the_content(self) -> None:
        low, high = self.moons.view(0.0)
        np.testing.assert_array_equal(low, np.vstack([self.moons.X_train, self.moons.X_test]).min(axis=0))
        assert high[1] == self.moons.X_ood[:, 1].max()
        again = pickle.loads(pickle.dumps(self.moons))
        assert again == self.moons
        assert not again.X_ood.flags.writeable

    @pytest.mark.parametrize("X_ood", [np.zeros((3, 1)), np.zeros((0, 2)), np.full((1, 2), np.nan), [1.0, 2.0]])
    def test_what_is_no_such_point_is_refused(self, X_ood: object) -> None:
        with pytest.raises(InvalidData, match=r"^X_ood.*; allowed: "):
            replace(self.moons, X_ood=X_ood)
