"""Scripts are run as a user runs them, by themselves, and score as the fits that they were made from."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bnn_lib as bnn
from bnn_lib.exports.script_data import ROWS_FILE, rows_csv
from tests.cases import small

SEEDS = range(1, 9)


def run(script: str, folder: Path, flags: str = "") -> dict[str, float]:
    """Run a script in a folder from which this library cannot be imported; return the scores that it prints."""
    environment = {**os.environ, "PYTENSOR_FLAGS": flags}
    path = folder / "fit.py"
    path.write_text(script, encoding="utf-8")
    command = [sys.executable, "-I", str(path)]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=550, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return scores_in(done.stdout)


def scores_in(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"held-out (\w+): (\S+)", text)}


def assert_one_of(found: float, others: list[float], floor: float) -> None:
    """Assert that a score could be one more of these.

    Fits differ by their starts and by the noise of their gradients, which seeds stand for: the script's is one
    more such fit, so it lies within 4 standard deviations of the others' mean, enlarged by that mean's own error
    (Student's t with 7 degrees of freedom leaves 1 in 200 beyond). `floor` is for what seeds do not vary: the
    score's own error by 500 or 1000 draws, and 32-bit against 64-bit numbers.
    """
    sd = np.std(others, ddof=1) * np.sqrt(1 + 1 / len(others))
    assert abs(found - np.mean(others)) < 4 * sd + floor


@pytest.mark.slow
def test_a_script_of_advi_scores_as_the_fit(tmp_path: Path):
    inference: Mapping[str, Any] = {"steps": 6000, "learning_rate": 0.02}
    experiments = [small(n=300, inference=bnn.InferenceSpec(seed=seed, **inference)) for seed in (0, *SEEDS)]
    dataset = bnn.load_dataset(experiments[0].data)
    scores = [bnn.evaluate(bnn.fit(one, dataset), dataset) for one in experiments[1:]]
    found = run(bnn.to_script(experiments[0]), tmp_path)
    assert_one_of(found["nll"], [score["nll"] for score in scores], 0.01)
    # Of 150 held-out rows some lie near the boundary: two of them may change sides.
    assert_one_of(found["accuracy"], [score["accuracy"] for score in scores], 2 / 150)


@pytest.mark.slow
@pytest.mark.parametrize(
    "inference",
    [
        {"batch_size": 16, "schedule": "constant"},
        {"method": "svgd", "particles": 10},
        {"method": "fullrank_advi", "mc_samples": 2},
    ],
    ids=str,
)
def test_every_way_to_fit_runs(tmp_path: Path, inference: dict[str, Any]):
    experiment = small(n=100, inference=bnn.InferenceSpec(steps=200, learning_rate=0.05, **inference))
    found = run(bnn.to_script(experiment), tmp_path, "cxx=")  # so few steps are not worth compiling to C
    assert found.keys() == {"accuracy", "nll"}
    # Better than knowing nothing of which moon it is.
    assert found["accuracy"] > 0.6
    assert found["nll"] < np.log(2)


@pytest.mark.slow
def test_a_script_of_nuts_scores_as_the_fit(tmp_path: Path):
    inference = bnn.InferenceSpec(method="nuts", chains=2, tune=300, draws=500)
    experiment = small(
        "linear",
        n=60,
        network=bnn.NetworkSpec(hidden=()),
        prior=bnn.PriorSpec(scaling="learned"),
        inference=inference,
    )
    dataset = bnn.load_dataset(experiment.data)
    wanted = bnn.evaluate(bnn.fit(experiment, dataset), dataset)
    found = run(bnn.to_script(experiment, dataset), tmp_path)
    # The posterior of a line by 30 rows has one mode. The mean's Monte Carlo error is its posterior standard
    # deviation, a sixth of the noise at most, by the root of 300 effective draws: a hundredth of the noise, which
    # the RMSE is made of; and of a nat in the NLL, whose slope in the mean is about 1 in units of the noise.
    assert found["rmse"] == pytest.approx(wanted["rmse"], rel=0.02)
    assert found["nll"] == pytest.approx(wanted["nll"], abs=0.02)


@pytest.mark.slow
# PyMC 6 would have `start` called otherwise and another kind of result asked for, neither of which 5.28 knows.
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_notebook_runs_from_top_to_bottom_with_its_rows_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    # The only mode of a linear model of counts: both ways up lead to it.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 6))
    y = rng.poisson(np.exp(0.5 + X @ [0.4, -0.3, 0.2, 0.0, 0.1, 0.0])).astype(float)
    dataset = bnn.Dataset.from_arrays(X, y, feature_names=["a", 'b"', "c\n", "{d}", "ü", "f"])
    experiment = bnn.Experiment(
        network=bnn.NetworkSpec(hidden=()),
        likelihood=bnn.LikelihoodSpec(family="poisson"),
        inference=bnn.InferenceSpec(method="map", steps=4000),
    )
    wanted = bnn.evaluate(bnn.fit(experiment, dataset), dataset)
    (tmp_path / ROWS_FILE).write_bytes(rows_csv(dataset))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in json.loads(bnn.to_notebook(experiment, dataset))["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), "cell", "exec"), names)
    found = scores_in(capsys.readouterr().out)
    # L-BFGS stops at a relative change of 1e-9 in the log density, Adam by its schedule: far below a thousandth.
    assert found["nll"] == pytest.approx(wanted["nll"], abs=1e-3)
    assert found["rmse"] == pytest.approx(wanted["rmse"], rel=1e-3)
