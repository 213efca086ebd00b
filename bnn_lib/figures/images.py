"""A grid of small images with what the model says of each: the ones that it is least sure of, or surest of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bnn_lib.figures.palettes import PALETTES

if TYPE_CHECKING:
    import plotly.graph_objects as go

GAP = 1  # empty pixels between two images
CAPTION = 4  # empty pixels under an image, for its two lines
PIXEL = 9.5  # screen pixels of one image pixel


def tile(images: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Lay images out on one canvas, row by row.

    Parameters
    ----------
    images : ndarray of shape (k, h, w)
        Row 0 of an image is its top.
    columns : int

    Returns
    -------
    canvas : ndarray of shape (H, W)
        Row 0 is the top; NaN between images and where captions go.
    corners : ndarray of int, shape (k, 2)
        Row and column of each image's top left pixel.

    Raises
    ------
    ValueError
        If there is no image, or no column.
    """
    images = np.asarray(images, dtype=np.float64)
    if images.ndim != 3 or len(images) == 0 or columns < 1:
        raise ValueError(f"images has shape {images.shape} and columns is {columns}; allowed: (k, h, w), k >= 1.")
    count, height, width = images.shape
    place = np.arange(count)
    step_down, step_right = height + CAPTION, width + GAP
    corners = np.column_stack([place // columns * step_down, place % columns * step_right])
    canvas = np.full((corners[-1, 0] + step_down, min(count, columns) * step_right - GAP), np.nan)
    for image, (top, left) in zip(images, corners, strict=True):
        canvas[top : top + height, left : left + width] = image
    return canvas, corners


def images_figure(
    images: np.ndarray,
    labels: Sequence[str],
    predicted: Sequence[str],
    probability: np.ndarray,
    total: np.ndarray,
    title: str,
    columns: int = 8,
    theme: str = "light",
) -> go.Figure:
    """Draw images with the predicted class, its probability, and the total uncertainty under each.

    Parameters
    ----------
    images : ndarray of shape (k, h, w)
        Ink: 0 is none.
    labels, predicted : sequence of str, k each
        The true class, which is shown where the prediction is another, and the most likely one.
    probability, total : ndarray of shape (k,)
        Of the predicted class; in nats.
    title : str
        What is seen, e.g. "The digits it is least sure of".
    columns : int
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    palette = PALETTES[theme]
    canvas, corners = tile(images, columns)
    height, width = canvas.shape
    figure = go.Figure(
        go.Heatmap(
            z=canvas.astype(np.float32),
            colorscale=[[0.0, palette.neutral], [1.0, palette.text]],
            zmin=0,
            zmax=float(np.max(images)) or 1.0,
            showscale=False,
            hoverinfo="skip",
        )
    )
    side = np.shape(images)[1:]
    for (top, left), true, said, p, doubt in zip(corners, labels, predicted, probability, total, strict=True):
        # Wrong ones are marked by a sign and in words, not by colour.
        head = f"<b>{said}</b> {p:.2f}" if said == true else f"<b>✗ {said}</b> {p:.2f}, is {true}"
        figure.add_annotation(
            x=left + (side[1] - 1) / 2,
            y=top + side[0] - 0.2,
            text=f"{head}<br>{doubt:.2f} nats",
            showarrow=False,
            yanchor="top",
            font={"size": 11, "color": palette.text},
        )
    figure.update_layout(
        template="none",
        title={"text": title, "font": {"size": 15}, "x": 0, "xanchor": "left"},
        font={"color": palette.text},
        width=round(PIXEL * width) + 20,
        height=round(PIXEL * height) + 50,
        margin={"l": 10, "r": 10, "t": 40, "b": 10},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        xaxis={"visible": False, "fixedrange": True},
        yaxis={"visible": False, "fixedrange": True, "autorange": "reversed", "scaleanchor": "x"},
    )
    return figure
