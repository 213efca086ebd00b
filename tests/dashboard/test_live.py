"""What is said of a fit that is over."""

from __future__ import annotations

import numpy as np

from bnn_lib.dashboard.live import has_fallen


def test_an_objective_that_ends_below_where_it_had_been_has_fallen():
    noise = np.random.default_rng(0).standard_normal(2000).astype(np.float32)
    rise = np.linspace(-100, 0, 2000, dtype=np.float32)
    assert not has_fallen(noise)
    assert not has_fallen(rise + noise)
    assert has_fallen(noise - rise)
    assert has_fallen(np.concatenate([rise[:1000], noise[1000:] - 500]))
    assert not has_fallen(-rise[:50])  # too few to tell
