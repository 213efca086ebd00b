"""The same as a notebook: a cell of Markdown and one of code for each part of the script (nbformat 4.5)."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from bnn_lib.exports.script import program

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.experiment import Experiment


def to_notebook(experiment: Experiment, dataset: Dataset | None = None) -> str:
    """Return what `to_script` does as a Jupyter notebook, JSON of nbformat 4.5, without any output.

    Parameters
    ----------
    experiment : Experiment
    dataset : Dataset, optional
        ``experiment.data`` is loaded if it is not given.
    """
    heading, parts = program(experiment, dataset)
    cells = [_cell("markdown", f"# Bayesian neural network\n\n{heading}", 0)]
    for part in parts:
        if part.text:
            cells.append(_cell("markdown", f"## {part.title}\n\n{part.text}", len(cells)))
        cells.append(_cell("code", part.code, len(cells)))
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1) + "\n"


def _cell(kind: str, source: str, place: int) -> dict[str, Any]:
    # An id that depends on nothing but the content: the same experiment gives the same file.
    name = hashlib.sha256(f"{place} {source}".encode(errors="backslashreplace")).hexdigest()[:12]
    cell: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell | {"source": source.splitlines(keepends=True)}
