"""A script has the density of the model, the rows of the data set, and no word of a user's but as text."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytensor
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytensor.graph.replace import graph_replace

import bnn_lib as bnn
from bnn_lib.datasets import DATASETS
from bnn_lib.exports.script import program
from bnn_lib.exports.script_data import MOST_EMBEDDED, ROWS_FILE, rows_csv
from bnn_lib.exports.script_inference import NARROW
from bnn_lib.inference import METHODS
from bnn_lib.inference.gaussian import START_LOG_SD
from bnn_lib.likelihoods import LIKELIHOODS
from bnn_lib.logdensity import PYTENSOR_LOCK
from bnn_lib.priors import PRIORS, SCALINGS
from tests.cases import small

DATA_OF = {"bernoulli": "moons", "categorical": "blobs3", "poisson": "counts", "negative_binomial": "counts"}
NASTY = [
    'a"b',
    "it's",
    "{brace} {0}",
    "line\nbreak",
    "\r\n# %% cell",
    '"""',
    "'''",
    "\\",
    "\\N{BULLET}",
    "naïve Größe 温度",
    "\u202eright to left",
    "\x00\x1b[31m",
    "\ud800",
    "=cmd()",
    '"); raise SystemExit("injected"); ("',
    "</script>",
    "#",
    "%s %(x)s",
    "\u2028separator",
]


def run_model(experiment: bnn.Experiment, dataset: bnn.Dataset | None = None) -> dict[str, Any]:
    """Run a script up to its model."""
    _, cells = program(experiment, dataset)
    names: dict[str, Any] = {}
    for cell in cells[:4]:
        exec(compile(cell.code, cell.title, "exec"), names)
    return names


def assert_same_density(experiment: bnn.Experiment, dataset: bnn.Dataset | None = None) -> None:
    dataset = dataset or bnn.load_dataset(experiment.data)
    with PYTENSOR_LOCK:
        theirs, ours = run_model(experiment, dataset)["model"], bnn.build_model(experiment, dataset)
        point = ours.initial_point()
        assert {n: v.shape for n, v in theirs.initial_point().items()} == {n: v.shape for n, v in point.items()}
        # Both as functions of the same inputs, and each term by itself, so that none hides behind others' size.
        inputs = {str(v.name): v for v in ours.value_vars}
        same = {v: inputs[str(v.name)] for v in theirs.value_vars}
        terms = [*ours.logp(sum=False), *graph_replace(theirs.logp(sum=False), same, strict=False)]
        run = pytensor.function(list(inputs.values()), [term.sum() for term in terms], mode="FAST_COMPILE")
    names = [[str(v.name) for v in m.basic_RVs] for m in (ours, theirs)]
    assert sorted(names[0]) == sorted(names[1])
    rng = np.random.default_rng(3)
    for spread in (0.3, 1.0):
        values = run(*(np.asarray(spread * rng.normal(size=point[n].shape), v.dtype) for n, v in inputs.items()))
        expected = dict(zip(names[0], values[: len(names[0])], strict=True))
        found = dict(zip(names[1], values[len(names[0]) :], strict=True))
        for name, value in expected.items():
            assert found[name] == pytest.approx(value, rel=2e-4, abs=2e-3), name  # ours has 32-bit rows


PAIRS = [
    # The horseshoe's graph is large: one of its scalings is enough for every day.
    pytest.param(
        family, scaling, marks=[pytest.mark.slow] if family == "horseshoe" and scaling != "learned" else []
    )
    for family in PRIORS
    for scaling in SCALINGS
]


@pytest.mark.parametrize(("family", "scaling"), PAIRS)
def test_every_prior_has_the_models_density(family: str, scaling: str):
    # Biases of their own scale and of their layer's in turn: each prior and each scaling meets both.
    own = (list(PRIORS).index(family) + list(SCALINGS).index(scaling)) % 2
    prior = bnn.PriorSpec(family=family, scaling=scaling, scale=0.6, bias_scale=0.7 if own else None)
    assert_same_density(small(n=20, prior=prior, network=bnn.NetworkSpec(hidden=(3,))))


