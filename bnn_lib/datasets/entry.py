"""What a data set that can be had by name says of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

MIN_ROWS, MAX_ROWS = 20, 100_000  # of a generated data set


@dataclass(frozen=True, kw_only=True)
class DatasetEntry:
    """A data set that can be had by name.

    Attributes
    ----------
    label, help : str
        Name and one sentence for a user.
    task : {"classification", "regression"}
    class_names : tuple of str
        Empty for regression.
    target_name : str
        What a regression target is, with its unit.
    features : tuple of str
        All columns that can be selected, in the order of `generate`'s; empty where there is no choice.
    default_features : tuple of str
        Names of the columns that are used when none are selected.
    fixed_rows : int or None
        Number of rows where it is fixed; None where the user sets it.
    default_n : int
        A number of rows that shows the data set well.
    noise_help : str
        What `noise` means here, in one sentence.
    default_noise : float
        An amount that shows the data set well.
    default_test_fraction : float
        The same for the share of rows held out.
    painted : bool
        Whether its rows come with the `DataSpec`; see `load.entry_of`.
    generate : callable
        ``generate(n, noise, seed)`` gives X of shape (n, d) and y of shape (n,). With `fixed_rows` it
        ignores its arguments.
    generate_ood : callable or None
        ``generate_ood(n, noise, seed)`` gives points (m, d) that are unlike any row; see `Dataset.X_ood`.
    truth : callable or None
        Of a generated regression set: ``truth(X)`` gives (n, k), the target without noise or outliers, a column
        for each branch that it may take.
    truth_sd : callable or None
        ``truth_sd(X, noise)`` gives (n,), the standard deviation of the noise around it.
    suggestion : (str, str) or None
        The likelihood that suits it where "auto" cannot see that from the target, and a sentence that says why.
    """

    label: str
    help: str
    task: str = "classification"
    class_names: tuple[str, ...] = ("class 0", "class 1")
    target_name: str = "y"
    features: tuple[str, ...] = ()
    default_features: tuple[str, ...] = ("x1", "x2")
    fixed_rows: int | None = None
    default_n: int = 1000
    noise_help: str
    default_noise: float
    default_test_fraction: float = 0.5
    painted: bool = False
    generate: Callable[[int, float, int], tuple[np.ndarray, np.ndarray]]
    generate_ood: Callable[[int, float, int], np.ndarray] | None = None
    truth: Callable[[np.ndarray], np.ndarray] | None = None
    truth_sd: Callable[[np.ndarray, float], np.ndarray] | None = None
    suggestion: tuple[str, str] | None = None

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns where none are selected."""
        return self.default_features

    @property
    def n_features(self) -> int:
        """Number of columns where none are selected."""
        return len(self.default_features)

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for regression."""
        return len(self.class_names)

    @property
    def is_count(self) -> bool:
        """False: whether a target counts is seen from rows, see `Dataset.is_count`."""
        return False
