"""A result's figures by name, each drawn once it is asked for; always light: they are to be printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bnn_lib.dashboard import inspector, trust
from bnn_lib.engine import Curves, Maps, Picture, Surfaces
from bnn_lib.figures.curves import curve_figure, surface_figure
from bnn_lib.figures.dots import dots_figure
from bnn_lib.figures.elbo import elbo_figure, elbo_series
from bnn_lib.figures.maps import TITLES, map_figure
from bnn_lib.figures.palettes import as_text
from bnn_lib.figures.weights import weight_intervals_figure
from bnn_lib.inference import METHODS

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from bnn_lib.datasets import Dataset
    from bnn_lib.experiment import Experiment

Draw = Callable[[], "go.Figure"]
FUNCTIONS = 20  # single functions in a figure of curves
MOST_WEIGHTS = 2_000  # in a figure


@dataclass(frozen=True, eq=False)
class Taken:
    """A result to take away.

    Attributes
    ----------
    experiment : Experiment
        That it is of; not the page's, which may have changed since.
    picture : Picture
    dataset : Dataset
    own : bool
        Whether the rows are a visitor's own.
    link : str
        Empty where none leads back to it.
    target : str
        What is predicted.
    pick : pair of float, optional
        The point that was picked on the map.
    more : mapping of str to callable
        Further figures.
    """

    experiment: Experiment
    picture: Picture
    dataset: Dataset
    own: bool = False
    link: str = ""
    target: str = "y"
    pick: tuple[float, float] | None = None
    more: dict[str, Draw] = field(default_factory=dict)


def figures(taken: Taken) -> dict[str, Draw]:
    """Return what can be drawn of a result, the most telling first."""
    view, found = taken.picture.view, dict[str, Draw]()
    if isinstance(view, Maps):
        found |= _maps(taken, view)
    elif isinstance(view, Curves):
        found["Curve and bands"] = lambda: _curve(taken, view)
        found["Single functions"] = lambda: _curve(taken, view, FUNCTIONS)
    elif isinstance(view, Surfaces):
        found |= _surfaces(taken, view)
    found |= taken.more
    calibration = taken.picture.scores.get("calibration", {})
    if trust.has_curve(calibration):
        found["Calibration"] = lambda: trust.calibration_figure(calibration)
    if len(taken.picture.objective):
        found["Progress of the fit"] = lambda: _objective(taken)
    weights = {name: both for name, both in taken.picture.weights.items() if name[0] in "Wb"}
    if weights and sum(mean.size for mean, _ in weights.values()) <= MOST_WEIGHTS:
        found["Weights"] = lambda: weight_intervals_figure(weights, "light")
    return found


def _maps(taken: Taken, view: Maps) -> dict[str, Draw]:
    dataset, final, grid = taken.dataset, view.final, view.grid
    names, n_classes = _names(dataset), dataset.n_classes

    def draw(kind: str, values: np.ndarray, title: str) -> go.Figure:
        points, labels = (dataset.X_train, dataset.y_train) if kind == "probability" else (None, None)
        figure = map_figure(
            grid.x, grid.y, values, kind, n_classes=n_classes, points=points, labels=labels, names=names
        )
        return figure.update_layout(
            title={"text": title},
            xaxis={"range": [grid.x[0], grid.x[-1]]},
            yaxis={"range": [grid.y[0], grid.y[-1]]},
        )

    def probability(place: int, label: str) -> Draw:
        return lambda: draw("probability", final.probabilities()[place], f"Probability of {as_text(label)}")

    def doubt(kind: str) -> Draw:
        return lambda: draw(kind, final.nats(kind), TITLES[kind])

    labels = dataset.class_names[1:] if n_classes == 2 else dataset.class_names
    found = {f"Probability of {label}": probability(i, label) for i, label in enumerate(labels)}
    found |= {f"{kind.capitalize()} uncertainty": doubt(kind) for kind in ("total", "aleatoric", "epistemic")}
    if taken.pick is not None and n_classes == 2:
        pick = taken.pick
        found["What single networks say"] = lambda: _dots(taken, view, pick)
    return found


def _dots(taken: Taken, view: Maps, pick: tuple[float, float]) -> go.Figure:
    reading = inspector.read_point(view, *pick)
    names = taken.dataset.class_names
    figure = dots_figure(reading.samples[:, 1], (names[0], names[1]), height=300)
    title = f"What 20 equal shares of the networks say at ({pick[0]:.2f}, {pick[1]:.2f})"
    return figure.update_layout(title={"text": title}, margin={"t": 60}, paper_bgcolor="#ffffff")


def _curve(taken: Taken, view: Curves, functions: int = 0) -> go.Figure:
    final, dataset = view.final, taken.dataset
    return curve_figure(
        view.line.x,
        final.mean,
        (final.outcome[0], final.outcome[-1]),
        (final.function[0], final.function[-1]),
        draws=final.draws[:functions] if functions else None,
        points=(dataset.X_train[:, 0], dataset.y_train),
        span=(view.line.low, view.line.high),
        names=(dataset.feature_names[0], taken.target),
        title=f"{functions} functions drawn from the posterior"
        if functions
        else "The curve, where it may be (ignorance), and where targets may be (noise, too)",
    )


def _surfaces(taken: Taken, view: Surfaces) -> dict[str, Draw]:
    plane, final, dataset = view.plane, view.final, taken.dataset

    def draw(values: np.ndarray, title: str, doubt: bool) -> Draw:
        unit = np.float32(1 / 255)
        low, high = (0.0, plane.top) if doubt else (plane.low, plane.high)
        return lambda: surface_figure(
            plane.grid.x,
            plane.grid.y,
            low + (high - low) * unit * values.astype(np.float32),
            (low, high),
            title=title,
            unit=taken.target,
            points=dataset.X_train,
            names=_names(dataset),
            doubt=doubt,
        )

    return {
        "Mean": draw(final.mean, "Mean of the prediction", False),
        "Epistemic uncertainty": draw(final.epistemic, "Doubt from ignorance, standard deviation", True),
        "Aleatoric uncertainty": draw(final.aleatoric, "Doubt from noise, standard deviation", True),
    }


def _objective(taken: Taken) -> go.Figure:
    objective = taken.picture.objective
    series = elbo_series(np.arange(1, len(objective) + 1), objective, len(objective))
    return elbo_figure(series, label=METHODS[taken.experiment.inference.method].objective_label)


def _names(dataset: Dataset) -> tuple[str, str]:
    return dataset.feature_names[0], dataset.feature_names[1]
