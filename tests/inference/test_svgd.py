from __future__ import annotations

import numpy as np
import pytest

from bnn_lib.inference.svgd import median, stein_direction


@pytest.mark.parametrize("size", [1, 2, 5, 100, 10_000])
def test_the_median_is_that_of_the_smallest_numbers(size: int) -> None:
    values = np.random.default_rng(size).lognormal(0, 5, size).astype("float32")
    values[: size // 3] = 0  # as of particles at one place
    for count in {size, max(1, size - 3)}:
        wanted = np.median(np.sort(values)[:count])
        assert median(np.append(values, np.float32(np.inf)), count) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("particles", [2, 3, 20])
def test_the_kernel_s_width_is_the_median_distance_between_particles(particles: int) -> None:
    positions = np.random.default_rng(0).normal(size=(particles, 4)).astype("float32")
    # By the definition, algorithm 1 of Liu & Wang (2016), a particle at a time.
    squared = ((positions[:, None] - positions) ** 2).sum(-1)
    pairs = squared[np.triu_indices(particles, 1)]
    h = np.median(pairs) / np.log(particles + 1)
    kernel = np.exp(-squared / h)
    gradients = -positions
    wanted = [
        np.mean(
            [
                kernel[j, i] * gradients[j] + 2 / h * kernel[j, i] * (positions[i] - positions[j])
                for j in range(particles)
            ],
            axis=0,
        )
        for i in range(particles)
    ]
    np.testing.assert_allclose(stein_direction(positions, gradients), wanted, rtol=1e-3, atol=1e-4)


def test_two_particles_push_each_other_apart() -> None:
    positions = np.array([[0.0], [1.0]], "float32")
    direction = np.asarray(stein_direction(positions, np.zeros((2, 1), "float32")))
    assert direction[0, 0] < -0.1
    assert direction[1, 0] > 0.1
