"""The split into training and test rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bnn_lib.datasets.checks import read_number, read_seed
from bnn_lib.errors import InvalidData, shown


def split_rows(
    rows: int, codes: np.ndarray | None, class_names: Sequence[str], test_fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split row numbers at random into training and test, stratified if there are class codes.

    Parameters
    ----------
    rows : int
    codes : ndarray of shape (rows,), or None for regression
    class_names : sequence of str
    test_fraction : float
        Of the rows, rounded; but never so many or few that a class is missing on either side.
    seed : int

    Returns
    -------
    train, test : ndarray of int
        Row numbers, each row in exactly one of them.
    """
    from sklearn.model_selection import train_test_split

    test_fraction = read_number(test_fraction, "test_fraction", 0, 1, inside=True)
    seed = read_seed(seed, "seed")
    if codes is None:
        if rows < 2:
            raise InvalidData(f"X has {rows} row; allowed: at least 2, one to train and one to test.")
        fewest = 1
    else:
        check_counts(np.bincount(codes, minlength=len(class_names)), class_names, "y", 2)
        fewest = len(class_names)
    n_test = min(max(round(rows * test_fraction), fewest), rows - fewest)
    split_seed = derived_seed(seed, "split")
    train, test = train_test_split(np.arange(rows), test_size=n_test, random_state=split_seed, stratify=codes)
    if codes is not None:
        # Shares are rounded by train_test_split, so a rare class may have ended up on one side only.
        train, test = _give_each_class(train, test, codes, fewest)
        test, train = _give_each_class(test, train, codes, fewest)
    return train, test


def derived_seed(seed: int, purpose: str) -> int:
    """Return a seed for each purpose: what one has shuffled must not meet the same permutation again."""
    entropy = {"split": [seed], "ood": [seed, 1], "label noise": [seed, 2]}[purpose]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


def _give_each_class(
    donor: np.ndarray, taker: np.ndarray, codes: np.ndarray, n_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Move one row of each class that `taker` lacks from `donor`, the last one there."""
    missing = np.flatnonzero(np.bincount(codes[taker], minlength=n_classes) == 0)
    moved = np.array([np.flatnonzero(codes[donor] == code)[-1] for code in missing], dtype=int)
    return np.delete(donor, moved), np.concatenate([taker, donor[moved]])


def check_counts(counts: np.ndarray, class_names: Sequence[str], name: str, fewest: int) -> None:
    """Raise `InvalidData` if a class has less than `fewest` of the rows of `name`."""
    rare = int(counts.argmin())
    if counts[rare] < fewest:
        why = ", one to train and one to test" if fewest == 2 else ""
        raise InvalidData(
            f"{name} has {counts[rare]} rows of class {shown(class_names[rare])}; "
            f"allowed: at least {fewest} of each class{why}."
        )
