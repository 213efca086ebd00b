"""Data sets: generated, measured, or made of arrays at hand."""

from bnn_lib.datasets.dataset import Dataset, Scaling
from bnn_lib.datasets.registry import DATASETS, DatasetEntry, load_dataset

__all__ = ["DATASETS", "Dataset", "DatasetEntry", "Scaling", "load_dataset"]
