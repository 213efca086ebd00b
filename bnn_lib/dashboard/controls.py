"""The settings: every field of an `Experiment` has its widget here, the rarely used ones folded away."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from bnn_lib.activations import ACTIVATIONS
from bnn_lib.dashboard import components, data, links, painting, state
from bnn_lib.dashboard.likelihood_controls import family_choice
from bnn_lib.dashboard.prior_density import density_html
from bnn_lib.dashboard.thumbnails import chooser_data
from bnn_lib.dashboard.widgets import PAGE, Holder, bind, choice, more, presets, registered, tie, toggle, whole
from bnn_lib.datasets import DATASETS, Dataset, DatasetEntry
from bnn_lib.datasets.load import MAX_IMBALANCE, MAX_LABEL_NOISE, entry_of
from bnn_lib.experiment import Experiment
from bnn_lib.experiment_text import write_text
from bnn_lib.inference import METHODS
from bnn_lib.priors import PRIORS, SCALINGS

ROWS = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000)
SCALES = (0.1, 0.3, 0.5, 1.0, 2.0, 3.0, 10.0)
STEPS = (1000, 5000, 20_000, 50_000, 100_000)
RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
BATCHES = (16, 32, 64, 128, 256)
SAMPLES = (1, 2, 5, 10)
DRAWS = (200, 500, 1000, 2000)
CHOICES = "choices"  # of a data set, counted


# --- data ---------------------------------------------------------------------------------------------------


def _dataset_chosen() -> None:
    name = st.session_state["datasets"].get("name")
    st.session_state[CHOICES] = st.session_state.get(CHOICES, 0) + 1
    if isinstance(name, str) and name in DATASETS:
        before = state.load()
        changes = data.chosen(name, before)
        if DATASETS[name].painted:
            changes |= painting.begin(name, before.data) | painting.begin_method(before.inference)
        elif DATASETS[before.data.name].painted:
            changes |= painting.end_method(before.inference)
        state.change(changes)


def _regenerate() -> None:
    seed = state.load().data.seed
    state.change({"data.seed": (seed + 1) % 2**31})


def data_controls(experiment: Experiment, names: tuple[str, ...] = data.PLAYED) -> None:
    """Data set, one of `names`; noise, rows, how many are held out, and another sample."""
    entry = entry_of(experiment.data)
    choices = st.session_state.get(CHOICES, 0)
    if not links.hides("data.name"):
        chosen = chooser_data(experiment.data.name, choices, names)
        components.show("datasets", chosen, on_name_change=_dataset_chosen)
    if entry.fixed_rows is None:
        _amount_controls(experiment)
    elif links.hides("data.features"):
        pass
    elif entry.task == "classification" and entry.features:
        _feature_choice(experiment)
    elif entry.features:
        _features_of_number(experiment)
    if not links.hides("data.test_fraction"):
        st.slider(
            "Held out",
            0.05,
            0.95,
            step=0.05,
            format="percent",
            help="Share of the rows that the fit never sees: they judge it.",
            **bind("data.test_fraction", experiment.data.test_fraction),
        )
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        if not links.hides("data.seed"):
            st.button(
                "New sample" if entry.fixed_rows is None else "New split",
                icon=":material/casino:",
                on_click=_regenerate,
                key="regenerate",
                help="The same settings with the next seed.",
                width="stretch",
            )
        with more("data"):
            whole(experiment, "data.seed", "Seed", "Which sample, and which rows are held out.")
            if entry.task == "classification":
                _class_controls(experiment)
            toggle(
                experiment,
                "data.standardize",
                "Standardise features",
                "Scale features to mean 0 and standard deviation 1 before they enter the network.",
            )
            if entry.painted:
                painting.show_file_controls(experiment.data)
    if entry.painted:
        painting.show_hints(experiment)


def _amount_controls(experiment: Experiment) -> None:
    """Noise and rows of a generated data set."""
    spec = experiment.data
    if not links.hides("data.noise"):
        help_text = entry_of(spec).noise_help
        st.slider("Noise", 0.0, 1.0, step=0.01, help=help_text, **bind("data.noise", spec.noise))
    if not links.hides("data.n"):
        st.select_slider(
            "Rows",
            sorted({*ROWS, spec.n}),
            format_func="{:,}".format,
            help="All rows, training and held out.",
            **bind("data.n", spec.n),
        )


def _class_controls(experiment: Experiment) -> None:
    """What can be wrong with classes."""
    if DATASETS[experiment.data.name].fixed_rows is None and not links.hides("data.imbalance"):
        st.slider(
            "Imbalance",
            0.0,
            MAX_IMBALANCE,
            step=0.05,
            help="0: classes of equal size. 0.9: each but the first has a tenth of the first's rows.",
            **bind("data.imbalance", experiment.data.imbalance),
        )
    if not links.hides("data.label_noise"):
        st.slider(
            "Wrong labels",
            0.0,
            MAX_LABEL_NOISE,
            step=0.05,
            format="percent",
            help="Share of training labels changed to another class. Held-out labels stay true: they judge what "
            "was learned all the same.",
            **bind("data.label_noise", experiment.data.label_noise),
        )


def _features_chosen(features: Sequence[str]) -> None:
    if features:
        state.change({"data.features": tuple(features)})


def _features_of_number(experiment: Experiment) -> None:
    """Choose one feature, for curves, or two, for surfaces."""
    entry = DATASETS[experiment.data.name]
    now = list(experiment.data.features or entry.default_features)
    st.multiselect(
        "Features, one or two",
        entry.features,
        max_selections=2,
        help="What it predicts from: one feature gives curves, two give surfaces.",
        **tie("w.features", now, _features_chosen),
    )


def _feature_chosen(axis: int, feature: str) -> None:
    spec = state.load().data
    pair = list(spec.features or DATASETS[spec.name].default_features)
    pair[axis] = feature
    if pair[0] != pair[1]:
        state.change({"data.features": tuple(pair)})


def _feature_choice(experiment: Experiment) -> None:
    """Choose the two columns that make the map."""
    entry = DATASETS[experiment.data.name]
    pair = experiment.data.features or entry.default_features
    for axis, name in enumerate(("Across", "Up")):
        options = [feature for feature in entry.features if feature != pair[1 - axis]]
        st.selectbox(
            name,
            options,
            **tie(f"w.feature{axis}", pair[axis], partial(_feature_chosen, axis)),
            help=f"The feature on the map's {'horizontal' if axis == 0 else 'vertical'} axis.",
        )


# --- network ------------------------------------------------------------------------------------------------


def _resize(layer: int, by: int) -> None:
    hidden = list(state.load().network.hidden)
    if layer < len(hidden):
        hidden[layer] = max(1, min(128, hidden[layer] + by))
        state.change({"network.hidden": tuple(hidden)})


def _layers(by: int) -> None:
    hidden = state.load().network.hidden
    state.change({"network.hidden": (*hidden, hidden[-1] if hidden else 5) if by > 0 else hidden[:-1]})


def layer_editor(experiment: Experiment) -> None:
    """Layers and units with + and -, each above its column of the diagram."""
    if links.hides("network.hidden"):
        return
    hidden = experiment.network.hidden
    count = len(hidden)
    with st.container(
        horizontal=True,
        horizontal_alignment="center",
        vertical_alignment="center",
        gap="xsmall",
        key="layers",
    ):
        st.button(
            "− layer",  # style.css shows the icon alone; the name is for screen readers
            icon=":material/remove:",
            key="layer_minus",
            on_click=_layers,
            args=(-1,),
            disabled=count == 0,
            help="One hidden layer less",
        )
        st.markdown(f"**{count} hidden layer{'' if count == 1 else 's'}**", width="content")
        st.button(
            "\\+ layer",
            icon=":material/add:",
            key="layer_plus",
            on_click=_layers,
            args=(1,),
            disabled=count == 4,
            help="One hidden layer more",
        )
    with st.container(key="units"):
        columns = st.columns(count + 2, gap=None, wrap=False)
        for layer, units in enumerate(hidden):
            with (
                columns[layer + 1],
                st.container(
                    horizontal=True,
                    horizontal_alignment="center",
                    vertical_alignment="center",
                    gap=None,
                    wrap=False,
                ),
            ):
                st.button(
                    f"− unit, layer {layer + 1}",
                    icon=":material/remove:",
                    key=f"unit_minus_{layer}",
                    on_click=_resize,
                    args=(layer, -1),
                    disabled=units == 1,
                    help=f"One unit less in layer {layer + 1}",
                )
                st.markdown(str(units), width="content")
                st.button(
                    f"\\+ unit, layer {layer + 1}",
                    icon=":material/add:",
                    key=f"unit_plus_{layer}",
                    on_click=_resize,
                    args=(layer, 1),
                    disabled=units == 128,
                    help=f"One unit more in layer {layer + 1}",
                )


def units_control(experiment: Experiment, of: Holder = PAGE) -> None:
    """All widths as a text."""
    if not of.hides("network.hidden"):
        st.text_input(
            "Units of each hidden layer",
            help='Up to four numbers from 1 to 128, e.g. "8,8"; "none" for no hidden layer.',
            **bind("network.hidden", write_text(experiment.network.hidden), of),
        )


def network_controls(experiment: Experiment) -> None:
    """Activation; folded away: all widths as a text, and what `more_network_controls` has."""
    registered(experiment, "network.activation", "Activation", ACTIVATIONS, 112)
    with more("network"):
        units_control(experiment)
        more_network_controls(experiment, entry_of(experiment.data))


def more_network_controls(experiment: Experiment, target: Dataset | DatasetEntry, of: Holder = PAGE) -> None:
    """Biases, and the likelihood of classes: that of a number is a setting in sight."""
    toggle(experiment, "network.bias", "Biases", "Give every unit an offset of its own.", of)
    if target.task == "classification":
        family_choice(experiment, target, "Likelihood", of=of)


# --- prior and inference ------------------------------------------------------------------------------------


def prior_controls(experiment: Experiment, of: Holder = PAGE, features: int | None = None) -> None:
    """Family with its density, scale and scaling; folded away: the biases' scale."""
    registered(experiment, "prior.family", "Weights", PRIORS, 118, of)
    if not of.hides("prior.family"):
        st.html(density_html(experiment, features), width="content")
    help_text = "How large the prior expects weights to be."
    presets(experiment, "prior.scale", "Scale", SCALES, help_text, width=84, of=of)
    registered(experiment, "prior.scaling", "Scaling", SCALINGS, 158, of)
    with more("prior"):
        presets(
            experiment,
            "prior.bias_scale",
            "Scale of biases",
            SCALES,
            "How large the prior expects biases to be.",
            none="as the weights",
            of=of,
        )


