"""What each feature does by itself: the prediction along one feature, the others held still, with its doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bnn_lib.figures.palettes import PALETTES, as_text, page_layout

if TYPE_CHECKING:
    import plotly.graph_objects as go

COLUMNS = 3
ROW_HEIGHT = 210
MOST_MARKS = 200  # rows drawn below a curve, to show where the data are


@dataclass(frozen=True, eq=False)
class Effect:
    """The prediction along one feature.

    Attributes
    ----------
    name : str
    x : ndarray of shape (k,)
        Numbers, or a category's levels as text.
    mean, low, high : ndarray of shape (k,)
        The prediction, and where it lies over the networks: what they do not know.
    outer_low, outer_high : ndarray of shape (k,) or None
        Where the target itself lies: noise included.
    seen : ndarray
        Values of the training rows, for a feature of numbers.
    """

    name: str
    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    outer_low: np.ndarray | None
    outer_high: np.ndarray | None
    seen: np.ndarray

    @property
    def size(self) -> float:
        """How far the prediction moves."""
        return float(np.ptp(self.mean))


def effects_figure(
    effects: Sequence[Effect],
    target: str,
    title: str,
    columns: int = COLUMNS,
    theme: str = "light",
    span: Sequence[float] | None = None,
) -> go.Figure:
    """Draw one panel a feature, all on one vertical scale, so that what matters more is seen to.

    Parameters
    ----------
    effects : sequence of Effect
        In the order of their panels.
    target : str
        What the vertical axis shows.
    title : str
    columns : int
        Panels side by side.
    theme : {"light", "dark"}
    span : sequence of float, of length 2, optional
        The vertical range. Default: what these effects fill; `shared_range` of more makes several figures compare.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    from plotly.subplots import make_subplots

    palette = PALETTES[theme]
    rows = -(-len(effects) // columns)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        shared_yaxes=True,
        horizontal_spacing=0.03,
        vertical_spacing=min(0.36 / rows, 0.22),
    )
    for place, effect in enumerate(effects):
        at = {"row": place // columns + 1, "col": place % columns + 1}
        draw = _bars if effect.x.dtype.kind in "OU" else _curve
        figure.add_traces(
            draw(effect, theme), rows=[at["row"]] * _parts(effect), cols=[at["col"]] * _parts(effect)
        )
        figure.update_xaxes(title={"text": as_text(effect.name), "standoff": 2, "font": {"size": 12}}, **at)
    axis = {"gridcolor": palette.line, "zeroline": False, "linecolor": palette.line, "automargin": True}
    figure.update_xaxes(**axis, tickfont={"size": 10}, nticks=5)
    figure.update_yaxes(**axis, tickfont={"size": 10}, range=list(span or shared_range(effects)))
    figure.update_yaxes(title={"text": as_text(target), "font": {"size": 12}}, col=1)
    figure.update_layout(
        page_layout(theme, as_text(title)),
        showlegend=False,
        height=ROW_HEIGHT * rows + 40,
    )
    return figure


def _curve(effect: Effect, theme: str) -> list[go.Scatter]:
    import plotly.graph_objects as go

    palette = PALETTES[theme]
    around = np.concatenate([effect.x, effect.x[::-1]])
    traces = []
    for low, high, colour, opacity in (
        (effect.outer_low, effect.outer_high, palette.muted, 0.16),
        (effect.low, effect.high, palette.doubt, 0.4),
    ):
        if low is not None and high is not None:
            traces.append(
                go.Scatter(
                    x=around,
                    y=np.concatenate([high, low[::-1]]),
                    fill="toself",
                    fillcolor=_faded(colour, opacity),
                    line={"width": 0},
                    hoverinfo="skip",
                )
            )
    traces.append(
        go.Scatter(
            x=effect.x,
            y=effect.mean,
            mode="lines",
            line={"color": palette.accent, "width": 2},
            customdata=np.column_stack([effect.low, effect.high]),
            hovertemplate="%{x:.4~g}: %{y:.4~g} (%{customdata[0]:.4~g} to %{customdata[1]:.4~g})<extra></extra>",
        )
    )
    seen = effect.seen[:: -(-len(effect.seen) // MOST_MARKS)]
    floor = np.full(
        len(seen), min(effect.low.min(), np.inf if effect.outer_low is None else effect.outer_low.min())
    )
    marker = {"symbol": "line-ns-open", "color": palette.muted, "size": 6, "opacity": 0.5}
    traces.append(go.Scatter(x=seen, y=floor, mode="markers", marker=marker, hoverinfo="skip"))
    return traces


def _bars(effect: Effect, theme: str) -> list[go.Scatter]:
    import plotly.graph_objects as go

    palette = PALETTES[theme]
    labels = [as_text(str(level)) for level in effect.x]

    def bar(low: np.ndarray, high: np.ndarray, colour: str, thickness: int) -> go.Scatter:
        around = {"array": high - effect.mean, "arrayminus": effect.mean - low, "symmetric": False}
        return go.Scatter(
            x=labels,
            y=effect.mean,
            mode="markers",
            marker={"color": palette.accent, "size": 8},
            error_y={**around, "color": colour, "thickness": thickness, "width": 0},
            customdata=np.column_stack([low, high]),
            hovertemplate="%{x}: %{y:.4~g} (%{customdata[0]:.4~g} to %{customdata[1]:.4~g})<extra></extra>",
        )

    traces = []
    if effect.outer_low is not None and effect.outer_high is not None:
        traces.append(bar(effect.outer_low, effect.outer_high, _faded(palette.muted, 0.4), 2))
    traces.append(bar(effect.low, effect.high, palette.doubt, 6))
    return traces


def _parts(effect: Effect) -> int:
    """How many traces a panel has."""
    return (3 if effect.x.dtype.kind not in "OU" else 1) + (effect.outer_low is not None)


def shared_range(effects: Sequence[Effect]) -> list[float]:
    """Return the vertical range that shows all of these."""
    low = min(float(e.low.min() if e.outer_low is None else e.outer_low.min()) for e in effects)
    high = max(float(e.high.max() if e.outer_high is None else e.outer_high.max()) for e in effects)
    room = 0.04 * (high - low) or 1.0
    return [low - room, high + room]


def _faded(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
