"""Arrays of functions drawn from a prior -> what the components in the browser read."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn_lib.dashboard.payload import MOST_POINTS, pack, palette_data

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset

Json = dict[str, Any]
Arrays = Mapping[str, np.ndarray]
NICE = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)
BEYOND = 3.0  # times the shown range: further out a line is cut off, so that its codes stay fine
HALF = 65535  # codes of 16 bits
KERNEL_TITLES = ("One network", "Mean of all networks", "Infinitely wide: the limit")


def nice_bound(value: float) -> float:
    """Return a round number not below `value`: axes then stay put while a setting changes."""
    if not 0 < value < math.inf:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in NICE if step * power >= value * (1 - 1e-9))


def pack16(values: np.ndarray, low: float, high: float) -> Json:
    """Pack numbers as 16 bits between low and high; what lies beyond is cut off."""
    share = np.clip((np.asarray(values, np.float64) - low) / (high - low), 0.0, 1.0)
    codes = np.rint(HALF * share).astype("<u2")
    data = base64.b64encode(codes.tobytes()).decode("ascii")
    return {"data": data, "shape": list(values.shape), "range": [low, high]}


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


def shown_range(arrays: Arrays, output: str) -> tuple[float, float]:
    """Return the range of the vertical axis: all probabilities, or most functions and where data lies."""
    if output == "class":
        return 0.0, 1.0
    bands = np.abs(arrays["bands"])
    # Most of the functions over most of the inputs: heavy tails at the very edge would flatten all the rest.
    bound = nice_bound(max(3.0, float(np.quantile(bands[[0, -1]].max(axis=0), 0.9))))
    return -bound, bound


def functions_data(
    arrays: Arrays | None,
    key: str,
    output: str,
    low: float,
    high: float,
    title: str,
    on_axes_of: Arrays | None = None,
) -> Json:
    """Return lines, bands and uncertainties over one input."""
    data: Json = {
        "palettes": palette_data(),
        "title": title,
        "x": [low, high],
        "input": "input, in standard deviations",
        "home": output == "number",
        "unit": "nats" if output == "class" else "squared sd",
        "samples": None,
        "notice": None,
        "alt": title,
    }
    if arrays is None:
        return data
    bottom, top = shown_range(on_axes_of or arrays, output)
    margin = BEYOND * (top - bottom) if output == "number" else 0.0
    total = float(np.max(arrays["total"]))
    middle = arrays["bands"][:, arrays["bands"].shape[1] // 2]
    return data | {
        "key": key,
        "samples": pack16(arrays["samples"], bottom - margin, top + margin),
        "bands": [_rounded(band) for band in arrays["bands"]],
        "range": [bottom, top],
        "aleatoric": _rounded(arrays["aleatoric"]),
        "epistemic": _rounded(arrays["epistemic"]),
        "top": math.log(2) if output == "class" else nice_bound(total),
        "alt": f"{title}: {len(arrays['samples'])} lines. In the middle, half of them are between "
        f"{middle[1]:.2g} and {middle[3]:.2g}. Arrow keys move the cursor.",
    }


def points_data(dataset: Dataset) -> Json:
    """Return the training rows of data with one feature, standardised as the functions are."""
    scaling = dataset.scaling
    x = (dataset.X_train[:MOST_POINTS, 0] - scaling.x_mean[0]) / scaling.x_scale[0]
    y = dataset.y_train[:MOST_POINTS]
    return {"x": _rounded(x), "y": _rounded((y - scaling.y_mean) / scaling.y_scale)}


def fields_data(
    arrays: Arrays | None,
    key: str,
    output: str,
    low: float,
    high: float,
    title: str,
    on_axes_of: Arrays | None = None,
) -> Json:
    """Return small maps of functions of two inputs, and what they say together."""
    data: Json = {
        "palettes": palette_data(),
        "kind": output,
        "title": title,
        "x": [low, high],
        "samples": None,
        "notice": None,
    }
    if arrays is None:
        return data
    size = math.isqrt(arrays["samples"].shape[1])
    bottom, top = shown_range(on_axes_of or arrays, output)
    most = math.log(2) if output == "class" else nice_bound(float(np.max(arrays["total"])))
    unit = "nats" if output == "class" else "squared sd"
    sums = [_as_bytes(arrays["mean"], bottom, top)]
    sums += [_as_bytes(arrays[name], 0.0, most) for name in ("total", "aleatoric", "epistemic")]
    captions = {name: f"{name.title()}, 0 to {most:.2g} {unit}" for name in ("total", "aleatoric", "epistemic")}
    return data | {
        "key": key,
        "samples": pack(_as_bytes(arrays["samples"], bottom, top).reshape(-1, size, size)),
        "sums": pack(np.stack(sums).reshape(-1, size, size)),
        "scale": {"low": bottom, "high": top, "unit": "Probability" if output == "class" else "Value"},
        "captions": captions | {"mean": "Mean"},
    }


def kernels_data(arrays: Arrays) -> Json:
    """Return covariances of the functions' values, on one scale."""
    kernels = arrays["kernels"]
    top = nice_bound(float(np.abs(kernels[1:]).max()))
    middle = kernels.shape[1] // 2
    return {
        "palettes": palette_data(),
        "kernels": pack(_as_bytes(kernels, -top, top)),
        "titles": list(KERNEL_TITLES),
        "alts": [
            f"{title}: covariance of the values at pairs of inputs; {kernel[middle, middle]:.2f} in the middle."
            for title, kernel in zip(KERNEL_TITLES, kernels, strict=True)
        ],
        "top": top,
    }


def _as_bytes(values: np.ndarray, low: float, high: float) -> np.ndarray:
    share = (np.asarray(values, np.float64) - low) / (high - low)
    return np.rint(255 * np.clip(share, 0.0, 1.0)).astype(np.uint8)
