"""The tables to try: complete, and guessed right without a word."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_diabetes, load_digits, load_wine

from bnn_lib.datasets import encode_table, inspect_table
from bnn_lib.datasets.samples import SAMPLES


@pytest.mark.parametrize(
    ("name", "target", "task", "features", "load"),
    [
        ("diabetes", "progression", "regression", 10, load_diabetes),
        ("wine", "cultivar", "classification", 13, load_wine),
        ("digits", "digit", "classification", 61, load_digits),  # three pixels are blank in every image
    ],
)
def test_a_sample_is_guessed_right(name: str, target: str, task: str, features: int, load):
    summary = inspect_table(SAMPLES[name].content())
    assert (summary.target, summary.guess_task(target)[0]) == (target, task)
    assert len(summary.guess_features(target)) == features
    assert summary.warnings == ()
    assert summary.rows == len(load().target)
    assert encode_table(summary).dropped == 0
