from __future__ import annotations

import io
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bnn_lib as bnn
from bnn_lib.inference_data import netcdf_bytes
from tests.cases import small


@pytest.fixture(scope="module")
def dataset() -> bnn.Dataset:
    return bnn.load_dataset(small().data)


@pytest.fixture(scope="module")
def posterior(dataset: bnn.Dataset) -> bnn.Posterior:
    return bnn.fit(small(prior=bnn.PriorSpec(scaling="learned")), dataset)


@pytest.fixture(scope="module")
def regression() -> bnn.Posterior:
    X = np.linspace(-1, 1, 30)[:, None]
    return bnn.fit(small(steps=2000), bnn.Dataset.from_arrays(X, 50 + 10 * X[:, 0], feature_names=["x"]))


def test_draws_have_the_shapes_of_the_network(posterior: bnn.Posterior) -> None:
    shapes = {name: value.shape for name, value in posterior.draws(30).items()}
    assert shapes == {
        "scale1": (30,), "W1": (30, 4, 2), "b1": (30, 4), "scale2": (30,), "W2": (30, 1, 4), "b2": (30, 1)
    }  # fmt: skip
    assert (posterior.draws(30)["scale1"] > 0).all()


def test_fewer_draws_are_the_first_of_more(posterior: bnn.Posterior, dataset: bnn.Dataset) -> None:
    few, many = posterior.draws(30, seed=2), posterior.draws(60, seed=2)
    for name in few:
        np.testing.assert_array_equal(few[name], many[name][:30])
    assert not np.array_equal(posterior.draws(30, seed=3)["W1"], few["W1"])
    few_p, many_p = (posterior.predict(dataset.X_test, n_draws=n).samples for n in (10, 60))
    np.testing.assert_array_equal(few_p, many_p[:10])


def test_predictions_are_those_of_the_draws(posterior: bnn.Posterior, dataset: bnn.Dataset) -> None:
    draws, X = posterior.draws(20), dataset.X_test
    x = (X - dataset.X_train.mean(0)) / dataset.X_train.std(0)
    h = np.tanh(np.einsum("sij,nj->sni", draws["W1"], x) + draws["b1"][:, None])
    logit = np.einsum("sij,snj->sni", draws["W2"], h)[..., 0] + draws["b2"]
    np.testing.assert_allclose(posterior.predict(X, 20).samples[..., 1], 1 / (1 + np.exp(-logit)), atol=1e-5)
    activations = posterior.unit_activations(X, n_draws=25)
    h25 = posterior.draws(25)
    by_hand = np.tanh(np.einsum("sij,nj->sin", h25["W1"], x) + h25["b1"][..., None]).mean(0)
    np.testing.assert_allclose(activations[0], by_hand, atol=1e-5)


def test_one_row_or_many_blocks_of_rows_are_predicted_alike(posterior: bnn.Posterior) -> None:
    X = np.random.default_rng(0).normal(size=(6000, 2))
    together = posterior.predict(X, 3).samples
    np.testing.assert_array_equal(together[:, 5000:5001], posterior.predict(X[5000:5001], 3).samples)


def test_regression_is_in_the_targets_own_units(regression: bnn.Posterior) -> None:
    prediction = regression.predict([[0.0], [1.0]])
    assert prediction.samples.shape == (500, 2)
    np.testing.assert_allclose(prediction.mean, [50, 60], atol=3)
    assert prediction.interval(0.95).shape == (2, 2)


