"""Data sets: generated, measured, or made of arrays at hand."""

from bnn_lib.datasets.dataset import Dataset, Scaling
from bnn_lib.datasets.entry import DatasetEntry
from bnn_lib.datasets.load import load_dataset
from bnn_lib.datasets.registry import DATASETS

__all__ = ["DATASETS", "Dataset", "DatasetEntry", "Scaling", "load_dataset"]
