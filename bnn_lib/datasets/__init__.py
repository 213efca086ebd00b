"""Data sets: generated, measured, made of arrays at hand, or read from a user's table."""

from bnn_lib.datasets.dataset import Dataset, Scaling
from bnn_lib.datasets.entry import DatasetEntry
from bnn_lib.datasets.load import load_dataset
from bnn_lib.datasets.registry import DATASETS
from bnn_lib.datasets.table import TableData, encode_table, read_table
from bnn_lib.datasets.table_encoding import TableEncoding
from bnn_lib.datasets.table_summary import TableSummary, inspect_table

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetEntry",
    "Scaling",
    "TableData",
    "TableEncoding",
    "TableSummary",
    "encode_table",
    "inspect_table",
    "load_dataset",
    "read_table",
]
