"""What is to be fitted, as a value: data, network, prior, likelihood and inference.

An `Experiment` is frozen, hashable and validated. It has three written forms, and each can be read back:
JSON (everything), a URL query (what differs from the defaults) and a key (a hash of the content).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from bnn_lib.activations import ACTIVATIONS
from bnn_lib.datasets.entry import MAX_ROWS, MIN_ROWS
from bnn_lib.datasets.load import MAX_IMBALANCE, MAX_LABEL_NOISE
from bnn_lib.datasets.painted import MOST_IN_LINK, count_points, paint, read_painting
from bnn_lib.datasets.registry import DATASETS
from bnn_lib.errors import InvalidData, InvalidExperiment, Problem, shown
from bnn_lib.experiment_text import allowed_text, parse_text, write_text
from bnn_lib.inference import METHODS
from bnn_lib.likelihoods import LIKELIHOODS
from bnn_lib.priors import PRIORS, SCALINGS

KEY_LENGTH = 32  # hexadecimal digits of a key: 128 bits of SHA-256
KEY_VERSION = "1"  # raised when the same fields come to mean another result


def _one_of(names: Mapping[str, object], *extra: str) -> Any:
    """A string type that takes exactly these names (a registry's keys, read at import)."""
    return Literal[(*extra, *names)]


def _as_tuple(value: object) -> object:
    return tuple(_plain(item) for item in value) if isinstance(value, list | tuple) else value


def _as_points(value: object) -> object:
    if value is None or isinstance(value, str):
        return value
    try:
        return paint(value)
    except InvalidData as error:
        raise InvalidExperiment([Problem("data.points", f"data.points cannot be used. {error}")]) from None


def _positive_zero(value: object) -> object:
    # -0.0 equals 0.0 but is written differently, and so would have another key.
    return 0.0 if isinstance(value, float) and value == 0 else value


Real = Annotated[float, BeforeValidator(_positive_zero)]
Width = Annotated[int, Field(ge=1, le=128)]


class _Spec(BaseModel):
    """A frozen part of an experiment whose errors are `InvalidExperiment`."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)
    section: ClassVar[str] = ""

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**{name: _plain(value) for name, value in values.items()})
        except ValidationError as error:
            raise InvalidExperiment(_problems(type(self), error)) from None


class DataSpec(_Spec):
    """Which rows: a data set of the registry, its size and noise, and how it is split.

    `n` counts all rows, training and held out. `noise` has the meaning that the data set gives it; data sets
    of fixed size ignore both. `features` picks columns by name where the data set has more than it shows.

    For classification, `imbalance` makes the first class the largest: each other class has ``1 - imbalance`` times
    its rows (data sets of fixed size ignore it). `label_noise` is the share of training labels that are changed to
    another class; held-out labels stay true. Regression ignores both.

    `points` are the rows of "painted" and "painted_curve": an array as `bnn_lib.datasets.painted.paint` takes it,
    kept as the text that it returns.
    """

    section: ClassVar[str] = "data"
    name: _one_of(DATASETS) = "moons"  # type: ignore[valid-type]
    n: int = Field(1000, ge=MIN_ROWS, le=MAX_ROWS)
    noise: Real = Field(0.2, ge=0.0, le=1.0)
    seed: int = Field(0, ge=0, le=2**31 - 1)
    test_fraction: Real = Field(0.5, ge=0.05, le=0.95)
    standardize: bool = True
    features: Annotated[tuple[str, ...] | None, BeforeValidator(_as_tuple)] = Field(None, max_length=64)
    points: Annotated[str | None, BeforeValidator(_as_points)] = None
    imbalance: Real = Field(0.0, ge=0.0, le=MAX_IMBALANCE)
    label_noise: Real = Field(0.0, ge=0.0, le=MAX_LABEL_NOISE)

    @model_validator(mode="after")
    def _points_can_be_read(self) -> Self:
        if self.points is None:
            return self
        entry, name = DATASETS[self.name], "data.points"
        if not entry.painted:
            painted = ", ".join(other for other in DATASETS if DATASETS[other].painted)
            raise InvalidExperiment([Problem(name, f"data.points is set, which is for {painted} only.")])
        try:
            painting = read_painting(self.points)
        except InvalidData as error:
            raise InvalidExperiment([Problem(name, f"data.points cannot be used. {error}")]) from None
        if entry.task == "regression" and painting.classes.any():
            raise InvalidExperiment([Problem(name, "data.points has classes, which a painted curve has not.")])
        return self

    @model_validator(mode="after")
    def _features_exist(self) -> Self:
        if self.features is None:
            return self
        known = DATASETS[self.name].features
        wrong = [name for name in self.features if name not in known]
        if wrong or not self.features or len(set(self.features)) != len(self.features):
            allowed = (
                f"different names of {', '.join(known)}"
                if known
                else "none: this data set has no choice of features"
            )
            raise InvalidExperiment(
                [Problem("data.features", f"data.features is {shown(self.features)}; allowed: {allowed}.")]
            )
        return self


class NetworkSpec(_Spec):
    """The network: units of each hidden layer (none: a generalised linear model), activation and biases."""

    section: ClassVar[str] = "network"
    hidden: Annotated[tuple[Width, ...], BeforeValidator(_as_tuple)] = Field((5, 5), max_length=4)
    activation: _one_of(ACTIVATIONS) = "tanh"  # type: ignore[valid-type]
    bias: bool = True


class PriorSpec(_Spec):
    """The prior of weights and biases.

    With `scaling` "none" a weight's scale is `scale`; with "fan_in" it is ``scale / sqrt(fan_in)``; with
    "learned" each layer's scale has a HalfNormal(`scale`) prior, with "shared" one for all layers has, with "ard"
    (automatic relevance determination, Neal 1996) one for each input feature in the first layer, and one for each
    further layer. Biases have `bias_scale`; None: as the weights of their layer, and `scale` where these have one
    for each feature. For the horseshoe the scale is that of its slab: how large a weight is that matters.
    """

    section: ClassVar[str] = "prior"
    family: _one_of(PRIORS) = "normal"  # type: ignore[valid-type]
    scale: Real = Field(1.0, ge=0.001, le=100.0)
    scaling: _one_of(SCALINGS) = "none"  # type: ignore[valid-type]
    bias_scale: Real | None = Field(1.0, ge=0.001, le=100.0)


class LikelihoodSpec(_Spec):
    """How output meets target; "auto" chooses by the target.

    `noise` is a Gaussian likelihood's standard deviation in units of the standardised target, a Student t's scale,
    a negative binomial's relative standard deviation of the rate; None: learned. `components` is the number of
    Gaussians of a mixture; the others have none.
    """

    section: ClassVar[str] = "likelihood"
    family: _one_of(LIKELIHOODS, "auto") = "auto"  # type: ignore[valid-type]
    noise: Real | None = Field(None, ge=0.0001, le=10.0)
    components: int = Field(3, ge=2, le=10)


class InferenceSpec(_Spec):
    """How the posterior is found.

    `learning_rate` is Adam's; with `schedule` "cosine" it falls to zero over `steps`. `batch_size` None means
    every training row at every step; `mc_samples` is the number of draws that estimate one step's ELBO.
    With `early_stopping` a fit ends once its ELBO is flat. `rank` is low-rank ADVI's, `particles` SVGD's,
    `members` the ensemble's, `dropout` the share of hidden units that dropout leaves out. NUTS runs `chains`
    chains of `tune` adapting steps and `draws` draws each; `steps` is not its affair. `bnn_lib.inference.METHODS`
    says which of these a method uses.
    """

    section: ClassVar[str] = "inference"
    method: _one_of(METHODS) = "advi"  # type: ignore[valid-type]
    steps: int = Field(20_000, ge=1, le=1_000_000)
    learning_rate: Real = Field(0.01, ge=0.000_001, le=1.0)
    schedule: Literal["constant", "cosine"] = "cosine"
    batch_size: int | None = Field(None, ge=1, le=100_000)
    mc_samples: int = Field(1, ge=1, le=100)
    early_stopping: bool = False
    rank: int = Field(5, ge=1, le=100)
    particles: int = Field(20, ge=2, le=200)
    members: int = Field(5, ge=1, le=50)
    chains: int = Field(4, ge=1, le=8)
    tune: int = Field(1000, ge=20, le=10_000)
    draws: int = Field(1000, ge=20, le=10_000)
    dropout: Real = Field(0.1, ge=0.01, le=0.9)
    seed: int = Field(0, ge=0, le=2**31 - 1)

    @property
    def total_steps(self) -> int:
        """Steps of a whole fit: of each chain, for NUTS."""
        return self.tune + self.draws if self.method == "nuts" else self.steps


class Experiment(_Spec):
    """Everything that determines a fit, apart from rows given by hand.

    Raises
    ------
    InvalidExperiment
        Naming each field that is wrong, the value received and what is allowed.

    Examples
    --------
    >>> Experiment(network=NetworkSpec(hidden=(8,))).to_query()
    {'network.hidden': '8'}
    """

    data: DataSpec = Field(default_factory=DataSpec)
    network: NetworkSpec = Field(default_factory=NetworkSpec)
    prior: PriorSpec = Field(default_factory=PriorSpec)
    likelihood: LikelihoodSpec = Field(default_factory=LikelihoodSpec)
    inference: InferenceSpec = Field(default_factory=InferenceSpec)

    @property
    def key(self) -> str:
        """Hash of the content: 32 hexadecimal digits, the same on every machine."""
        content = f"{KEY_VERSION}:{self.to_json()}"
        return hashlib.sha256(content.encode()).hexdigest()[:KEY_LENGTH]

    def to_json(self) -> str:
        """Return all fields as JSON, in a fixed order."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str | bytes) -> Experiment:
        """Read what `to_json` wrote.

        Raises
        ------
        InvalidExperiment
            If it is not JSON, or a field is unknown or out of bounds.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise InvalidExperiment(_problems(cls, error)) from None

    def to_query(self, *, whole: bool = False) -> dict[str, str]:
        """Return the fields that differ from the defaults as a flat mapping, fit for a URL.

        Parameters
        ----------
        whole : bool
            With every painted point. Without it, a painting of more than 200 points is left out, since links have
            a length that browsers and proxies still take: it travels as a file.
        """
        default = Experiment()
        query = {}
        for section in Experiment.model_fields:
            mine, usual = getattr(self, section), getattr(default, section)
            for name in type(mine).model_fields:
                too_long = name == "points" and not whole and count_points(getattr(mine, name)) > MOST_IN_LINK
                if getattr(mine, name) != getattr(usual, name) and not too_long:
                    query[f"{section}.{name}"] = write_text(getattr(mine, name))
        return query

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Experiment:
        """Read what `to_query` wrote.

        Raises
        ------
        InvalidExperiment
            Naming every field that is unknown, not readable or out of bounds.
        """
        experiment, problems = cls.salvage_query(query)
        if problems:
            raise InvalidExperiment(problems)
        return experiment

    @classmethod
    def salvage_query(cls, query: Mapping[str, str]) -> tuple[Experiment, list[Problem]]:
        """Read a query as far as it can be read: a bad field takes its default and is reported.

        Returns
        -------
        experiment : Experiment
        problems : list of Problem
            Empty if every field was good.
        """
        values, problems = _parse_query(cls, query)
        sections: dict[str, Any] = {}
        for section, field in cls.model_fields.items():
            sections[section], found = _salvage_section(_spec_type(field), values.get(section, {}))
            problems.extend(found)
        return cls(**sections), problems


def _spec_type(field: FieldInfo) -> type[_Spec]:
    spec = field.annotation
    assert isinstance(spec, type)
    assert issubclass(spec, _Spec)
    return spec


def _parse_query(
    cls: type[Experiment], query: Mapping[str, str]
) -> tuple[dict[str, dict[str, object]], list[Problem]]:
    """Split dotted names into sections and turn each text into a value of its field's type."""
    values: dict[str, dict[str, object]] = {}
    problems = []
    for dotted, text in query.items():
        section, _, name = dotted.partition(".") if isinstance(dotted, str) else ("", "", "")
        field = cls.model_fields.get(section)
        known = _spec_type(field).model_fields if field else {}
        if name not in known:
            options = ", ".join(f"{section}.{other}" for other in known) if known else ", ".join(cls.model_fields)
            problems.append(Problem("", f"{shown(dotted)} is not a field of an experiment; there are: {options}."))
            continue
        try:
            values.setdefault(section, {})[name] = parse_text(text, known[name].annotation)
        except ValueError:
            problems.append(Problem(dotted, f"{dotted} is {shown(text)}; allowed: {allowed_text(known[name])}."))
    return values, problems


def _salvage_section(spec: type[_Spec], values: dict[str, object]) -> tuple[_Spec, list[Problem]]:
    """Build a section, leaving out the fields that are refused."""
    problems: list[Problem] = []
    while True:
        try:
            return spec(**values), problems
        except InvalidExperiment as error:
            refused = {problem.field.partition(".")[2] for problem in error.problems} & values.keys()
            if not refused:
                raise
            problems.extend(error.problems)
            values = {name: value for name, value in values.items() if name not in refused}


def _plain(value: Any) -> Any:
    """Turn a NumPy scalar into Python's own number; leave everything else."""
    item = getattr(value, "item", None)
    return item() if callable(item) and getattr(value, "shape", None) == () else value


def _problems(cls: type[_Spec], error: ValidationError) -> list[Problem]:
    """Say each of pydantic's errors in our own words, once a field."""
    problems: dict[str, Problem] = {}
    for entry in error.errors(include_url=False):
        cause = entry.get("ctx", {}).get("error")
        if isinstance(cause, InvalidExperiment):  # raised by a section inside an experiment: says it all
            problems.update({problem.field: problem for problem in cause.problems})
            continue
        path = [str(part) for part in entry["loc"]]
        if cls.section:
            path.insert(0, cls.section)
        dotted = ".".join(path[:2])
        field = _find_field(path)
        if entry["type"] == "json_invalid":
            message = f"The experiment is not valid JSON: {entry['msg'].removeprefix('Invalid JSON: ')}."
        elif field is None:
            known = (
                ", ".join(cls.model_fields) if len(path) < 2 or cls.section else ", ".join(Experiment.model_fields)
            )
            message = f"{shown(dotted)} is not a field of an experiment; there are: {known}."
        else:
            value = entry["input"]
            message = f"{dotted} is {shown(value)}; allowed: {allowed_text(field)}."
        problems.setdefault(dotted, Problem(dotted, message))
    return list(problems.values())


def _find_field(path: list[str]) -> FieldInfo | None:
    section = Experiment.model_fields.get(path[0]) if path else None
    if section is None or len(path) < 2:
        return section
    return _spec_type(section).model_fields.get(path[1])