@pytest.mark.parametrize("noise", [None, 0.3])
@pytest.mark.parametrize("family", LIKELIHOODS)
def test_every_likelihood_has_the_models_density(family: str, noise: float | None):
    if noise is not None and not LIKELIHOODS[family].has_noise:
        return
    spec = bnn.LikelihoodSpec(family=family, noise=noise, components=3)
    assert_same_density(small(DATA_OF.get(family, "outliers"), n=40, likelihood=spec))


@pytest.mark.parametrize(
    "parts",
    [
        {"network": bnn.NetworkSpec(hidden=())},
        {"network": bnn.NetworkSpec(hidden=(3,), bias=False)},
        {"data": bnn.DataSpec(n=30, standardize=False)},
        {"data": bnn.DataSpec(name="counts", n=30, standardize=False)},
        {"data": bnn.DataSpec(name="linear", n=30, standardize=False)},
        {"likelihood": bnn.LikelihoodSpec(family="categorical")},
        *({"network": bnn.NetworkSpec(hidden=(3,), activation=name)} for name in ("relu", "sigmoid", "elu")),
        *({"network": bnn.NetworkSpec(hidden=(3,), activation=name)} for name in ("sine", "linear")),
    ],
    ids=str,
)
def test_every_setting_of_the_model_has_its_density(parts: dict[str, Any]):
    assert_same_density(small(n=30, **parts))


def test_constant_columns_and_targets_have_the_models_density():
    X = np.column_stack([np.full(12, 0.1), np.arange(12.0)])
    for y in (np.arange(12.0) ** 2 / 7, np.full(12, 0.3)):
        assert_same_density(small(network=bnn.NetworkSpec(hidden=(2,))), bnn.Dataset.from_arrays(X, y))


def spec_of(name: str, **parts: Any) -> bnn.DataSpec:
    entry = DATASETS[name]
    points = None
    if entry.painted:
        points = [[0.1 * i, (i * 7 % 5) / 3, i % 3] for i in range(24)]
        points = [point[:2] for point in points] if entry.task == "regression" else points
    return bnn.DataSpec(name=name, n=120, noise=entry.default_noise, points=points, **parts)


def assert_same_rows(dataset: bnn.Dataset, spec: bnn.DataSpec) -> None:
    found = run_rows(program(bnn.Experiment(data=spec))[1][:2])
    for name in ("X_train", "X_test", "y_train", "y_test"):
        assert np.array_equal(found[name], getattr(dataset, name)), name
    assert tuple(found["feature_names"]) == dataset.feature_names


def run_rows(cells: Any) -> dict[str, Any]:
    names: dict[str, Any] = {"np": np}
    exec(compile(cells[1].code, "rows", "exec"), names)
    return names


@pytest.mark.parametrize("name", [name for name in DATASETS if name != "digits"])
def test_every_data_set_has_its_rows(name: str):
    for parts in ({"seed": 3, "test_fraction": 0.3}, {"imbalance": 0.6}, {"label_noise": 0.1}):
        spec = spec_of(name, **parts)  # type: ignore[arg-type]
        assert_same_rows(bnn.load_dataset(spec), spec)


@pytest.mark.parametrize(
    "name", ["moons", "circles", "blobs", "clusters", "iris", "breast_cancer", "digits", "diabetes"]
)
def test_rows_come_from_scikit_learn_where_they_do_here(name: str):
    spec = spec_of(name)
    code = program(bnn.Experiment(data=spec))[1][1].code
    assert "from sklearn.datasets import" in code
    assert "np.array" not in code
    assert_same_rows(bnn.load_dataset(spec), spec)


