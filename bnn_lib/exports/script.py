"""An experiment as a PyMC script: plain, readable, and without this library."""

from __future__ import annotations

import textwrap

from bnn_lib.datasets import DATASETS, Dataset, load_dataset
from bnn_lib.errors import check_kind
from bnn_lib.experiment import Experiment
from bnn_lib.exports.cells import WIDTH, Cell
from bnn_lib.exports.script_data import ROWS_FILE, data_cell, needs_rows
from bnn_lib.exports.script_inference import inference_cell, remarks, score_cell
from bnn_lib.exports.script_model import model_cell, scaling_cell
from bnn_lib.exports.script_plan import Plan
from bnn_lib.inference import METHODS
from bnn_lib.likelihoods import LIKELIHOODS
from bnn_lib.priors import PRIORS


def to_script(experiment: Experiment, dataset: Dataset | None = None) -> str:
    """Return a script that reproduces a fit with NumPy, scikit-learn and PyMC, and without this library.

    It ends by printing its held-out scores. Where PyMC has no such method, it uses the nearest, and says so at
    its head. Rows come from scikit-learn where they do here, with the same seed; else the script holds them, if
    they are 20,000 numbers or fewer; beyond that it reads `bnn_lib.exports.script_data.rows_csv` beside it.

    Parameters
    ----------
    experiment : Experiment
    dataset : Dataset, optional
        ``experiment.data`` is loaded if it is not given.

    Raises
    ------
    InvalidExperiment
        If the likelihood does not fit the target, or the method cannot do what it is asked for.
    """
    heading, cells = program(experiment, dataset)
    lines = ['"""' + heading + '\n"""', "", *cells[0].code.splitlines()]
    guarded: list[str] = []
    for cell in cells[1:]:
        part = ["", "", f"# %% {cell.title}", *_comment(cell.text), *cell.code.splitlines()]
        if cell.guarded:
            guarded += part
        else:
            lines += part
    if guarded:
        # pm.sample starts processes, which on some systems begin by importing this file.
        lines += ["", "", "# %% Sampling starts processes, some of which import this file: not what is below."]
        lines += ['if __name__ == "__main__":', *(f"    {line}".rstrip() for line in guarded[2:])]
    return "\n".join(lines) + "\n"


def script_remarks(experiment: Experiment, dataset: Dataset | None = None) -> list[str]:
    """Return in what a script differs from the fit that it is of, a sentence or two each."""
    return remarks(Plan.of(experiment, load_dataset(experiment.data) if dataset is None else dataset))


def program(experiment: Experiment, dataset: Dataset | None = None) -> tuple[str, list[Cell]]:
    """Return the heading of a script or notebook, and its parts, the first of which imports."""
    check_kind(experiment, "experiment", Experiment)
    check_kind(dataset, "dataset", Dataset, optional=True)
    given = dataset is not None
    rows = load_dataset(experiment.data) if dataset is None else dataset
    plan, spec = Plan.of(experiment, rows), None if given else experiment.data
    fit = inference_cell(plan)
    imports = ["import numpy as np", "import pymc as pm"]
    if "pytensor." in fit.code:
        imports.append("import pytensor")
    cells = [
        Cell("Imports", "", "\n".join(imports)),
        data_cell(rows, spec),
        scaling_cell(plan, rows),
        model_cell(plan),
        fit,
        score_cell(plan),
    ]
    return _heading(experiment, plan, given, needs_rows(rows, spec)), cells


def _heading(experiment: Experiment, plan: Plan, given: bool, from_file: bool) -> str:
    what = "rows given by hand" if given else DATASETS[experiment.data.name].label
    sizes = "-".join(str(size) for size in plan.structure.sizes)
    method = METHODS[experiment.inference.method].label
    likelihood = LIKELIHOODS[plan.structure.likelihood].label
    paragraphs = [
        f"A Bayesian neural network, {sizes}, on: {what}. {plan.n_train:,} rows to train, "
        f"{plan.n_test:,} held out.",
        f"Likelihood: {likelihood}. Prior: {PRIORS[experiment.prior.family].label}. "
        f"Method: {method}. "
        f"Experiment {experiment.key}.",
        "Needs NumPy, scikit-learn and PyMC (5.28 or 6), and nothing else.",
    ]
    if from_file:
        paragraphs.append(f"Its rows are in {ROWS_FILE}, which must lie in the folder that it runs in.")
    paragraphs += remarks(plan)
    if plan.method == experiment.inference.method:
        paragraphs.append(
            "Random numbers differ from those of the fit that it was made from: scores agree within Monte Carlo "
            "error."
        )
    return "\n\n".join(textwrap.fill(paragraph, WIDTH) for paragraph in paragraphs)


def _comment(text: str) -> list[str]:
    return textwrap.fill(text, WIDTH, initial_indent="# ", subsequent_indent="# ").splitlines() if text else []
