"""Comparisons that show something: each a problem, methods, the map to look at, and what to look for on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bnn_lib.dashboard import state
from bnn_lib.experiment import Experiment


@dataclass(frozen=True)
class Preset:
    """A comparison that shows something.

    Attributes
    ----------
    changes : mapping
        What differs from the default experiment, by dotted names.
    methods : tuple of str
    kind : str
        The map that shows it.
    look : str
        What to look for, in one sentence.
    """

    changes: Mapping[str, object]
    methods: tuple[str, ...]
    kind: str
    look: str

    @property
    def experiment(self) -> Experiment:
        """The problem that it is shown on."""
        return state.replaced(Experiment(), self.changes)


# Labels that are partly wrong keep the function at each cluster from being certain by its size alone; a wide prior
# over a piecewise linear network leaves room for doubt between them (Foong et al. 2019, 2020).
CLUSTERS: Mapping[str, object] = MappingProxyType(
    {
        "data.name": "clusters",
        "data.n": 200,
        "data.noise": 0.1,
        "data.label_noise": 0.2,
        "network.hidden": (20,),
        "network.activation": "relu",
        "prior.scale": 4.0,
        "prior.scaling": "fan_in",
        "prior.bias_scale": 1.0,
        "inference.steps": 100_000,  # full-rank ADVI still gains between 20,000 and here
        "inference.tune": 500,
        "inference.draws": 500,
    }
)
PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "ADVI between two clusters": Preset(
            CLUSTERS,
            ("advi", "nuts"),
            "epistemic",
            "Look at the room between the clusters: mean-field ADVI is surest there, where it has seen nothing; "
            "NUTS is surest at the clusters, less sure between them, and least to both sides.",
        ),
        "Full-rank repairs some of it": Preset(
            CLUSTERS,
            ("advi", "lowrank_advi", "fullrank_advi", "nuts"),
            "epistemic",
            "Look to both sides of the line through the clusters: with all correlations ADVI is in doubt there, "
            "as NUTS is; on the line between the clusters it is still too sure.",
        ),
        "An ensemble is not a posterior": Preset(
            CLUSTERS,
            ("map", "ensemble", "nuts"),
            "epistemic",
            "Look for any doubt at all in the ensemble: fits from different starts end at nearly the same "
            "function, and what NUTS does not know they take for known.",
        ),
        "What dropout thinks": Preset(
            CLUSTERS,
            ("dropout", "advi", "nuts"),
            "epistemic",
            "Look far from the data: leaving units out at random gives hardly any doubt there, however far; NUTS, "
            "on the same network, has most of its doubt there.",
        ),
    }
)