def inference_controls(experiment: Experiment, of: Holder = PAGE, batch_in_sight: bool = False) -> None:
    """The method and what matters most to it; folded away: what else it has."""
    inference = experiment.inference
    entry = METHODS[inference.method]
    offered = [name for name, other in METHODS.items() if other.in_app or name == inference.method]
    labels = {name: METHODS[name].label for name in offered}
    choice(experiment, "inference.method", "Method", offered, labels.__getitem__, entry.help, 176, of)
    for name, label, usual, help_text, width in (
        ("steps", "Steps", STEPS, "How many steps the fit takes.", 104),
        ("learning_rate", "Rate", RATES, "The step size.", 90),
        ("tune", "Tuning", DRAWS, "Steps of each chain that adapt it.", 90),
        ("draws", "Draws", DRAWS, "Draws of each chain that are kept.", 90),
    ):
        if name in entry.fields:
            presets(experiment, f"inference.{name}", label, usual, help_text, width=width, of=of)
    takes_batches = "batch_size" in entry.fields or inference.batch_size is not None
    if takes_batches and batch_in_sight:
        _batch_control(experiment, of, 104)
    with more("inference"):
        if takes_batches and not batch_in_sight:
            _batch_control(experiment, of)
        _more_inference_controls(experiment, entry.fields, of)


