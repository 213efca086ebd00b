"""The state of the priors page: an experiment, and what kind of function is drawn from its prior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import streamlit as st

from bnn_lib.dashboard import state
from bnn_lib.engine import Question
from bnn_lib.errors import Problem, shown
from bnn_lib.experiment import Experiment

FIELDS = ("inputs", "output", "draw")
CHOSEN = "prior_functions"
INPUTS: Mapping[int, str] = MappingProxyType({1: "one input", 2: "two inputs"})
OUTPUTS: Mapping[str, str] = MappingProxyType({"number": "a number", "class": "a class"})
LARGEST_SEED = 2**31 - 1
RANGE = (-3.0, 3.0)  # of standardised inputs
SIZES: Mapping[int, int] = MappingProxyType({1: 161, 2: 28})  # points along each axis


@dataclass(frozen=True)
class Functions:
    """What is drawn: functions of so many inputs, of a number or of a class's probability, by this seed."""

    inputs: int = 1
    output: str = "number"
    draw: int = 0

    def to_query(self) -> dict[str, str]:
        """Return the fields that differ from the defaults."""
        usual = Functions()
        return {name: str(getattr(self, name)) for name in FIELDS if getattr(self, name) != getattr(usual, name)}


def read_functions(query: Mapping[str, str]) -> tuple[Functions, list[Problem]]:
    """Read the page's own fields from a URL; what cannot be used takes its default and is reported."""
    usual = Functions()
    inputs, output, draw = (query.get(name, str(getattr(usual, name))) for name in FIELDS)
    refused = []
    if inputs not in map(str, INPUTS):
        refused.append(("inputs", inputs, ", ".join(map(str, INPUTS))))
        inputs = str(usual.inputs)
    if output not in OUTPUTS:
        refused.append(("output", output, ", ".join(OUTPUTS)))
        output = usual.output
    if not (draw.isascii() and draw.isdecimal() and len(draw) < 12 and int(draw) <= LARGEST_SEED):
        refused.append(("draw", draw, f"a whole number from 0 to {LARGEST_SEED:,}"))
        draw = str(usual.draw)
    problems = [Problem(name, f"{name} is {shown(text)}; allowed: {allowed}.") for name, text, allowed in refused]
    return Functions(int(inputs), output, int(draw)), problems


def load() -> tuple[Experiment, Functions]:
    """Return the page's experiment and functions, from the URL wherever it is new."""
    query = state.query()
    if CHOSEN not in st.session_state or state.is_new(query):
        st.session_state[CHOSEN], found = read_functions(query)
        st.session_state.pop(state.STATE, None)  # so that it is read, with its problems, now
        experiment = state.load(state.as_it_is, FIELDS)
        st.session_state[state.PROBLEMS] = [*found, *st.session_state[state.PROBLEMS]]
    else:
        experiment = state.load(state.as_it_is, FIELDS)
    return experiment, st.session_state[CHOSEN]


def store() -> None:
    """Write both to the URL."""
    chosen: Functions = st.session_state[CHOSEN]
    state.store(chosen.to_query())


def choose(**changes: object) -> None:
    """Change what is drawn."""
    current: Functions = st.session_state[CHOSEN]
    st.session_state[CHOSEN] = replace(current, **changes)  # type: ignore[arg-type]
    st.session_state[state.PROBLEMS] = []


def draw_again() -> None:
    """Take the next seed."""
    current: Functions = st.session_state[CHOSEN]
    choose(draw=(current.draw + 1) % (LARGEST_SEED + 1))


# --- presets ------------------------------------------------------------------------------------------------

# label -> (fields of the experiment, what is drawn)
PRESETS: Mapping[str, tuple[Mapping[str, object], Functions]] = MappingProxyType(
    {
        "tanh with large scales: sure of everything": (
            {"network.hidden": (20, 20), "prior.scale": 5.0, "prior.bias_scale": 5.0},
            Functions(output="class"),
        ),
        "The same at a small scale: sure of nothing": (
            {"network.hidden": (20, 20), "prior.scale": 0.3, "prior.bias_scale": 0.3},
            Functions(output="class"),
        ),
        "ReLU grows without end": (
            {"network.hidden": (50,), "network.activation": "relu", "prior.scaling": "fan_in", "prior.scale": 1.5},
            Functions(),
        ),
        "Wide networks become a Gaussian process": (
            {"network.hidden": (64, 64), "prior.scaling": "fan_in", "prior.scale": 1.5},
            Functions(),
        ),
        "Few large weights: Student t": (
            {"network.hidden": (20,), "prior.family": "student_t", "prior.scale": 0.5},
            Functions(),
        ),
    }
)


def preset(label: str) -> None:
    """Set the page to one of the presets."""
    changes, functions = PRESETS[label]
    st.session_state[state.STATE] = Experiment()
    state.change(changes)
    st.session_state[CHOSEN] = functions


# --- the question -------------------------------------------------------------------------------------------


def question(experiment: Experiment, functions: Functions) -> Question:
    """Return what a worker is asked: equal for all that draw the same functions, whatever their data."""
    usual = Experiment()
    # A likelihood that was chosen for data says nothing here, except how large the noise is.
    noise = experiment.likelihood.noise if functions.output == "number" else None
    likelihood = usual.likelihood.model_copy(update={"noise": noise})
    bare = usual.model_copy(
        update={"network": experiment.network, "prior": experiment.prior, "likelihood": likelihood}
    )
    values = {
        "experiment": bare.to_json(),
        "inputs": functions.inputs,
        "output": functions.output,
        "seed": functions.draw,
        "low": RANGE[0],
        "high": RANGE[1],
        "size": SIZES[functions.inputs],
    }
    return Question("prior", values)
