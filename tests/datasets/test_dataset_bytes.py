"""A data set handed to another process: the same there, or refused."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnn_lib import archive
from bnn_lib.datasets import Dataset
from bnn_lib.datasets.dataset_bytes import dataset_from_bytes, dataset_to_bytes
from bnn_lib.errors import InvalidData

NUMBERS = Dataset.from_arrays(np.linspace(-1e30, 1e30, 30).reshape(15, 2), np.arange(15.0), standardize=False)
LABELS = Dataset.from_arrays(
    np.arange(20.0)[:, None], ["=a", "<b>"] * 10, "classification", feature_names=["Größe"]
)


OOD = replace(NUMBERS, X_ood=np.ones((3, 2)))


FRAMED = replace(LABELS, window=((-1.5, 30.0),))


@pytest.mark.parametrize("dataset", [NUMBERS, LABELS, OOD, FRAMED])
def test_a_data_set_comes_back(dataset: Dataset):
    back = dataset_from_bytes(dataset_to_bytes(dataset))
    assert back == dataset
    assert back.digest == dataset.digest
    assert (back.class_names, back.feature_names) == (dataset.class_names, dataset.feature_names)
    assert not back.X_train.flags.writeable


@given(st.binary(max_size=200))
def test_noise_is_refused(content: bytes):
    with pytest.raises(InvalidData, match="This is not a data set"):
        dataset_from_bytes(content)


CONTENT = dataset_to_bytes(NUMBERS)


@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_a_changed_byte_never_breaks_us(position: int, change: int):
    damaged = bytearray(CONTENT)
    damaged[position] ^= change
    with contextlib.suppress(InvalidData):
        assert dataset_from_bytes(bytes(damaged)).task == "regression"


def test_what_is_no_data_set_is_refused_by_its_own_rules():
    header, arrays = archive.unpack(CONTENT, "a data set")
    with pytest.raises(InvalidData, match="task is 'guessing'"):
        dataset_from_bytes(archive.pack(header | {"task": "guessing"}, arrays))
    with pytest.raises(InvalidData, match="X_train"):
        dataset_from_bytes(archive.pack(header, arrays | {"X_train": np.full((13, 2), np.nan)}))
    del arrays["y_test"]
    with pytest.raises(InvalidData, match="This is not a data set"):
        dataset_from_bytes(archive.pack(header, arrays))
