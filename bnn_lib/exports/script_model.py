"""The model of a script, as a PyMC user would write it: one line a parameter, and the network as a function.

It is `bnn_lib.model` once more, as text; a test holds that both have the same density. Here rows come first, as
people write it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from bnn_lib.exports.cells import WIDTH, Cell
from bnn_lib.likelihoods import LIKELIHOODS
from bnn_lib.likelihoods.base import LARGEST_LOG
from bnn_lib.priors import GLOBAL_SCALE, SCALINGS, SLAB_DF, SPIKE_SCALE, SPIKE_SHARE, STUDENT_DF, TINY

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.exports.script_plan import Plan

ACTIVATION_CODE: Mapping[str, str] = MappingProxyType(
    {
        "tanh": "pm.math.tanh({})",
        "relu": "pm.math.maximum({}, 0.0)",
        "sigmoid": "pm.math.sigmoid({})",
        "elu": "elu({})",
        "sine": "pm.math.sin({})",
        "linear": "{}",
    }
)
_ELU = """
def elu(x):
    return pm.math.switch(x > 0, x, pm.math.exp(pm.math.minimum(x, 0.0)) - 1.0)
"""
_BOUNDED = f"""
def bounded(x):
    # x itself within {LARGEST_LOG:g} of 0, and beyond that its logarithm's growth: its exponential stays finite.
    above, below = pm.math.maximum(x - {LARGEST_LOG}, 0.0), pm.math.maximum(-x - {LARGEST_LOG}, 0.0)
    inner = pm.math.clip(x, -{LARGEST_LOG}, {LARGEST_LOG})
    return inner + pm.math.log(1.0 + above) - pm.math.log(1.0 + below)
"""
_HORSESHOE = f"""
def log_half_cauchy(z):
    # The logarithm of a half-Cauchy variable as a function of a standard normal one: log tan(pi / 2 Phi(z)).
    z = pm.math.clip(z, -10.0, 10.0)
    below, above = 0.5 * pm.math.erfc(-z / np.sqrt(2)), 0.5 * pm.math.erfc(z / np.sqrt(2))
    return pm.math.log(pm.math.sin(np.pi / 2 * below)) - pm.math.log(pm.math.sin(np.pi / 2 * above))


def horseshoe(name, dims):
    # The regularised horseshoe (Piironen & Vehtari 2017), non-centred: z r c / sqrt(r^2 + c^2).
    z = pm.Normal(name, 0.0, 1.0, dims=dims)
    local = log_half_cauchy(pm.Normal(f"{{name}}_local", 0.0, 1.0, dims=dims))
    everywhere = log_half_cauchy(pm.Normal(f"{{name}}_global", 0.0, 1.0)) + np.log({GLOBAL_SCALE})
    slab = pm.Normal(f"{{name}}_slab", 0.0, 1.0, shape={SLAB_DF})
    log_c2 = -pm.math.log((slab**2).mean() + {TINY})  # c^2 ~ InverseGamma({SLAB_DF / 2:g}, {SLAB_DF / 2:g})
    return z * pm.math.exp(0.5 * (log_c2 - pm.math.log1pexp(log_c2 - 2.0 * (local + everywhere))))
