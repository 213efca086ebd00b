"""Generated data sets for classification: two features, classes of equal size, give or take a row.

Every generator is ``generate(n, noise, seed) -> (X, y)``, with X of shape (n, 2) and y in {0, ..., C - 1}. `noise`
is always the standard deviation of Gaussian noise added to both coordinates of a shape 2 to 4 units across.

Random numbers come from NumPy's RandomState, whose stream is frozen for good; a Generator's may change
between versions. Coordinates are rounded to six decimals, because cosines and logarithms may differ in their
last bit between machines, and the same seed shall give the same bytes everywhere.
"""

from __future__ import annotations

import numpy as np

from bnn_lib.datasets.split import derived_seed

DECIMALS = 6
BLOB_SPREAD = 0.5  # standard deviation of a blob before noise
CLUSTER_SPREAD = 0.25  # the same of a cluster
BOARD_SIZE = 4  # squares along a side of the checkerboard
SPIRAL_TURNS = 1.5
SPIRAL_RADIUS = 2.0
PINWHEEL_ARMS = 5
PINWHEEL_WIDTH = 0.07  # standard deviation across an arm before noise
PINWHEEL_LENGTH = 0.3  # the same along it
OOD_CENTRE = (0.5, 2.5)  # above the upper moon
OOD_SPREAD = 0.2
OOD_SHARE = 0.2  # of the number of rows

Rows = tuple[np.ndarray, np.ndarray]


def make_moons(n: int, noise: float, seed: int) -> Rows:
    """Two interleaving half circles of radius 1, by scikit-learn; the article's data set."""
    from sklearn.datasets import make_moons as generate

    X, y = generate(n_samples=n, noise=noise, random_state=seed)
    return X.round(DECIMALS), y


def make_circles(n: int, noise: float, seed: int) -> Rows:
    """A circle of radius 0.5 (class 1) inside one of radius 1 (class 0), by scikit-learn."""
    from sklearn.datasets import make_circles as generate

    X, y = generate(n_samples=n, noise=noise, factor=0.5, random_state=seed)
    return X.round(DECIMALS), y


def make_blobs(n: int, noise: float, seed: int) -> Rows:
    """Two Gaussian clouds around (-1, -1) and (1, 1), by scikit-learn.

    Added noise adds variances: the standard deviation is ``sqrt(0.5**2 + noise**2)``.
    """
    return _two_clouds(n, float(np.hypot(BLOB_SPREAD, noise)), seed)


def make_clusters(n: int, noise: float, seed: int) -> Rows:
    """Two clouds as of `make_blobs`, half as wide, so that there is room without data between them."""
    return _two_clouds(n, float(np.hypot(CLUSTER_SPREAD, noise)), seed)


def _two_clouds(n: int, spread: float, seed: int) -> Rows:
    from sklearn.datasets import make_blobs as generate

    X, y = generate(n_samples=n, centers=[[-1.0, -1.0], [1.0, 1.0]], cluster_std=spread, random_state=seed)
    return X.round(DECIMALS), y


def make_xor(n: int, noise: float, seed: int) -> Rows:
    """Points of the square [-1, 1]^2; class 1 where, before noise, the two coordinates have the same sign."""
    random = np.random.RandomState(seed)
    y = _classes(n)
    size = random.uniform(size=(n, 2))
    first_sign = random.choice([-1.0, 1.0], size=n)
    second_sign = np.where(y == 1, first_sign, -first_sign)
    return _add_noise(size * np.column_stack([first_sign, second_sign]), noise, random), y


def make_spirals(n: int, noise: float, seed: int) -> Rows:
    """Two opposite arms of an Archimedean spiral of radius 2, one and a half turns each."""
    random = np.random.RandomState(seed)
    y = _classes(n)
    # The root makes points about equally dense along the arm; the first eighth of a turn is left out, since
    # the arms would meet at the centre.
    start = 0.125 / SPIRAL_TURNS
    position = np.sqrt(random.uniform(start**2, 1.0, size=n))
    angle = 2 * np.pi * SPIRAL_TURNS * position + np.pi * y
    radius = SPIRAL_RADIUS * position
    return _add_noise(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), noise, random), y


def make_checkerboard(n: int, noise: float, seed: int) -> Rows:
    """A board of four by four unit squares on [-2, 2]^2, neighbours being of different classes."""
    random = np.random.RandomState(seed)
    y = _classes(n)
    row = random.randint(BOARD_SIZE, size=n)
    # Half of a row's squares are of one class: those whose number has the parity of row + y.
    column = 2 * random.randint(BOARD_SIZE // 2, size=n) + (row + y) % 2
    corner = np.column_stack([column, row]) - BOARD_SIZE / 2
    return _add_noise(corner + random.uniform(size=(n, 2)), noise, random), y


def make_blobs3(n: int, noise: float, seed: int) -> Rows:
    """Three Gaussian clouds, spread as `make_blobs`, at corners of an equilateral triangle of radius 1.5."""
    random = np.random.RandomState(seed)
    y = _classes(n, 3)
    angle = np.pi / 2 + 2 * np.pi * y / 3
    X = 1.5 * np.column_stack([np.cos(angle), np.sin(angle)])
    return _add_noise(X, float(np.hypot(BLOB_SPREAD, noise)), random), y


def make_pinwheel(n: int, noise: float, seed: int) -> Rows:
    """Five arms that bend as they leave the centre (after Johnson et al. 2016), of radius 2, about.

    A point lies r from the centre, r being normal around 1.2 with standard deviation 0.3, on an arm that has
    turned by ``0.25 exp(r)`` more than its straight direction.
    """
    random = np.random.RandomState(seed)
    y = _classes(n, PINWHEEL_ARMS)
    along = 1.2 + PINWHEEL_LENGTH * random.standard_normal(n)
    across = PINWHEEL_WIDTH * random.standard_normal(n)
    angle = 2 * np.pi * y / PINWHEEL_ARMS + 0.25 * np.exp(along)
    x1 = along * np.cos(angle) - across * np.sin(angle)
    x2 = along * np.sin(angle) + across * np.cos(angle)
    return _add_noise(np.column_stack([x1, x2]), noise, random), y


def make_ood_cluster(n: int, noise: float, seed: int) -> np.ndarray:
    """A round cloud above the moons, unlike either: a fifth as many points as rows, of shape (n // 5, 2).

    Standard deviation 0.2; with noise ``sqrt(0.2**2 + noise**2)``.
    """
    random = np.random.RandomState(derived_seed(seed, "ood"))
    centre = np.tile(OOD_CENTRE, (max(1, int(OOD_SHARE * n)), 1))
    return _add_noise(centre, float(np.hypot(OOD_SPREAD, noise)), random)


def _classes(n: int, n_classes: int = 2) -> np.ndarray:
    """Return n class codes, 0 to n_classes - 1 in turn."""
    return np.arange(n) % n_classes


def _add_noise(X: np.ndarray, noise: float, random: np.random.RandomState) -> np.ndarray:
    return (X + noise * random.standard_normal(X.shape)).round(DECIMALS)
