"""Questions to a fit of a table, and their answers: effects of single features, one new row, a whole second table.

Inputs for a worker and what is made of its answers; nothing here is shown by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn_lib.datasets import Dataset, TableData, TableEncoding
from bnn_lib.datasets.csv_file import unique_names
from bnn_lib.datasets.table_encoding import Input, NewRows
from bnn_lib.engine import Picture, Question
from bnn_lib.engine.arrays import to_bytes
from bnn_lib.exports import tables
from bnn_lib.figures.effects import Effect

if TYPE_CHECKING:
    import pandas as pd

Arrays = Mapping[str, np.ndarray]

POINTS = 41  # along a feature of numbers
ENDS = (1, 99)  # percentiles of the training rows between which a curve is drawn
INTERVAL = 0.95
BAND = (0.025, 0.975)  # quantiles over networks


def question(picture: Picture, X: np.ndarray, task: str) -> Question:
    """Ask for predictions at rows X (n, d), in the data's own units."""
    values = {"quantiles": list(BAND), "intervals": [INTERVAL] if task == "regression" else []}
    return Question("predict", values, {"networks": picture.networks, "rows": to_bytes({"X": X})})


# --- one feature at a time ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Sweep:
    """Rows in which one feature after the other takes its values while the others stay typical.

    Attributes
    ----------
    names : tuple of str
        The features.
    values : tuple of ndarray
        What each takes.
    X : ndarray of shape (n, d)
        All these rows, feature by feature.
    """

    names: tuple[str, ...]
    values: tuple[np.ndarray, ...]
    X: np.ndarray


def typical(encoding: TableEncoding, dataset: Dataset) -> dict[str, Any]:
    """Return the median of each number and the most common level of each category, of the training rows."""
    row: dict[str, Any] = {}
    for item in encoding.inputs:
        columns = dataset.X_train[:, encoding.columns_of(item.name)]
        row[item.name] = float(np.median(columns)) if not item.levels else _most_common(item, columns)
    return row


def sweep(encoding: TableEncoding, dataset: Dataset) -> Sweep:
    """Return the rows that show what each feature does by itself."""
    base = typical(encoding, dataset)
    names, values, parts = [], [], []
    for item in encoding.inputs:
        if item.levels:
            along = np.array(item.levels, dtype=object)
        else:
            column = dataset.X_train[:, encoding.columns_of(item.name)]
            low, high = np.percentile(column, ENDS)
            along = np.linspace(low, high, POINTS)
        columns = {name: np.array([value] * len(along), dtype=object) for name, value in base.items()}
        columns |= {i.name: columns[i.name].astype(float) for i in encoding.inputs if not i.levels}
        columns[item.name] = along
        names.append(item.name)
        values.append(along)
        parts.append(encoding.encode(columns)[0])
    return Sweep(tuple(names), tuple(values), np.concatenate(parts))


def effects(swept: Sweep, answer: Arrays, data: TableData, shown: int) -> list[Effect]:
    """Return the effects, the largest first; for classes that of the probability of class `shown`."""
    regression = data.dataset.task == "regression"
    mean = answer["mean"] if regression else answer["mean"][:, shown]
    band = answer["quantiles"] if regression else answer["quantiles"][..., shown]
    outer = answer["intervals"][:, 0] if regression else None
    found, start = [], 0
    for name, along in zip(swept.names, swept.values, strict=True):
        part = slice(start, start + len(along))
        start = part.stop
        seen = data.dataset.X_train[:, data.encoding.columns_of(name)][:, 0]
        low, high = (None, None) if outer is None else (outer[part, 0], outer[part, 1])
        found.append(Effect(name, along, mean[part], band[part, 0], band[part, 1], low, high, seen))
    return sorted(found, key=lambda effect: -effect.size)