"""


def scaling_cell(plan: Plan, dataset: Dataset) -> Cell:
    """Return the part that standardises rows, by the training rows alone."""
    scaling = dataset.scaling
    if not dataset.standardize:
        text = "Rows enter the network in their own units."
        lines = ["", "def standardised(X):", "    return X", ""]
    else:
        text = "Rows enter the network in units of the training rows' scatter; held-out rows have no part in it."
        lines = ["x_mean, x_sd = X_train.mean(axis=0), X_train.std(axis=0)"]
        constant = np.ptp(dataset.X_train, axis=0) == 0
        if constant.any():
            lines.append("x_sd[np.ptp(X_train, axis=0) == 0] = 1.0  # a column that never changes")
        lines += ["", "", "def standardised(X):", "    return (X - x_mean) / x_sd", ""]
    if plan.is_standardised:
        if dataset.standardize and np.ptp(dataset.y_train) > 0:
            own = "y_mean, y_sd = y_train.mean(), y_train.std()"
        else:
            own = f"y_mean, y_sd = {scaling.y_mean!r}, {scaling.y_scale!r}"
        lines += ["", own]
    elif LIKELIHOODS[plan.structure.likelihood].counts:
        known = dataset.standardize and scaling.y_mean > 0
        value = "np.log(y_train.mean())" if known else "0.0"
        lines += ["", f"offset = {value}  # an output of 0 is then the mean count"]
    return Cell("Standardisation", text, "\n".join(lines).strip("\n"))


def model_cell(plan: Plan) -> Cell:
    """Return the part that defines the model."""
    helpers = _helpers(plan)
    body: list[str] = [*_rows(plan), *_parameters(plan), *_network(plan), *_likelihood(plan)]
    sizes = ", ".join(
        f'"{dim}": {"feature_names" if layer == 0 else f"range({plan.structure.sizes[layer]})"}'
        for layer, dim in enumerate(plan.dims)
    )
    body = [f"    {line}".rstrip() for line in body]
    lines = [f"coords = {{{sizes}}}", "with pm.Model(coords=coords) as model:", *body]
    text = (
        "Weights have a row for each unit and a column for each of its inputs. Compiled anew for a new structure, "
        "which takes a while."
    )
    return Cell("Model", text, "\n".join([*helpers, *lines]))


def _helpers(plan: Plan) -> list[str]:
    used = []
    if plan.experiment.network.activation == "elu" and len(plan.structure.sizes) > 2:
        used.append(_ELU)
    if plan.structure.likelihood in ("poisson", "negative_binomial", "mixture"):
        used.append(_BOUNDED)
    if plan.experiment.prior.family == "horseshoe":
        used.append(_HORSESHOE)
    return "".join(f"{code}\n" for code in used).splitlines() + [""] * bool(used)


def _rows(plan: Plan) -> list[str]:
    targets = "(y_train - y_mean) / y_sd" if plan.is_standardised else "y_train"
    lines = ['X = pm.Data("X", standardised(X_train))', f'targets = pm.Data("targets", {targets})']
    if plan.batch_size is not None:
        lines.append(f"X_batch, targets_batch = pm.Minibatch(X, targets, batch_size={plan.batch_size})")
    return [*lines, ""]


def _parameters(plan: Plan) -> list[str]:
    prior, lines = plan.experiment.prior, []
    learned = SCALINGS[prior.scaling].learned
    for layer in range(1, len(plan.structure.sizes)):
        fan_in, weight_dims = plan.dims[layer - 1], f'("{plan.dims[layer]}", "{plan.dims[layer - 1]}")'
        scale = f"{prior.scale!r}"
        if prior.scaling == "fan_in":
            scale = f"{prior.scale!r} / np.sqrt({plan.structure.sizes[layer - 1]})"
        elif learned:
            scale = "scale" if prior.scaling == "shared" else f"scale{layer}"
            if layer == 1 or prior.scaling != "shared":
                dims = f', dims="{fan_in}"' if prior.scaling == "ard" and layer == 1 else ""
                lines.append(f'{scale} = pm.HalfNormal("{scale}", {prior.scale!r}{dims})')
        lines.append(_parameter(prior.family, f"W{layer}", scale, weight_dims, learned))
        if not plan.experiment.network.bias:
            continue
        bias_learned = learned and prior.bias_scale is None
        if prior.bias_scale is not None:
            scale = f"{prior.bias_scale!r}"
        elif prior.scaling == "ard" and layer == 1:  # one for each feature: a bias has none
            scale, bias_learned = f"{prior.scale!r}", False
        lines.append(_parameter(prior.family, f"b{layer}", scale, f'"{plan.dims[layer]}"', bias_learned))
    return [*lines, ""]


def _parameter(family: str, name: str, scale: str, dims: str, learned: bool) -> str:
    if family == "horseshoe":
        value = f'{_product(scale)} * horseshoe("{name}_offset", {dims})'
        return f'{name} = pm.Deterministic("{name}", {value}, dims={dims})'
    if not learned:
        return f"{name} = {_variable(family, name, scale, dims)}"
    # Non-centred: scale and weight together would be a funnel.
    return (
        f'{name} = pm.Deterministic("{name}", {scale} * {_variable(family, f"{name}_offset", "1.0", dims)}, '
        f"dims={dims})"
    )


def _product(scale: str) -> str:
    return f"({scale})" if "/" in scale else scale


def _variable(family: str, name: str, scale: str, dims: str) -> str:
    if family == "spike_slab":
        sds = f"[{SPIKE_SCALE} * {_product(scale)}, {scale}]"
        weights = [SPIKE_SHARE, 1.0 - SPIKE_SHARE]
        return f'pm.NormalMixture("{name}", w={weights}, mu=[0.0, 0.0], sigma={sds}, dims={dims})'
    head = {
        "normal": f'pm.Normal("{name}", 0.0, {scale}',
        "laplace": f'pm.Laplace("{name}", 0.0, {scale}',
        "student_t": f'pm.StudentT("{name}", nu={STUDENT_DF}, mu=0.0, sigma={scale}',
        "cauchy": f'pm.Cauchy("{name}", 0.0, {scale}',
    }[family]
    return f"{head}, dims={dims})"


def _network(plan: Plan) -> list[str]:
    bias, count = plan.experiment.network.bias, len(plan.structure.sizes) - 1
    lines = ["def network(X):", "    # (rows, features) -> (rows, outputs)"]
    inputs = "X"
    for layer in range(1, count + 1):
        product = f"{inputs} @ W{layer}.T" + (f" + b{layer}" if bias else "")
        if layer == count:
            lines.append(f"    return {product}")
        else:
            code = ACTIVATION_CODE[plan.experiment.network.activation].format(product)
            lines.append(f"    h{layer} = {code}")
            inputs = f"h{layer}"
    return [*lines, ""]


def _likelihood(plan: Plan) -> list[str]:
    spec, lines = plan.experiment.likelihood, []
    if LIKELIHOODS[plan.structure.likelihood].has_noise:
        lines.append('noise = pm.HalfNormal("noise", 1.0)' if spec.noise is None else f"noise = {spec.noise!r}")
        lines.append("")
    target = plan.target
    given = ", ".join(f'"{name}": {code}' for name, code in target.parameters.items())
    lines += ["def likelihood_parameters(output):", "    # Of the target's distribution."]
    one_line = f"    return {{{given}}}"
    if len(one_line) < WIDTH:
        lines.append(one_line)
    else:
        lines += ["    return {", *(f'        "{n}": {c},' for n, c in target.parameters.items()), "    }"]
    if plan.batch_size is None:
        rows, observed = "X", "observed=targets"
    else:
        rows, observed = "X_batch", f"observed=targets_batch, total_size={plan.n_train}"
    return [*lines, "", f'pm.{target.distribution}("y", **likelihood_parameters(network({rows})), {observed})']
