from __future__ import annotations

import numpy as np
import pytest

from bnn_lib.inference.svgd import median


@pytest.mark.parametrize("size", [1, 2, 5, 100, 10_000])
def test_the_median_is_the_middle_one_of_the_sorted_numbers(size: int) -> None:
    values = np.random.default_rng(size).lognormal(0, 5, size).astype("float32")
    values[: size // 3] = 0  # as a particle's distance from itself
    assert median(values) == np.sort(values)[(size - 1) // 2]