def test_many_rows_come_in_a_file(tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
    spec = bnn.DataSpec(name="spirals", n=MOST_EMBEDDED // 3 + 1)
    dataset = bnn.load_dataset(spec)
    (tmp_path / ROWS_FILE).write_bytes(rows_csv(dataset))
    monkeypatch.chdir(tmp_path)
    script = bnn.to_script(bnn.Experiment(data=spec))
    assert len(script) < 10_000
    assert ROWS_FILE in ast.get_docstring(ast.parse(script))  # type: ignore[operator]
    assert_same_rows(dataset, spec)


def named(names: list[str], classes: list[str]) -> bnn.Dataset:
    rng = np.random.default_rng(0)
    y = [classes[i % len(classes)] for i in range(40)]
    X = rng.normal(size=(40, len(names)))
    return bnn.Dataset.from_arrays(X, y, "classification", feature_names=names, class_names=classes)


def assert_harmless(names: list[str], classes: list[str]) -> None:
    dataset = named(names, classes)
    script = bnn.to_script(small(), dataset)
    tame = bnn.to_script(
        small(), named([f"x{i}" for i in range(len(names))], [f"c{i}" for i in range(len(classes))])
    )

    def without_names(text: str) -> str:
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("feature_names", "class_names"):
                node.value = ast.Constant(None)
        return ast.dump(tree)

    assert without_names(script) == without_names(tame)
    found = run_rows(program(small(), dataset)[1])
    assert tuple(found["feature_names"]) == dataset.feature_names
    assert tuple(found["class_names"]) == dataset.class_names


def test_names_are_text_and_nothing_else():
    assert_harmless(NASTY, [*reversed(NASTY)])


@given(st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=4, unique=True))
def test_any_names_are_text_and_nothing_else(names: list[str]):
    assert_harmless(names, names)


def test_it_starts_as_narrow_as_the_fit():
    assert pytest.approx(np.exp(START_LOG_SD), rel=0.05) == NARROW


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_a_script(method: str):
    for parts in ({}, {"batch_size": 10, "schedule": "constant", "mc_samples": 2, "early_stopping": True}):
        if "batch_size" not in METHODS[method].fields:
            parts = parts | {"batch_size": None}
        inference = bnn.InferenceSpec(method=method, **parts)  # type: ignore[arg-type]
        script = bnn.to_script(small(inference=inference))
        tree = ast.parse(script)
        imported = {
            alias.name.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        imported |= {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert imported <= {"numpy", "pymc", "pytensor", "sklearn"}
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert called & {"pm.fit", "pm.sample", "pm.find_MAP"}
        if method in ("lowrank_advi", "laplace", "sghmc", "ensemble", "dropout"):
            assert "PyMC has no" in ast.get_docstring(tree)  # type: ignore[operator]


@pytest.mark.parametrize("method", ["sghmc", "map", "ensemble", "svgd"])
def test_only_what_takes_stochastic_gradients_gets_a_density_of_mini_batches(method: str):
    inference = bnn.InferenceSpec(method=method, batch_size=10)
    assert_same_density(small(inference=inference))  # as it is without batches: that of all rows
    script = bnn.to_script(small(inference=inference))
    assert "Minibatch" not in script
    assert "total_size" not in script
    assert "takes all rows at every step" in " ".join(script.split())


@pytest.mark.parametrize("method", ["advi", "fullrank_advi", "lowrank_advi", "laplace", "dropout"])
def test_mini_batches_stay_where_pm_fit_takes_them(method: str):
    for batch_size, batched in ((10, True), (30, False), (None, False)):  # of 30 rows
        script = bnn.to_script(small(inference=bnn.InferenceSpec(method=method, batch_size=batch_size)))
        assert ("pm.Minibatch(X, targets, batch_size=10)" in script) == batched
        assert "takes all rows" not in " ".join(script.split())


def test_what_cannot_be_fitted_has_no_script():
    with pytest.raises(bnn.InvalidExperiment, match=r"likelihood\.family"):
        bnn.to_script(small(likelihood=bnn.LikelihoodSpec(family="poisson")))
    with pytest.raises(bnn.InvalidExperiment, match=r"likelihood\.noise"):
        bnn.to_script(small(likelihood=bnn.LikelihoodSpec(noise=0.1)))
    for inference, says in (
        (bnn.InferenceSpec(method="nuts", batch_size=10), r"inference\.batch_size is 10"),
        (bnn.InferenceSpec(method="dropout"), "no hidden units"),
    ):
        experiment = small(inference=inference, network=bnn.NetworkSpec(hidden=()))
        for ask in (bnn.to_script, bnn.fit):
            with pytest.raises(bnn.InvalidExperiment, match=says):
                ask(experiment)
