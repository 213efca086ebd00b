"""Tables to try things on: scikit-learn's, written as CSV as a user would have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bnn_lib.datasets.csv_download import to_csv_bytes

_DIABETES = {
    "bp": "blood pressure",
    "s1": "total cholesterol",
    "s2": "LDL",
    "s3": "HDL",
    "s4": "cholesterol ratio",
    "s5": "log triglycerides",
    "s6": "blood sugar",
    "target": "progression",
}


@dataclass(frozen=True)
class Sample:
    """A table to try.

    Attributes
    ----------
    label : str
        What it is of.
    help : str
        A sentence about it.
    file_name : str
    content : callable
        Its bytes.
    image : tuple of int, or None
        Height and width of the picture that a row's first columns are, pixel by pixel, if they are one.
    """

    label: str
    help: str
    file_name: str
    content: Callable[[], bytes]
    image: tuple[int, int] | None = None


def _diabetes() -> bytes:
    from sklearn.datasets import load_diabetes

    frame = load_diabetes(as_frame=True, scaled=False).frame.rename(columns=_DIABETES)
    frame["sex"] = frame["sex"].map({1.0: "a", 2.0: "b"})  # the source does not say which is which
    return to_csv_bytes(frame)


def _wine() -> bytes:
    from sklearn.datasets import load_wine

    data = load_wine(as_frame=True)
    frame = data.frame.rename(columns=lambda name: name.replace("_", " ")).rename(columns={"target": "cultivar"})
    frame["cultivar"] = frame["cultivar"].map({0: "first", 1: "second", 2: "third"})
    return to_csv_bytes(frame)


def _digits() -> bytes:
    from sklearn.datasets import load_digits

    data = load_digits(as_frame=True)
    height, width = data.images.shape[1:]
    pixels = [f"row {row + 1} column {column + 1}" for row in range(height) for column in range(width)]
    return to_csv_bytes(data.data.set_axis(pixels, axis=1).assign(digit=data.target))


SAMPLES: Mapping[str, Sample] = MappingProxyType(
    {
        "diabetes": Sample(
            "Diabetes, 442 patients",
            "Ten measurements of each patient, and how far the disease had progressed a year later: a number.",
            "diabetes.csv",
            _diabetes,
        ),
        "wine": Sample(
            "Wines, 178 bottles",
            "Thirteen chemical measurements of wines from one region; which of three cultivars: classes.",
            "wine.csv",
            _wine,
        ),
        "digits": Sample(
            "Handwritten digits, 1,797 images",
            "Images of 8 by 8 pixels, each of a digit that somebody wrote; which digit: ten classes.",
            "digits.csv",
            _digits,
            image=(8, 8),
        ),
    }
)
