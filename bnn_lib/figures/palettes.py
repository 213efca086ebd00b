"""Every colour of the figures and the dashboard, in one place.

Scales are interpolated in OKLab (Ottosson 2020), where equal steps look equally large, and resampled so that they
do. Probability runs from one class's hue over a neutral middle to the other's; the three uncertainties share one
scale of another hue, so that panels compare. Classes differ in marker shape too: colour is never the only sign.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

TABLE_SIZE = 256
MARKERS = ("circle", "square", "triangle", "diamond", "cross")

# Linear sRGB -> LMS and cube-rooted LMS -> Lab: https://bottosson.github.io/posts/oklab/
_RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@dataclass(frozen=True)
class Palette:
    """The colours of one theme, as ``#rrggbb``.

    Attributes
    ----------
    probability : tuple of str
        Anchors of the diverging scale: class 0, neutral, class 1.
    uncertainty : tuple of str
        Anchors of the sequential scale from none to ln C nats.
    classes : tuple of str
        Fill of a class's points; stronger than any colour of the probability scale.
    areas : tuple of str
        Colour of the region where a class is certain (for three classes and more).
    neutral : str
        Where nothing is known: the middle of `probability`.
    doubt : str
        A bar of epistemic uncertainty, in the middle of `uncertainty`.
    text, muted, line, surface, accent : str
        Labels, secondary labels, axes and grid, the background of figures, and what is selected in them.
    button : str
        What is pressed or selected on the page, under white text.
    halo : str
        Outline that sets a point off against the map.
    contour : str
        The line where the most likely class changes.
    """

    probability: tuple[str, ...]
    uncertainty: tuple[str, ...]
    classes: tuple[str, ...]
    areas: tuple[str, ...]
    neutral: str
    doubt: str
    text: str
    muted: str
    line: str
    surface: str
    accent: str
    button: str
    halo: str
    contour: str


PALETTES: Mapping[str, Palette] = MappingProxyType(
    {
        "light": Palette(
            probability=("#5b9bd5", "#b9d5ec", "#eeeeec", "#fbcf9d", "#ee8a30"),
            uncertainty=("#fafaf7", "#d9bfe6", "#9d5fbd", "#3f1260"),
            classes=("#0d5a9c", "#c2510a", "#008381", "#3b1178", "#8a0937"),
            areas=("#5b9bd5", "#ee8a30", "#7fd6c2", "#7d55c7", "#b8477d"),
            neutral="#eeeeec",
            doubt="#9d5fbd",
            text="#22252b",
            muted="#62676f",
            line="#d5d7da",
            surface="#ffffff",
            accent="#0d5a9c",
            button="#0d5a9c",
            halo="#ffffff",
            contour="#22252b",
        ),
        "dark": Palette(
            probability=("#3f8fd4", "#28557d", "#2a2d33", "#7a4a1d", "#de8128"),
            uncertainty=("#17191e", "#4b2a68", "#a558c4", "#ffd9f3"),
            classes=("#8fcbff", "#ffb86b", "#b8f5dd", "#a07cf5", "#f27aa8"),
            areas=("#3f8fd4", "#de8128", "#86e8d0", "#6a3fc8", "#b02a5c"),
            neutral="#2a2d33",
            doubt="#a558c4",
            text="#eceef1",
            muted="#a2a8b2",
            line="#3b4048",
            surface="#14161a",
            accent="#8fcbff",
            button="#2e7abc",
            halo="#14161a",
            contour="#f5f6f7",
        ),
    }
)


def rgb(colour: str) -> NDArray[np.uint8]:
    """Return ``#rrggbb`` as three numbers 0..255."""
    return np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)], dtype=np.uint8)


def to_oklab(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return sRGB colours (n, 3), 0..255, in OKLab (n, 3)."""
    value = np.asarray(colours, dtype=np.float64) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _RGB_TO_LMS.T) @ _LMS_TO_LAB.T)


def from_oklab(lab: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return OKLab colours (n, 3) in sRGB (n, 3), 0..255; what sRGB cannot show is clipped."""
    linear = np.clip((lab @ np.linalg.inv(_LMS_TO_LAB).T) ** 3 @ np.linalg.inv(_RGB_TO_LMS).T, 0, 1)
    value = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * value), dtype=np.uint8)


def table(anchors: tuple[str, ...], size: int = TABLE_SIZE) -> NDArray[np.uint8]:
    """Return a colour table (size, 3) through `anchors`, in steps that look equal.

    With an odd number of anchors the middle one is the middle of the table: each half is resampled by itself.
    """
    if len(anchors) % 2 and len(anchors) > 1:
        # 0.5 lies between entries 127 and 128 of 256, so each half ends half a step before the middle.
        middle = len(anchors) // 2
        low = _resample(anchors[: middle + 1], size + 1)[::2]
        high = _resample(anchors[middle:], size + 1)[::2]
        both = np.concatenate([low, high[1:]])
        return from_oklab(_at(both, np.linspace(0, len(both) - 1, size)))
    return from_oklab(_resample(anchors, size))


def scale(name: str, theme: str) -> NDArray[np.uint8]:
    """Return the colour table (256, 3) of scale "probability" or "uncertainty" in "light" or "dark"."""
    palette = PALETTES[theme]
    return table({"probability": palette.probability, "uncertainty": palette.uncertainty}[name])


def as_text(text: str) -> str:
    """Return a text as Plotly shows it just so: it reads texts as HTML, and names of columns may hold anything."""
    return html.escape(text, quote=False)


def page_layout(theme: str, title: str) -> dict[str, Any]:
    """Return the layout that every titled Plotly figure begins with: on its page's surface, in its text's colour.

    Parameters
    ----------
    theme : {"light", "dark"}
    title : str
        Read as HTML: names in it go through `as_text`.
    """
    palette = PALETTES[theme]
    return {
        "template": "none",
        "title": {"text": title},
        "font": {"color": palette.text},
        "paper_bgcolor": palette.surface,
        "plot_bgcolor": palette.surface,
    }


def plotly_scale(name: str, theme: str, stops: int = 33) -> list[list[float | str]]:
    """Return a scale as Plotly wants it: [[0.0, "#..."], ..., [1.0, "#..."]]."""
    colours = scale(name, theme)
    rows = np.rint(np.linspace(0, TABLE_SIZE - 1, stops)).astype(int)
    return [
        [float(position), "#{:02x}{:02x}{:02x}".format(*colours[row])]
        for position, row in zip(np.linspace(0, 1, stops), rows, strict=True)
    ]


def _resample(anchors: tuple[str, ...], size: int) -> NDArray[np.float64]:
    """Walk the polyline through `anchors` in OKLab at constant speed: (size, 3)."""
    fine = _at(
        to_oklab(np.stack([rgb(anchor) for anchor in anchors])), np.linspace(0, len(anchors) - 1, 40 * size)
    )
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))])
    wanted = np.linspace(0, length[-1], size)
    return np.stack([np.interp(wanted, length, fine[:, channel]) for channel in range(3)], axis=1)


def _at(points: NDArray[np.float64], position: NDArray[np.float64]) -> NDArray[np.float64]:
    index = np.arange(len(points))
    return np.stack([np.interp(position, index, points[:, channel]) for channel in range(points.shape[1])], axis=1)
