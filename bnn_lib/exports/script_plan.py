"""What the parts of a script agree on: sizes, likelihood, and the way to fit, by the nearest that PyMC has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from bnn_lib.inference import METHODS
from bnn_lib.inference.requirements import check_method
from bnn_lib.likelihoods import LIKELIHOODS, check_targets
from bnn_lib.likelihoods.base import SMALLEST_SD
from bnn_lib.likelihoods.counts import SMALLEST_NOISE
from bnn_lib.likelihoods.numbers import DEGREES_OF_FREEDOM
from bnn_lib.structure import Structure

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.experiment import Experiment

BATCHED = ("advi", "fullrank_advi")  # of a script's ways to fit: the others take all rows


@dataclass(frozen=True)
class Target:
    """How a script writes a likelihood.

    Attributes
    ----------
    distribution : str
        Of PyMC.
    parameters : str
        Its keyword arguments as functions of ``output`` (n, outputs).
    mean : str
        Class probability or mean in units of the model, as a function of ``output``.
    """

    distribution: str
    parameters: Mapping[str, str]
    mean: str


_RATE = "pm.math.exp(bounded(output[:, 0] + offset))"
_MIXTURE_WEIGHTS = "pm.math.softmax(bounded(output[:, :{k}]), axis=1)"
_TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "bernoulli": Target("Bernoulli", {"logit_p": "output[:, 0]"}, "pm.math.sigmoid(output[:, 0])"),
        "categorical": Target(
            "Categorical", {"p": "pm.math.softmax(output, axis=1)"}, "pm.math.softmax(output, axis=1)"
        ),
        "gaussian": Target("Normal", {"mu": "output[:, 0]", "sigma": "noise"}, "output[:, 0]"),
        "heteroscedastic": Target(
            "Normal",
            {"mu": "output[:, 0]", "sigma": f"pm.math.log1pexp(output[:, 1]) + {SMALLEST_SD}"},
            "output[:, 0]",
        ),
        "student_t": Target(
            "StudentT",
            {"nu": f"{DEGREES_OF_FREEDOM}", "mu": "output[:, 0]", "sigma": "noise"},
            "output[:, 0]",
        ),
        "poisson": Target("Poisson", {"mu": _RATE}, _RATE),
        "negative_binomial": Target(
            "NegativeBinomial", {"mu": _RATE, "alpha": f"1.0 / (noise**2 + {SMALLEST_NOISE}**2)"}, _RATE
        ),
        "mixture": Target(
            "NormalMixture",
            {
                "w": _MIXTURE_WEIGHTS,
                "mu": "output[:, {k}:{2k}]",
                "sigma": f"pm.math.log1pexp(output[:, {{2k}}:]) + {SMALLEST_SD}",
            },
            f"({_MIXTURE_WEIGHTS} * output[:, {{k}}:{{2k}}]).sum(axis=1)",
        ),
    }
)


@dataclass(frozen=True)
class Plan:
    """What the parts of a script agree on.

    Attributes
    ----------
    experiment : Experiment
    structure : Structure
    n_train, n_test : int
    """

    experiment: Experiment
    structure: Structure
    n_train: int
    n_test: int

    @classmethod
    def of(cls, experiment: Experiment, dataset: Dataset) -> Plan:
        """Resolve what `experiment` means for `dataset`; refuses what a fit of it would refuse."""
        structure = Structure.of(experiment, dataset)
        for y in (dataset.y_train, dataset.y_test):
            check_targets(structure.likelihood, y)
        check_method(experiment.inference, structure.sizes, structure.n_parameters)
        return cls(experiment, structure, len(dataset.X_train), len(dataset.X_test))

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the layers, which are the dims of weights."""
        return ("feature", *(f"hidden_{layer}" for layer in range(1, len(self.structure.sizes) - 1)), "output")

    @property
    def is_classification(self) -> bool:
        """Whether the target is a class."""
        return LIKELIHOODS[self.structure.likelihood].task == "classification"

    @property
    def is_standardised(self) -> bool:
        """Whether the target enters the model in units of its own scatter."""
        return not self.is_classification and not LIKELIHOODS[self.structure.likelihood].counts

    @property
    def target(self) -> Target:
        """How the likelihood is written, its numbers filled in."""
        raw, k = _TARGETS[self.structure.likelihood], self.experiment.likelihood.components

        def fill(code: str) -> str:
            return code.replace("{2k}", str(2 * k)).replace("{k}", str(k))

        return Target(raw.distribution, {n: fill(c) for n, c in raw.parameters.items()}, fill(raw.mean))

    @property
    def method(self) -> str:
        """How the script fits: "advi", "fullrank_advi", "svgd", "nuts" or "map"."""
        asked, most = self.experiment.inference.method, METHODS["fullrank_advi"].most_parameters
        gaussian = "fullrank_advi" if most is None or self.structure.n_parameters <= most else "advi"
        stand_in = {
            "pymc": "advi",
            "lowrank_advi": gaussian,
            "laplace": gaussian,
            "dropout": "advi",
            "sghmc": "nuts",
            "ensemble": "map",
        }
        return stand_in.get(asked, asked)

    @property
    def asked_batch_size(self) -> int | None:
        """Rows of the experiment's mini-batches, None where every step takes all rows."""
        inference = self.experiment.inference
        uses = "batch_size" in METHODS[inference.method].fields
        batch = inference.batch_size if uses else None
        return None if batch is None or batch >= self.n_train else batch

    @property
    def batch_size(self) -> int | None:
        """The same of the script's: a density of mini-batches is a random one, for stochastic gradients alone."""
        return self.asked_batch_size if self.method in BATCHED else None
