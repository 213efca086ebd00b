"""The likelihood's widgets: the family, of which "auto" says what it chose, and its noise or its components."""

from __future__ import annotations

import numpy as np
import streamlit as st

from bnn_lib.dashboard.widgets import PAGE, Holder, bind, more, presets
from bnn_lib.datasets import Dataset, DatasetEntry
from bnn_lib.errors import InvalidExperiment
from bnn_lib.experiment import Experiment
from bnn_lib.likelihoods import LIKELIHOODS, check_targets, choose_likelihood

NOISES = (0.01, 0.03, 0.1, 0.3, 1.0)
COMPONENTS = (2, 3, 4, 5)


def family_of(experiment: Experiment, target: Dataset | DatasetEntry) -> str:
    """Return the family that is chosen, or that "auto" means."""
    family = experiment.likelihood.family
    return choose_likelihood(target)[0] if family == "auto" else str(family)


def family_choice(
    experiment: Experiment,
    target: Dataset | DatasetEntry,
    label: str,
    width: int | None = None,
    of: Holder = PAGE,
) -> None:
    """Offer the families that the target can have."""
    if of.hides("likelihood.family"):
        return
    family = experiment.likelihood.family
    chosen, why = choose_likelihood(target)
    labels = {"auto": f"auto: {LIKELIHOODS[chosen].label}"}
    labels |= {name: entry.label for name, entry in LIKELIHOODS.items()}
    st.selectbox(
        label,
        ["auto", *(name for name in LIKELIHOODS if name == family or _is_possible(name, target))],
        format_func=labels.__getitem__,
        help=why if family == "auto" else LIKELIHOODS[family].help,
        width=width or "stretch",
        **bind("likelihood.family", family, of, read=of_family),
    )


def likelihood_controls(experiment: Experiment, target: Dataset | DatasetEntry, of: Holder = PAGE) -> None:
    """The family of a number's noise. Folded away: the noise's size; of a mixture: how many branches."""
    family_choice(experiment, target, "Noise is", 190, of)
    family = family_of(experiment, target)
    if family == "mixture":
        help_text = "Gaussians in the mixture."
        presets(experiment, "likelihood.components", "Branches", COMPONENTS, help_text, width=90, of=of)
    elif LIKELIHOODS[family].has_noise:
        help_text = LIKELIHOODS[family].noise_help
        with more("likelihood"):
            presets(experiment, "likelihood.noise", "Size of the noise", NOISES, help_text, none="learned", of=of)


def _is_possible(name: str, target: Dataset | DatasetEntry) -> bool:
    if LIKELIHOODS[name].task != target.task or (name == "bernoulli" and target.n_classes != 2):
        return False
    if isinstance(target, Dataset):  # whose rows are known
        try:
            check_targets(name, np.concatenate([target.y_train, target.y_test]))
        except InvalidExperiment:
            return False
    return True


def of_family(family: str) -> dict[str, object]:
    """Return the changes that choose a family: the size of a noise that it does not have goes."""
    changes: dict[str, object] = {"likelihood.family": family}
    if family in LIKELIHOODS and not LIKELIHOODS[family].has_noise:
        changes["likelihood.noise"] = None  # whose widget goes: a size that was set would be refused
    return changes