def shown_output(encoding: TableEncoding, chosen: object) -> tuple[int, str]:
    """Return the output that effects are of, and its name: the class chosen, else the last; or the target."""
    if encoding.task == "regression":
        return 0, encoding.target
    names = encoding.class_names
    shown = chosen if isinstance(chosen, int) and chosen < len(names) else len(names) - 1
    return shown, f"P({names[shown]})"


def _most_common(item: Input, columns: np.ndarray) -> str:
    shares = columns.mean(axis=0)
    if len(item.levels) == 2:
        shares = np.array([1 - shares[0], shares[0]])
    return item.levels[int(shares.argmax())] if len(item.levels) > 1 else item.levels[0]


def steps(values: np.ndarray) -> tuple[float, int]:
    """Return a step to change a feature by, and the decimals to show it with, by its training values (n,).

    Whole numbers stay whole; of others a step is a power of ten, a twentieth of their spread or less.
    """
    spread = float(np.ptp(values))
    if spread == 0 or (values == np.rint(values)).all():
        decimals = len(np.format_float_positional(values[0], precision=6, trim="-").partition(".")[2])
        return float(10.0**-decimals), decimals
    exponent = int(np.floor(np.log10(spread / 20)))
    return 10.0**exponent, max(0, 1 - exponent)


def outside(encoding: TableEncoding, dataset: Dataset, row: Mapping[str, Any]) -> list[str]:
    """Return a few words for each number of a row that lies beyond what training rows have."""
    found = []
    for item in encoding.inputs:
        if not item.levels:
            seen = dataset.X_train[:, encoding.columns_of(item.name)]
            if not seen.min() <= row[item.name] <= seen.max():
                found.append(f"{item.name} {row[item.name]:g} (seen: {seen.min():g} to {seen.max():g})")
    return found


# --- one row ------------------------------------------------------------------------------------------------


def describe(answer: Arrays, encoding: TableEncoding) -> tuple[str, str]:
    """Say what is predicted for one row, and how much of the doubt is ignorance."""
    total, epistemic = float(answer["total"][0]), float(answer["epistemic"][0])
    ignorance = 100 * epistemic / total if total > 0 else 0
    share = (
        f"{ignorance:.0f} % of that is what the network does not know (epistemic) and more data would remove; the "
        "rest is noise (aleatoric)."
    )
    if encoding.task == "regression":
        low, high = answer["intervals"][0, 0]
        return (
            f"{encoding.target}: {number(answer['mean'][0])}",
            f"With 95 % probability between {number(low)} and {number(high)}. Its variance is {number(total)} (sd "
            f"{number(np.sqrt(total))}): {share}",
        )
    p = answer["mean"][0]
    best = int(p.argmax())
    return (
        f"{encoding.target}: {encoding.class_names[best]}, with probability {100 * p[best]:.0f} %",
        f"The doubt is {total:.2f} of at most {np.log(len(p)):.2f} nats: {share}",
    )


def number(value: float) -> str:
    """Write a number to four digits, without an exponent where it can be read."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


# --- a table ------------------------------------------------------------------------------------------------


def prediction_columns(answer: Arrays, encoding: TableEncoding) -> dict[str, np.ndarray]:
    """Return the columns that are added to a table: prediction, interval, and the three uncertainties."""
    found = tables.prediction_columns(answer, encoding.class_names, [INTERVAL])
    if encoding.task == "regression":
        return found
    return {"prediction": np.array(encoding.class_names, dtype=object)[answer["mean"].argmax(axis=1)], **found}


def predicted_table(new: NewRows, answer: Arrays, encoding: TableEncoding) -> pd.DataFrame:
    """Return a second table with its predictions; rows with a missing value have none."""
    import pandas as pd

    added = pd.DataFrame(prediction_columns(answer, encoding), index=np.flatnonzero(new.complete))
    frame = pd.concat([new.frame, added.reindex(new.frame.index)], axis=1)
    frame.columns = pd.Index(unique_names([str(name) for name in frame.columns]))
    return frame
