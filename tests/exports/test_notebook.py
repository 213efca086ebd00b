"""A notebook is the script in cells."""

from __future__ import annotations

import nbformat
import pytest

import bnn_lib as bnn
from tests.cases import small
from tests.exports.test_script import NASTY, named


def read(text: str) -> nbformat.NotebookNode:
    notebook = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    return notebook


@pytest.mark.parametrize("method", ["advi", "nuts", "map"])
def test_its_cells_are_the_scripts_code(method: str):
    experiment = small(inference=bnn.InferenceSpec(method=method))
    notebook = read(bnn.to_notebook(experiment))
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    script = {line.strip() for line in bnn.to_script(experiment).splitlines()}
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) == 6
    assert {line.strip() for source in code for line in source.splitlines()} <= script
    compile("\n".join(code), "notebook", "exec")


def test_names_of_a_users_are_in_code_only():
    dataset = named(NASTY, NASTY[:3])
    notebook = read(bnn.to_notebook(small(), dataset))
    words = "".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "injected" not in words
    assert "injected" in "".join(cell.source for cell in notebook.cells)


def test_the_same_experiment_gives_the_same_notebook():
    assert bnn.to_notebook(small()) == bnn.to_notebook(small())
    assert len({cell.id for cell in read(bnn.to_notebook(small())).cells}) == 12