@pytest.mark.parametrize("which", ["posterior", "regression"])
def test_save_and_load_give_the_same_predictions(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    posterior: bnn.Posterior = request.getfixturevalue(which)
    path = tmp_path / "fit"  # no suffix is added
    posterior.save(path)
    loaded = bnn.load_posterior(path)
    assert [p.name for p in tmp_path.iterdir()] == ["fit"]
    X = np.random.default_rng(0).normal(size=(50, len(posterior.schema.feature_names)))
    for seed in (0, 1):
        np.testing.assert_array_equal(
            loaded.predict(X, seed=seed).samples, posterior.predict(X, seed=seed).samples
        )
    np.testing.assert_array_equal(loaded.elbo, posterior.elbo)
    assert loaded.experiment == posterior.experiment
    assert loaded.diagnostics == posterior.diagnostics


def saved(posterior: bnn.Posterior, tmp_path: Path) -> bytes:
    posterior.save(tmp_path / "whole")
    return (tmp_path / "whole").read_bytes()


def test_a_foreign_file_is_refused_and_never_unpickled(posterior: bnn.Posterior, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "exploded",)  # type: ignore[return-value]

    buffer = io.BytesIO()
    np.savez(buffer, header=np.array([Bomb()], dtype=object))
    foreign = io.BytesIO()
    np.savez(foreign, a=np.zeros(3))
    for content in (b"", b"hello", pickle.dumps(Bomb()), buffer.getvalue(), foreign.getvalue()):
        path = tmp_path / "file"
        path.write_bytes(content)
        with pytest.raises(bnn.InvalidData, match="file is not a saved posterior"):
            bnn.load_posterior(path)
    assert not (tmp_path / "exploded").exists()
    with pytest.raises(FileNotFoundError):
        bnn.load_posterior(tmp_path / "nowhere")


def test_a_file_that_says_other_than_it_holds_is_refused(posterior: bnn.Posterior, tmp_path: Path) -> None:
    with np.load(io.BytesIO(saved(posterior, tmp_path))) as archive:
        arrays = dict(archive)
    header = json.loads(arrays["header"].tobytes())

    def rewritten(**changes: object) -> Path:
        fields = {key: value for key, value in changes.items() if key in header}
        text = json.dumps(header | fields).encode()
        others = {name: value for name, value in changes.items() if name not in header}
        with (tmp_path / "changed").open("wb") as file:
            np.savez(file, **(arrays | others | {"header": np.frombuffer(text, "uint8")}))
        return tmp_path / "changed"

    bigger = bnn.Experiment(network=bnn.NetworkSpec(hidden=(9,))).to_json()
    nan = np.full_like(arrays["state_0"], np.nan)
    for changes, says in (
        ({"experiment": bigger}, "other shapes"),
        ({"experiment": "{"}, "does not describe"),
        ({"class_names": ["a", "b", "c"]}, "other shapes"),
        ({"task": "regression"}, "does not describe|other shapes"),
        ({"format": "bnn_lib posterior 99"}, "this version reads"),
        ({"n_leaves": 2}, "other shapes"),
        ({"n_leaves": 10**9}, "not a saved posterior"),
        ({"state_0": nan}, "NaN"),
        ({"state_0": arrays["state_0"].astype("float64")}, "other shapes"),
        ({"x_mean": np.zeros(5)}, "other shapes"),
        ({"y_scaling": np.zeros(5)}, "does not describe"),
    ):
        with pytest.raises(bnn.InvalidData, match=says):
            bnn.load_posterior(rewritten(**changes))


@settings(max_examples=150)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_whole(
    data: st.DataObject, posterior: bnn.Posterior, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    content = bytearray(saved(posterior, folder))
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        for _ in range(data.draw(st.integers(1, 20))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (folder / "damaged").write_bytes(content)
    try:
        loaded = bnn.load_posterior(folder / "damaged")
    except bnn.InvalidData:
        return
    # The bytes that changed meant nothing.
    np.testing.assert_array_equal(loaded.predict([[0, 0]], 3).samples, posterior.predict([[0, 0]], 3).samples)


def test_arviz_takes_the_draws(posterior: bnn.Posterior) -> None:
    data = posterior.to_arviz(50)
    np.testing.assert_array_equal(data.posterior["W1"].values[0], posterior.draws(50)["W1"])
    assert bnn.Experiment.from_json(data.posterior.attrs["experiment"]) == posterior.experiment


def test_a_netcdf_file_opens_in_arviz(posterior: bnn.Posterior, tmp_path: Path) -> None:
    import arviz as az

    dataset = bnn.load_dataset(posterior.experiment.data)
    path = tmp_path / "posterior.nc"
    path.write_bytes(netcdf_bytes(posterior.to_arviz(50, dataset=dataset)))
    data = az.from_netcdf(path)
    draws = posterior.draws(50)
    assert set(data.posterior.data_vars) == set(draws)
    for name, values in draws.items():
        np.testing.assert_array_equal(data.posterior[name].values[0], values)
    assert data.posterior["W1"].dims == ("chain", "draw", "hidden_1", "feature")
    assert data.posterior["b2"].dims == ("chain", "draw", "output")
    assert tuple(data.posterior["feature"].values) == dataset.feature_names
    np.testing.assert_array_equal(data.observed_data["y"].values, dataset.y_train)
    np.testing.assert_array_equal(data.constant_data["X"].values, dataset.X_train)
    log_likelihood = data.log_likelihood["y"].values[0]
    expected = posterior.predict(dataset.X_train, 50).log_prob(dataset.y_train)
    np.testing.assert_allclose(np.logaddexp.reduce(log_likelihood, axis=0) - np.log(50), expected, rtol=1e-5)
    assert bnn.Experiment.from_json(data.posterior.attrs["experiment"]) == posterior.experiment


@pytest.mark.parametrize(
    ("X", "says"),
    [
        ([[1.0]], r"allowed: \(n, 2\)"),
        ([1.0, 2.0], r"allowed: \(n, 2\)"),
        (np.zeros((0, 2)), r"allowed: \(n, 2\)"),
        ([["a", "b"]], "not an array of numbers"),
        ([[np.nan, 0.0]], "NaN or infinite"),
        ([[1.0, 2.0], [3.0]], "not an array of numbers"),
    ],
)
def test_inputs_of_another_kind_are_refused(posterior: bnn.Posterior, X: object, says: str) -> None:
    with pytest.raises(bnn.InvalidData, match=says):
        posterior.predict(X)


def test_numpy_numbers_are_numbers(posterior: bnn.Posterior) -> None:
    np.testing.assert_array_equal(posterior.draws(np.int64(3), np.int32(1))["W1"], posterior.draws(3, 1)["W1"])


@pytest.mark.parametrize("seed", [-1, 2**33, 1.5, None])
def test_a_seed_out_of_bounds_is_refused(posterior: bnn.Posterior, seed: object) -> None:
    for ask in (lambda: posterior.draws(5, seed), lambda: posterior.predict([[0, 0]], 5, seed)):  # type: ignore[arg-type]
        with pytest.raises(bnn.InvalidData, match="seed is"):
            ask()


@pytest.mark.parametrize("n_draws", [0, -1, 2.5, True, 10**9, "5"])
def test_a_number_of_draws_out_of_bounds_is_refused(posterior: bnn.Posterior, n_draws: object) -> None:
    with pytest.raises(bnn.InvalidData, match="1 to 100,000"):
        posterior.draws(n_draws)  # type: ignore[arg-type]