def _batch_control(experiment: Experiment, of: Holder, width: int | None = None) -> None:
    help_text = "Training rows in each step: fewer make a step cheaper and noisier."
    usual = BATCHES
    presets(experiment, "inference.batch_size", "Batch", usual, help_text, none="all rows", width=width, of=of)


def _more_inference_controls(experiment: Experiment, fields: Sequence[str], of: Holder) -> None:
    for name, label, usual, help_text in (
        ("rank", "Rank", (1, 2, 5, 10, 20), "Directions in which weights move together."),
        ("particles", "Particles", (5, 10, 20, 50, 100), "Networks that explore together."),
        ("members", "Members", (2, 5, 10, 20), "Networks in the ensemble."),
        ("dropout", "Dropout", (0.05, 0.1, 0.2, 0.5), "Share of hidden units that are left out."),
        ("chains", "Chains", (1, 2, 4, 8), "Independent runs: they must agree."),
        ("mc_samples", "Monte Carlo samples", SAMPLES, "Draws that estimate one step's ELBO."),
    ):
        if name in fields:
            presets(experiment, f"inference.{name}", label, usual, help_text, of=of)
    if "schedule" in fields:
        choice(
            experiment,
            "inference.schedule",
            "Rate over time",
            ["constant", "cosine"],
            {"constant": "constant", "cosine": "falls to zero (cosine)"}.__getitem__,
            "Whether the learning rate falls.",
            of=of,
        )
    if "early_stopping" in fields:
        toggle(
            experiment,
            "inference.early_stopping",
            "Stop when the ELBO is flat",
            "End before the last step once nothing improves.",
            of,
        )
    whole(experiment, "inference.seed", "Seed of the fit", "Which random numbers the fit draws.", of=of)
