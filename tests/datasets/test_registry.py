"""Every data set of the registry: what its entry promises, what `load_dataset` gives and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from bnn_lib.datasets import DATASETS, Dataset, DatasetEntry, load_dataset
from bnn_lib.datasets.entry import MAX_ROWS, MIN_ROWS
from bnn_lib.errors import InvalidData


@dataclass(frozen=True)
class Spec:
    """Stands in for DataSpec, without its bounds."""

    name: object = "moons"
    n: object = 1000
    noise: object = 0.2
    seed: object = 0
    test_fraction: object = 0.5
    standardize: object = True
    features: object = None
    imbalance: object = 0.0
    label_noise: object = 0.0


NAMED = [name for name, entry in DATASETS.items() if not entry.painted]  # test_painted.py has the others
GENERATED = [name for name in NAMED if DATASETS[name].fixed_rows is None]
TOYS = [name for name in GENERATED if DATASETS[name].task == "classification"]
CURVES = [name for name in GENERATED if DATASETS[name].task == "regression"]
MEASURED = [name for name, entry in DATASETS.items() if entry.fixed_rows is not None]

# SHA-256 of the content for n=200, seed 3: made once; another machine, NumPy or scikit-learn must agree.
DIGESTS = {
    "moons": "e21c7126280f0dc26402fbe649720867745bcb2044850f1cc51e380ac8e495f0",
    "circles": "278180d5bbb898a5e065b6dadf8bed01498e1e9648fa68ff62ccceaf529f866f",
    "xor": "a1aaebaeb92a536b102aad78e65667a8fc9e37d770d06264b5b5b438e33d2a89",
    "blobs": "4449b6b540bd8da1feb996354d881afe425d4a162f2e85b84e91d88d3e2abda6",
    "clusters": "cb114cb382922aae0e9d1b0ee079a68dde9d35f729ac317787397f2e7dd1ea29",
    "spirals": "02a216e848cda6e9964bfbeb6cc287a43e894f0b421d0395e066cd098b487fe7",
    "checkerboard": "468b155a3c79b7b74b64720ec06b5fed13a2969cfacd672379cc57fb645a8739",
    "iris": "42b32215bea9c9c956a5e84ed15717ccb2e99fc8fa9aa28c36a3e6d1e6e6864d",
    "breast_cancer": "356221ac70972ce6467d46cdb5cc2dda88bd3efcfb7a9c1754753a691e9a55f4",
    "x_sin_x": "ec1f4bc5fb8fb2901735e48068e8d78fe8a3ee443ed99ac9f6972ac79f516094",
    "gap": "0ff5cf9630837fbc71fd7695da122bc30e556d6524a2929d8b1bdb23919d200f",
    "step": "c2dd0511542ce810130656c8d30fab41ec25195b28afc08492e6c63e41b44b6a",
    "heteroscedastic": "ca7122526df01654b86cc6041208720fffbb88f0183621c77231b5f644c7301e",
    "outliers": "436b996bf77f97ce516b3ed0ff6e6921e04873e6c4d6c85865ee8f0c10267814",
    "linear": "1f2fb077eb139c6620190343f123aef598c9a71eebc6ece69fe750cd530f7fe5",
    "bimodal": "1d5e34a96981d7be91bb0ea6ff163c58c81b4a1cfab0e8f05ddae285bd4c02e3",
    "counts": "122262f5f14fa9b9e24fe19bbfa4d185ae051a31e606d9afe07702c4cb6922cb",
    "plane": "5a14614c208fc9ecad190356d163fc0b7412e52f8e0b8ce51a795ec65d2b7e0e",
    "bumps": "91038641a19c23f1f93bd9f8ce3454d124465dd1cbdcbc22dd33441efddb5080",
    "diabetes": "f68676dce8641c8f49c9ae4197656a18ba6b6140dcc5357039ab0ce90045650d",
    "moons_ood": "7c547010b6b1fc0c4cca3ef67e0c44e0ebd483324d51aaf71367d25ee52c2493",
    "blobs3": "0c313113cf4a3e21f9919be128775f84d808c27a4f42b21e277eaca7814c87fb",
    "pinwheel": "14ee2b5a8bea5baa99ddb84477c180476b8493cae03bdc54c7dafd5989c6900e",
    "digits": "d10984515be9b705d54b4f5effe671c8a9ee8d91ff7d7535c18a0c354e56da8b",
}


def _all_rows(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    X = np.concatenate([dataset.X_train, dataset.X_test])
    return X, np.concatenate([dataset.y_train, dataset.y_test])


@pytest.mark.parametrize("name", DATASETS)
def test_an_entry_says_what_it_is(name: str) -> None:
    entry = DATASETS[name]
    assert entry.task in ("classification", "regression")
    assert entry.label
    assert entry.help.endswith((".", "?"))
    assert entry.noise_help.endswith(".")
    assert 0 <= entry.default_noise <= 1
    assert entry.n_classes == len(entry.class_names)
    assert (entry.n_classes == 0) == (entry.task == "regression")
    assert entry.n_features == len(entry.default_features)
    assert MIN_ROWS <= entry.default_n <= MAX_ROWS
    assert (entry.truth is None) == (entry.truth_sd is None) == (name not in CURVES)
    if entry.features:
        assert set(entry.default_features) <= set(entry.features)


def test_the_generated_and_the_measured_sets_are_there() -> None:
    two_classes = ["moons", "circles", "xor", "blobs", "clusters", "spirals", "checkerboard", "moons_ood"]
    assert [*two_classes, "blobs3", "pinwheel"] == TOYS
    one_feature = ["x_sin_x", "gap", "step", "heteroscedastic", "outliers", "linear", "bimodal", "counts"]
    assert [*one_feature, "plane", "bumps"] == CURVES
    assert [name for name in CURVES if DATASETS[name].n_features == 1] == one_feature
    assert MEASURED == ["iris", "breast_cancer", "digits", "diabetes"]


@pytest.mark.parametrize("name", MEASURED)
def test_the_help_of_a_measured_set_says_that_rows_and_noise_have_no_effect(name: str) -> None:
    assert "no effect" in DATASETS[name].noise_help
    assert load_dataset(Spec(name, n=20, noise=0.0)) == load_dataset(Spec(name, n=500, noise=1.0))


@pytest.mark.parametrize("seed", [0, 2**31 - 1])
@pytest.mark.parametrize("test_fraction", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("n", [MIN_ROWS, MIN_ROWS + 1, MAX_ROWS])
@pytest.mark.parametrize("name", NAMED)
def test_a_dataset_is_whole_and_balanced_at_both_ends_of_its_bounds(
    name: str, n: int, noise: float, test_fraction: float, seed: int
) -> None:
    entry = DATASETS[name]
    dataset = load_dataset(Spec(name, n=n, noise=noise, test_fraction=test_fraction, seed=seed))
    X, y = _all_rows(dataset)
    rows = entry.fixed_rows or n
    assert X.shape == (rows, entry.n_features)
    assert np.isfinite(X).all()
    assert dataset.feature_names == entry.default_features
    assert dataset.class_names == entry.class_names
    assert dataset.task == entry.task
    # The split: every class on both sides, and the size asked for unless that leaves no room for one.
    if entry.task == "classification":
        assert set(dataset.y_train) == set(dataset.y_test) == set(range(entry.n_classes))
    assert np.isfinite(y).all()
    assert abs(len(dataset.y_test) - test_fraction * rows) <= max(1, entry.n_classes)
    if name in TOYS:
        assert np.ptp(np.bincount(y)) <= 1
    # What a fit sees is finite in the precision it runs in.
    scaled = (dataset.X_train - dataset.scaling.x_mean) / dataset.scaling.x_scale
    assert np.isfinite(scaled.astype(np.float32)).all()


@pytest.mark.parametrize("name", NAMED)
def test_the_same_spec_gives_the_same_bytes_on_every_machine(name: str) -> None:
    dataset = load_dataset(Spec(name, n=200, noise=0.2, seed=3))
    assert dataset.digest == DIGESTS[name]


@pytest.mark.parametrize("name", NAMED)
def test_the_seed_drives_the_split_and_the_rows_of_a_generated_set(name: str) -> None:
    first, second = (load_dataset(Spec(name, seed=seed)) for seed in (0, 1))
    assert first != second
    rows_of_first, rows_of_second = (
        {tuple(row) for row in _all_rows(dataset)[0].tolist()} for dataset in (first, second)
    )
    assert (rows_of_first == rows_of_second) == (name in MEASURED)


@pytest.mark.parametrize("name", TOYS)
def test_noise_is_the_standard_deviation_of_what_is_added_to_each_coordinate(name: str) -> None:
    # Independent noise adds variances, so each coordinate's variance grows by noise**2. One standard error of
    # a variance of 100,000 normal rows is 0.45 % of it; five are allowed.
    noise = 0.8
    clean, noisy = (_all_rows(load_dataset(Spec(name, n=MAX_ROWS, noise=size)))[0] for size in (0.0, noise))
    np.testing.assert_allclose(noisy.var(axis=0) - clean.var(axis=0), noise**2, atol=0.0225 * noisy.var())


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
def test_a_generated_target_has_the_mean_and_noise_that_its_truth_says(name: str, noise: float) -> None:
    # Five standard errors, of a mean and of a mean square of MAX_ROWS rows, whose own spread is measured.
    entry = DATASETS[name]
    X, y = entry.generate(MAX_ROWS, noise, 1)
    truth, sd = entry.truth(X), entry.truth_sd(X, noise)
    assert truth.shape == (MAX_ROWS, 2 if name == "bimodal" else 1)
    assert sd.shape == (MAX_ROWS,)
    row = np.arange(MAX_ROWS)
    kept = row % 10 > 0 if name == "outliers" else row >= 0
    error, sd = (y - truth[row, row % truth.shape[1]])[kept], sd[kept]  # rows take branches in turn
    standard_error = error.std() / np.sqrt(len(error))
    assert abs(error.mean()) <= 5 * standard_error + 1e-6
    surplus = error**2 - sd**2
    assert abs(surplus.mean()) <= 5 * surplus.std() / np.sqrt(len(error)) + 1e-6


@pytest.mark.parametrize(("name", "load"), [("iris", load_iris), ("breast_cancer", load_breast_cancer)])
class TestMeasured:
    def test_names_and_rows_are_those_of_scikit_learn(self, name: str, load) -> None:
        entry, bunch = DATASETS[name], load()
        assert entry.features == tuple(bunch.feature_names)
        assert entry.class_names == tuple(bunch.target_names)
        assert entry.fixed_rows == len(bunch.target)

    def test_the_features_asked_for_are_given_in_that_order(self, name: str, load) -> None:
        bunch = load()
        chosen = (bunch.feature_names[3], bunch.feature_names[1], bunch.feature_names[2])
        dataset = load_dataset(Spec(name, features=chosen))
        assert dataset.feature_names == chosen
        X, y = _all_rows(dataset)
        mine = sorted((*row, code) for row, code in zip(X.tolist(), y.tolist(), strict=True))
        expected = np.column_stack([bunch.data[:, [3, 1, 2]], bunch.target])
        assert mine == sorted(tuple(row) for row in expected.tolist())

    def test_every_feature_alone_makes_a_dataset(self, name: str, load) -> None:
        for feature in DATASETS[name].features:
            dataset = load_dataset(Spec(name, features=[feature]))
            assert dataset.X_train.shape[1] == 1
            assert dataset.scaling.x_scale[0] > 0

    def test_the_default_pair_is_the_one_that_tells_most(self, name: str, load) -> None:
        bunch = load()
        X = StandardScaler().fit_transform(bunch.data)

        def loss(pair: tuple[int, int]) -> float:
            model = LogisticRegression().fit(X[:, pair], bunch.target)
            return log_loss(bunch.target, model.predict_proba(X[:, pair]))

        best = min(combinations(range(X.shape[1]), 2), key=loss)
        assert DATASETS[name].default_features == tuple(bunch.feature_names[column] for column in best)

    @pytest.mark.parametrize(
        ("features", "received"),
        [
            (("petal length",), "'petal length'"),
            (("__class__",), "'__class__'"),
            ((), "empty"),
            ("worst area", "'worst area'"),
            ((1, 2), "(1, 2)"),
            (7, "7"),
        ],
    )
    def test_other_features_are_refused(self, name: str, load, features: object, received: str) -> None:
        with pytest.raises(InvalidData, match=r"^features is .*; allowed: .*\.$") as error:
            load_dataset(Spec(name, features=features))
        assert received in str(error.value)

    def test_an_unknown_feature_is_told_what_there_is(self, name: str, load) -> None:
        with pytest.raises(InvalidData) as error:
            load_dataset(Spec(name, features=("height", load().feature_names[0])))
        assert all(feature in str(error.value) for feature in load().feature_names)

    def test_a_feature_twice_is_refused(self, name: str, load) -> None:
        first = load().feature_names[0]
        with pytest.raises(InvalidData, match="different"):
            load_dataset(Spec(name, features=(first, first)))


def test_digits_are_those_of_scikit_learn() -> None:
    bunch, entry = load_digits(), DATASETS["digits"]
    assert (entry.n_features, entry.fixed_rows) == (64, len(bunch.target))
    assert entry.class_names == tuple(str(digit) for digit in bunch.target_names)
    X, y = _all_rows(load_dataset(Spec("digits")))
    mine, expected = np.column_stack([X, y]).tolist(), np.column_stack([bunch.data, bunch.target]).tolist()
    assert sorted(mine) == sorted(expected)


def test_diabetes_is_that_of_scikit_learn_in_original_units() -> None:
    bunch, entry = load_diabetes(scaled=False), DATASETS["diabetes"]
    assert (len(bunch.feature_names), entry.fixed_rows) == (len(entry.features), len(bunch.target))
    X, y = _all_rows(load_dataset(Spec("diabetes", features=entry.features)))
    mine, expected = np.column_stack([X, y]).tolist(), np.column_stack([bunch.data, bunch.target]).tolist()
    assert sorted(mine) == sorted(expected)


def test_the_default_pair_of_diabetes_is_the_one_that_tells_most() -> None:
    X, y = load_diabetes(return_X_y=True)
    pairs = combinations(range(X.shape[1]), 2)
    best = max(pairs, key=lambda pair: LinearRegression().fit(X[:, pair], y).score(X[:, pair], y))
    entry = DATASETS["diabetes"]
    assert entry.default_features == tuple(entry.features[column] for column in best)


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_set_has_no_choice_of_features(name: str) -> None:
    with pytest.raises(InvalidData, match=r"allowed for .*: none"):
        load_dataset(Spec(name, features=("x1", "x2")))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "sun"),
        ("name", ""),
        ("name", None),
        ("name", ["moons"]),
        ("n", 19),
        ("n", 100_001),
        ("n", 10**400),
        ("n", 100.0),
        ("n", True),
        ("n", "100"),
        ("n", None),
        ("noise", -0.001),
        ("noise", 1.001),
        ("noise", float("nan")),
        ("noise", float("inf")),
        ("noise", "0.2"),
        ("noise", None),
        ("noise", 0.1j),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", 0.5),
        ("seed", None),
        ("test_fraction", 0),
        ("test_fraction", 1),
        ("test_fraction", float("nan")),
        ("test_fraction", "half"),
        ("standardize", 1),
        ("standardize", None),
        ("imbalance", -0.01),
        ("imbalance", 0.96),
        ("imbalance", float("nan")),
        ("label_noise", 0.51),
        ("label_noise", "a tenth"),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_name_value_and_bound(field: str, value: object) -> None:
    with pytest.raises(InvalidData, match=rf"^{field} is .*; allowed: .*\.$") as error:
        load_dataset(replace(Spec(), **{field: value}))
    assert len(str(error.value)) < 300


def test_the_registry_is_constant() -> None:
    with pytest.raises(TypeError):
        DATASETS["new"] = DATASETS["moons"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        DATASETS["moons"].label = "Suns"  # type: ignore[misc]


def test_a_new_entry_takes_only_its_generator_and_its_texts() -> None:
    entry = DatasetEntry(
        label="Line",
        help="A line.",
        noise_help="None.",
        default_noise=0.0,
        generate=lambda n, noise, seed: (np.zeros((n, 2)), np.arange(n) % 2),
    )
    assert (entry.task, entry.n_classes, entry.fixed_rows, entry.features) == ("classification", 2, None, ())


def test_importing_the_registry_imports_nothing_heavy(root: Path) -> None:
    heavy = {"sklearn", "scipy", "pandas", "pymc", "pytensor", "jax", "streamlit", "distributed"}
    code = f"import sys, bnn_lib.datasets; print(sorted({heavy!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
