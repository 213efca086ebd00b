"""What is asked of a fit of a table, and what is made of the answers, on a model whose answers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bnn_lib.dashboard import table_predict
from bnn_lib.datasets import TableData, encode_table, inspect_table


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = 120
    return pd.DataFrame(
        {
            "size": rng.normal(50, 10, n).round(2),
            "town": rng.choice(["Bern", "Genf", "Zug"], n, p=[0.2, 0.5, 0.3]),
            "new": rng.choice(["no", "yes"], n, p=[0.7, 0.3]),
            "price": rng.normal(size=n).round(3),
        }
    )


@pytest.fixture(scope="module")
def data(frame: pd.DataFrame) -> TableData:
    return encode_table(inspect_table(frame.to_csv(index=False).encode()))


def answer(X: np.ndarray) -> dict[str, np.ndarray]:
    """Answer as a model would for which price is 2 size + 100 in Zug, with known doubt."""
    mean = 2 * X[:, 0] + 100 * X[:, 3]
    return {
        "mean": mean,
        "total": np.full(len(X), 4.0),
        "aleatoric": np.full(len(X), 3.0),
        "epistemic": np.full(len(X), 1.0),
        "intervals": np.stack([mean - 4, mean + 4], axis=1)[:, None],
        "quantiles": np.stack([mean - 2, mean + 2], axis=1),
    }


def test_a_typical_row_is_of_medians_and_common_levels(frame: pd.DataFrame, data: TableData):
    row = table_predict.typical(data.encoding, data.dataset)
    train = frame.iloc[data.train_rows]
    assert row == {"size": train["size"].median(), "town": train["town"].mode()[0], "new": train["new"].mode()[0]}


def test_a_sweep_changes_one_feature_at_a_time(data: TableData):
    swept = table_predict.sweep(data.encoding, data.dataset)
    assert swept.names == ("size", "town", "new")
    assert [len(values) for values in swept.values] == [table_predict.POINTS, 3, 2]
    base = data.encoding.encode_row(table_predict.typical(data.encoding, data.dataset))[0]
    size, town, new = np.split(swept.X, [table_predict.POINTS, table_predict.POINTS + 3])
    assert (size[:, 1:] == base[1:]).all()
    assert (np.diff(size[:, 0]) > 0).all()
    assert (town[:, [0, 4]] == base[[0, 4]]).all()
    np.testing.assert_array_equal(town[:, 1:4], np.eye(3))
    np.testing.assert_array_equal(new[:, 4], [0, 1])


def test_effects_are_those_of_the_model_the_largest_first(data: TableData):
    swept = table_predict.sweep(data.encoding, data.dataset)
    found = {e.name: e for e in table_predict.effects(swept, answer(swept.X), data, 0)}
    assert list(found) == ["town", "size", "new"]
    assert found["town"].size == pytest.approx(100)
    assert found["new"].size == 0
    np.testing.assert_allclose(found["size"].mean[-1] - found["size"].mean[0], 2 * np.ptp(found["size"].x))
    np.testing.assert_allclose(found["size"].high - found["size"].low, 4)
    np.testing.assert_allclose(found["size"].outer_high - found["size"].outer_low, 8)


def test_one_row_in_words(data: TableData):
    X = data.encoding.encode_row({"size": 10, "town": "Zug", "new": "no"})
    prediction, doubt = table_predict.describe(answer(X), data.encoding)
    assert prediction == "price: 120"
    assert doubt.startswith("With 95 % probability between 116 and 124. Its variance is 4 (sd 2): 25 % of that")


def test_what_is_beyond_the_rows_seen_is_named(data: TableData):
    row = {"size": 1000.0, "town": "Zug", "new": "no"}
    (words,) = table_predict.outside(data.encoding, data.dataset, row)
    assert words.startswith("size 1000 (seen: ")
    assert table_predict.outside(data.encoding, data.dataset, {**row, "size": 50.0}) == []


def test_a_second_table_gets_its_predictions_row_by_row(frame: pd.DataFrame, data: TableData):
    second = frame.drop(columns="price").assign(mean="kept")
    second.loc[3, "size"] = None
    new = data.encoding.read(second.to_csv(index=False).encode())
    result = table_predict.predicted_table(new, answer(new.X), data.encoding)
    assert list(result) == [
        *["size", "town", "new", "mean", "mean (2)", "lower 95 %", "upper 95 %"],
        *["total variance", "aleatoric variance", "epistemic variance"],
    ]
    expected = 2 * second["size"] + 100 * (second["town"] == "Zug")
    np.testing.assert_allclose(result["mean (2)"], expected)  # NaN where a feature is missing
    assert result["mean (2)"].isna().sum() == 1
    np.testing.assert_allclose(result["upper 95 %"] - result["lower 95 %"], np.where(expected.isna(), np.nan, 8))


def test_classes_get_their_probabilities(frame: pd.DataFrame):
    classes = frame.assign(price=np.where(frame["size"] > 50, "dear", "cheap"))
    data = encode_table(inspect_table(classes.to_csv(index=False).encode()))
    new = data.encoding.read(classes.head(2).to_csv(index=False).encode())
    p = np.array([[0.9, 0.1], [0.2, 0.8]])
    half = np.full(2, 0.25)
    reply = {"mean": p, "total": 2 * half, "aleatoric": half, "epistemic": half}
    result = table_predict.predicted_table(new, reply, data.encoding)
    assert result["prediction"].tolist() == ["cheap", "dear"]
    assert result["P(dear)"].tolist() == [0.1, 0.8]
    assert result["epistemic, nats"].tolist() == [0.25, 0.25]
    prediction, doubt = table_predict.describe(reply, data.encoding)
    assert prediction == "price: cheap, with probability 90 %"
    assert doubt.startswith("The doubt is 0.50 of at most 0.69 nats: 50 % of that is what")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([19, 50, 79], (1.0, 0)),
        ([3.2, 4.9, 6.1], (0.1, 2)),
        ([0.001, 0.0042], (0.0001, 5)),
        ([1.5e6, 9.25e6 + 0.5], (100_000.0, 0)),
        ([0.25, 0.25], (0.01, 2)),
    ],
)
def test_a_step_suits_the_values_it_changes(values: list[float], expected: tuple[float, int]):
    assert table_predict.steps(np.array(values, dtype=float)) == pytest.approx(expected)
