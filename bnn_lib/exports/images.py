"""Plotly figures as PNG and SVG, drawn by Matplotlib: Plotly itself would need a browser on the server.

On a worker: some seconds for a result's figures, and 100 MB, are much for the process that serves all pages.

It knows the traces that our figures are made of: heat maps, single contours, lines, markers, bands, error bars and
bars, on any number of axes; another is refused, so that nothing is left out in silence.
"""

from __future__ import annotations

import html
import io
import re
import threading
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import plotly.graph_objects as go

WIDTH, HEIGHT = 760, 520  # pixels, where a figure does not say
PIXELS_PER_INCH = 100
PNG_SCALE = 2
POINTS_PER_PIXEL = 0.72
DASHES = {"dot": ":", "dash": "--", "dashdot": "-."}
SYMBOLS = {
    "circle": "o",
    "square": "s",
    "triangle-up": "^",
    "triangle-down": "v",
    "diamond": "D",
    "cross": "P",
    "x": "X",
    "star": "*",
    "pentagon": "p",
    "line-ns-open": "|",
}
_TAG = re.compile(r"<[^<>]*>")
_DRAWING = threading.Lock()  # Matplotlib's settings are the whole process's


def figure_image(figure: go.Figure, format: Literal["png", "svg"]) -> bytes:
    """Draw a figure on white, or on its own colour.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    format : {"png", "svg"}
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    layout = figure.layout
    width, height = layout.width or WIDTH, layout.height or HEIGHT
    settings: dict[Any, Any] = {
        "svg.fonttype": "none",  # text stays text
        "svg.hashsalt": "bnn",  # and equal figures equal files
        "font.family": ["sans-serif"],
        "font.size": 12 * POINTS_PER_PIXEL,
        "text.parse_math": False,  # a dollar sign in a name is a dollar sign
        "text.color": _colour(layout.font.color or "#222222"),
    }
    unknown = next((trace.type for trace in figure.data if trace.type not in _TRACES), None)
    if unknown is not None:
        raise ValueError(f"A trace is {unknown!r}; allowed: {', '.join(_TRACES)}.")
    with _DRAWING, mpl.rc_context(settings), warnings.catch_warnings():
        # Of letters that its font has not: an SVG has them all the same, and a PNG a box in their place.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        drawn = Figure((width / PIXELS_PER_INCH, height / PIXELS_PER_INCH), layout="constrained")
        drawn.set_facecolor(_background(layout.paper_bgcolor))
        axes = _axes(drawn, figure)
        for trace in figure.data:
            _TRACES[trace.type](trace, axes[_number(trace.xaxis), _number(trace.yaxis)], drawn)
        _finish(drawn, figure, axes)
        content = io.BytesIO()
        metadata = {"Date": None} if format == "svg" else {"Software": None}
        drawn.savefig(content, format=format, dpi=PNG_SCALE * PIXELS_PER_INCH, metadata=metadata)
    return content.getvalue()


def _axes(drawn: Any, figure: go.Figure) -> dict[tuple[int, int], Any]:
    """Return axes by the numbers of their x and y; panels are laid out by where theirs begin."""
    pairs = dict.fromkeys((_number(trace.xaxis), _number(trace.yaxis)) for trace in figure.data) or {(1, 1): None}
    corners = {pair: (_start(figure, "xaxis", pair[0]), _start(figure, "yaxis", pair[1])) for pair in pairs}
    lefts = sorted({left for left, _ in corners.values()})
    bottoms = sorted({bottom for _, bottom in corners.values()}, reverse=True)
    grid = drawn.add_gridspec(len(bottoms), len(lefts))
    axes = {}
    for pair, (left, bottom) in corners.items():
        axes[pair] = drawn.add_subplot(grid[bottoms.index(bottom), lefts.index(left)])
        _dress(axes[pair], figure, pair)
    return axes


def _start(figure: go.Figure, name: str, number: int) -> float:
    domain = figure.layout[_key(name, number)].domain
    return round(float(domain[0]), 3) if domain else 0.0


def _dress(ax: Any, figure: go.Figure, pair: tuple[int, int]) -> None:
    layout = figure.layout
    ax.set_facecolor(_background(layout.plot_bgcolor))
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side, name, number in (("x", "xaxis", pair[0]), ("y", "yaxis", pair[1])):
        given, axis = layout[_key(name, number)], getattr(ax, f"{side}axis")
        if given.type == "log":
            getattr(ax, f"set_{side}scale")("log")
        if given.range is not None:
            ends = [10.0**end for end in given.range] if given.type == "log" else list(given.range)
            getattr(ax, f"set_{side}lim")(*ends)
        if given.title.text:
            axis.set_label_text(_text(given.title.text))
        if given.tickvals is not None:
            axis.set_ticks(list(given.tickvals), [_text(str(t)) for t in given.ticktext or given.tickvals])
        elif given.tickformat and "%" in given.tickformat:
            axis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        elif given.type == "log":
            axis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
        if given.showticklabels is False:
            axis.set_ticks([])
        if given.gridcolor and given.showgrid is not False:
            axis.grid(True, color=_colour(given.gridcolor), linewidth=0.6)
        if given.visible is False:
            axis.set_visible(False)
            ax.spines["left" if side == "y" else "bottom"].set_visible(False)
    ax.set_axisbelow(True)


def _heatmap(trace: Any, ax: Any, drawn: Any) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    scale = LinearSegmentedColormap.from_list("", [(at, _colour(colour)) for at, colour in trace.colorscale], 512)
    x, y = np.asarray(trace.x, float), np.asarray(trace.y, float)
    half_x, half_y = (x[1] - x[0]) / 2, (y[1] - y[0]) / 2
    extent = (x[0] - half_x, x[-1] + half_x, y[0] - half_y, y[-1] + half_y)
    image = ax.imshow(
        np.asarray(trace.z, float),
        cmap=scale,
        vmin=trace.zmin,
        vmax=trace.zmax,
        extent=extent,
        origin="lower",
        aspect="auto",
        interpolation="bilinear" if trace.zsmooth else "nearest",
        zorder=0,
    )
    if trace.showscale is not False:
        bar = drawn.colorbar(image, ax=ax, fraction=0.05, pad=0.02)
        bar.outline.set_visible(False)
        if trace.colorbar.title.text:
            bar.set_label(_text(trace.colorbar.title.text))


def _contour(trace: Any, ax: Any, drawn: Any) -> None:
    z = np.asarray(trace.z, float)
    level = trace.contours.start
    if z.min() < level < z.max():
        ax.contour(trace.x, trace.y, z, [level], colors=[_colour(trace.line.color)], linewidths=1.2)


def _scatter(trace: Any, ax: Any, drawn: Any) -> None:
    x, y = np.asarray(trace.x), np.asarray(trace.y, float)
    if x.dtype.kind in "OU":
        x = np.array([_text(str(label)) for label in x])
    alpha = trace.opacity
    mode, colour = trace.mode or "lines", _colour(trace.line.color)
    label = _text(trace.name) if trace.name and trace.showlegend is not False else None
    if trace.fill == "toself":
        fill = _colour(trace.fillcolor or trace.line.color)
        ax.fill(x, y, color=fill, linewidth=0, label=label, alpha=alpha)
        return
    if trace.fill == "tozeroy":
        step = "mid" if trace.line.shape == "hvh" else None
        ax.fill_between(x, y, color=colour, alpha=0.25, linewidth=0, step=step)
    if trace.error_y.array is not None:
        upper = np.asarray(trace.error_y.array, float)
        lower = upper if trace.error_y.arrayminus is None else np.asarray(trace.error_y.arrayminus, float)
        ax.errorbar(
            x,
            y,
            np.maximum([lower, upper], 0),
            fmt="none",
            ecolor=_colour(trace.error_y.color or trace.line.color),
            elinewidth=(trace.error_y.thickness or 2) * POINTS_PER_PIXEL,
            alpha=alpha,
            label=None if "lines" in mode else label,
        )
        label = label if "lines" in mode else None
    if "lines" in mode:
        ax.plot(
            x,
            y,
            color=colour,
            linewidth=(2 if trace.line.width is None else trace.line.width) * POINTS_PER_PIXEL,
            linestyle=DASHES.get(trace.line.dash, "-"),
            drawstyle="steps-mid" if trace.line.shape == "hvh" else "default",
            alpha=alpha,
            label=label,
        )
        label = None
    if "markers" in mode:
        _markers(trace, ax, x, y, label)


def _markers(trace: Any, ax: Any, x: np.ndarray, y: np.ndarray, label: str | None) -> None:
    marker, count = trace.marker, len(x)
    symbols, colours = (
        _each(value, count) for value in (marker.symbol or "circle", marker.color or trace.line.color or "#444444")
    )
    size = (6 if marker.size is None else marker.size) * POINTS_PER_PIXEL
    for symbol in dict.fromkeys(symbols):
        rows = [i for i in range(count) if symbols[i] == symbol]
        shape = SYMBOLS[symbol]
        edge = {} if shape == "|" else {"edgecolors": _colour(marker.line.color or "#ffffff00")}
        ax.scatter(
            x[rows],
            y[rows],
            s=size**2,
            c=[_colour(colours[i]) for i in rows],
            marker=shape,
            linewidths=0.8 if shape == "|" else (marker.line.width or 0) * POINTS_PER_PIXEL,
            alpha=marker.opacity if trace.opacity is None else trace.opacity,
            label=label,
            zorder=3,
            **edge,
        )
        label = None


def _bar(trace: Any, ax: Any, drawn: Any) -> None:
    width = 0.8 if trace.width is None else trace.width
    ax.bar(trace.x, trace.y, width, color=_colour(trace.marker.color), label=trace.name and _text(trace.name))


_TRACES: Mapping[str, Callable[[Any, Any, Any], None]] = MappingProxyType(
    {"heatmap": _heatmap, "contour": _contour, "scatter": _scatter, "bar": _bar}
)


def _finish(drawn: Any, figure: go.Figure, axes: dict[tuple[int, int], Any]) -> None:
    layout, colour = figure.layout, _colour(figure.layout.font.color or "#222222")
    for ax in axes.values():
        ax.tick_params(colors=colour, length=3)
        for axis in (ax.xaxis, ax.yaxis):
            axis.label.set_color(colour)
    for shape in layout.shapes:
        if shape.type != "line" and shape.type != "rect":
            raise ValueError(f"A shape is {shape.type!r}; allowed: line, rect.")
        ax = axes[_number(shape.xref), _number(shape.yref)]
        given = shape.line
        style = {"color": _colour(given.color), "linewidth": 0.9, "linestyle": DASHES.get(given.dash, "-")}
        if shape.type == "rect":
            ax.axhspan(shape.y0, shape.y1, color=_colour(shape.fillcolor), alpha=shape.opacity, zorder=0)
        elif shape.x0 == shape.x1:
            ax.axvline(shape.x0, **style)
        else:
            ax.axhline(shape.y0, **style)
    titles = [note.text for note in layout.annotations if note.text]  # of panels, in their order
    for ax, title in zip(axes.values(), titles, strict=False):
        ax.set_title(_text(title), fontsize="medium", loc="left")
    if layout.title.text:
        drawn.suptitle(_text(layout.title.text), x=0.02, ha="left", fontsize="x-large")
    first = next(iter(axes.values()))
    handles, labels = first.get_legend_handles_labels()
    if layout.showlegend is not False and len(handles) > 1:
        first.legend(handles, labels, frameon=False, fontsize="small", loc="best")


def _number(reference: str | None) -> int:
    digits = "".join(letter for letter in (reference or "x").split(" ")[0] if letter.isdigit())
    return int(digits or 1)


def _key(name: str, number: int) -> str:
    return name if number == 1 else f"{name}{number}"


def _each(value: Any, count: int) -> list[Any]:
    return [value] * count if isinstance(value, str) else list(value)


def _text(text: str) -> str:
    """Return a text of Plotly's, which reads HTML, as it is seen."""
    return html.unescape(_TAG.sub("", text.replace("<br>", "\n")))


def _background(colour: str | None) -> Any:
    found = _colour(colour or "#ffffff")
    return "#ffffff" if len(found) == 4 and found[3] == 0 else found


def _colour(text: str | None) -> Any:
    """Return what Matplotlib takes for a colour of CSS."""
    from matplotlib.colors import to_rgba

    if text is None:
        return to_rgba("#444444")
    if text.startswith("rgb"):
        red, green, blue, *alpha = (float(part) for part in re.findall(r"[\d.]+", text))
        return (red / 255, green / 255, blue / 255, *(alpha or [1.0]))
    return to_rgba(text)
