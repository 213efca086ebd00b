"""Everything that a page shows of a fit, as small arrays: NumPy only, so that the web process can load it.

What all fits have is here; what is drawn of one over its inputs is its view (`bnn_lib.engine.views`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from bnn_lib import archive
from bnn_lib.agreement import PredictiveSummary
from bnn_lib.engine.sealed import seal, unseal
from bnn_lib.engine.views import Frame, View, view_by_name
from bnn_lib.engine.views.base import checked
from bnn_lib.errors import InvalidData

MAGIC = b"BNN picture 2\n"
WHAT = "a picture of a fit"
V = TypeVar("V", bound=View)


@dataclass(frozen=True, eq=False)
class Units:
    """One hidden layer's posterior mean activations over the view's inputs.

    Attributes
    ----------
    values : ndarray of uint8, shape (units, g, g) over a rectangle, (units, g) over a line
        0 is `low` and 255 is `high`.
    low, high : float
    """

    values: np.ndarray
    low: float
    high: float

    def activations(self) -> np.ndarray:
        """Return the activations themselves, float32, of the shape of `values`."""
        unit = np.float32((self.high - self.low) / 255)
        return self.values.astype(np.float32) * unit + np.float32(self.low)


@dataclass(frozen=True, eq=False)
class Rows:
    """What the fit says of single held-out rows: of all, or of those that it is least and most sure of.

    Attributes
    ----------
    index : ndarray of int32, shape (k,)
        Of rows of ``X_test``, the least sure first.
    total, epistemic : ndarray of float32, shape (k,)
        In nats or squared units of the target.
    mean : ndarray of float32, shape (k, C), or (k, 1) for regression
    """

    index: np.ndarray
    total: np.ndarray
    epistemic: np.ndarray
    mean: np.ndarray


@dataclass(frozen=True, eq=False)
class Picture:
    """A fit as a page shows it.

    Attributes
    ----------
    experiment_json : str
    view : View
        What is drawn over the inputs; `view_as` for one of a certain kind.
    objective : ndarray of float32, shape (steps,)
        The ELBO; for a method without one, the log density that it reports in its place.
    units : tuple of Units
        One for each hidden layer; none where there is no view to see them over.
    weights : dict
        Name -> (posterior mean, posterior standard deviation), float32.
    rows : Rows
    scores : dict
        "held-out", "training" and "baselines", each a mapping of numbers; "calibration" as of
        `bnn_lib.held_out.judge`, and "loo" as of `bnn_lib.loo.loo`, empty where it is not computed.
    diagnostics : dict
    held_out : PredictiveSummary
        Predictions at held-out inputs, to measure distances by.
    networks : bytes
        Draws of the posterior (`bnn_lib.networks`), of which a worker can be asked more.
    stopped_at : int or None
        The step at which the fit was stopped, None if it came to its end.
    """

    experiment_json: str
    view: View
    objective: np.ndarray
    units: tuple[Units, ...]
    weights: dict[str, tuple[np.ndarray, np.ndarray]]
    rows: Rows
    scores: dict[str, Any]
    diagnostics: dict[str, Any]
    held_out: PredictiveSummary
    networks: bytes = b""
    stopped_at: int | None = None

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The view's snapshots."""
        return self.view.frames

    @property
    def final(self) -> Frame:
        """The view's last state."""
        frame: Frame = self.view.final
        return frame

    def view_as(self, kind: type[V]) -> V:
        """Return the view, which is known to be of this kind.

        Raises
        ------
        TypeError
            If it is of another.
        """
        if not isinstance(self.view, kind):
            raise TypeError(f"This fit is seen as {self.view.name}, not as {kind.name}.")
        return self.view

    def to_bytes(self) -> bytes:
        """Return the picture as a sealed archive."""
        seen, arrays = self.view.pack()
        header = {
            "experiment": self.experiment_json,
            "view": {"name": self.view.name, **seen},
            "units": [[unit.low, unit.high] for unit in self.units],
            "weights": list(self.weights),
            "scores": self.scores,
            "diagnostics": self.diagnostics,
            "classification": self.held_out.is_classification,
            "stopped_at": self.stopped_at,
        }
        everything = {f"view.{name}": array for name, array in arrays.items()}
        everything |= {f"rows.{name}": getattr(self.rows, name) for name in ROWS}
        summary = np.column_stack([self.held_out.values, self.held_out.total, self.held_out.epistemic])
        everything |= {"held_out": summary.astype(np.float32, copy=False)}
        everything |= {"objective": self.objective, "networks": np.frombuffer(self.networks, np.uint8)}
        everything |= {f"units{i}": unit.values for i, unit in enumerate(self.units)}
        for i, (mean, sd) in enumerate(self.weights.values()):
            everything[f"mean{i}"], everything[f"sd{i}"] = mean, sd
        return seal(MAGIC, archive.pack(header, everything))

    @classmethod
    def from_bytes(cls, content: bytes) -> Picture:
        """Read what `to_bytes` wrote.

        Raises
        ------
        InvalidData
            If the content is damaged, cut short, or something else.
        """
        header, arrays = archive.unpack(unseal(MAGIC, content), WHAT)
        try:
            return _read(header, arrays)
        except InvalidData:
            raise
        except archive.FOREIGN as error:
            # The checksum is right, so this was written so: by other code than this.
            raise InvalidData(f"This is not {WHAT} ({type(error).__name__}).") from error


ROWS = ("index", "total", "epistemic", "mean")


def _read(header: Any, arrays: dict[str, np.ndarray]) -> Picture:
    seen = {name.removeprefix("view."): array for name, array in arrays.items() if name.startswith("view.")}
    view = view_by_name(header["view"]["name"]).unpack(header["view"], seen)
    objective, networks = arrays["objective"], arrays["networks"]
    if objective.size:  # not every method has one
        checked(objective, np.float32, None)
    if networks.size:
        checked(networks, np.uint8, None)
    weights = {
        str(name): tuple(_of_any_shape(arrays[f"{part}{i}"]) for part in ("mean", "sd"))
        for i, name in enumerate(header["weights"])
    }
    *values, total, epistemic = checked(arrays["held_out"], np.float32, None, None).T
    stopped_at = header["stopped_at"]
    return Picture(
        experiment_json=str(header["experiment"]),
        view=view,
        objective=objective,
        units=tuple(
            Units(_units(arrays[f"units{i}"]), float(low), float(high))
            for i, (low, high) in enumerate(header["units"])
        ),
        weights={name: (mean, sd) for name, (mean, sd) in weights.items()},
        rows=_rows(*(arrays[f"rows.{name}"] for name in ROWS)),
        scores=dict(header["scores"]),
        diagnostics=dict(header["diagnostics"]),
        held_out=PredictiveSummary(np.stack(values, axis=1), total, epistemic, bool(header["classification"])),
        networks=networks.tobytes(),
        stopped_at=None if stopped_at is None else int(stopped_at),
    )


def _rows(index: np.ndarray, total: np.ndarray, epistemic: np.ndarray, mean: np.ndarray) -> Rows:
    checked(index, np.int32, None)
    for values in (total, epistemic):
        checked(values, np.float32, len(index))
    return Rows(index, total, epistemic, checked(mean, np.float32, len(index), None))


def _units(values: np.ndarray) -> np.ndarray:
    side = values.shape[-1]
    return checked(values, np.uint8, None, *[side] * (values.ndim - 1))


def _of_any_shape(values: np.ndarray) -> np.ndarray:
    return checked(values, np.float32, *[None] * values.ndim)
