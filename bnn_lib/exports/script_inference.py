"""How a script fits, by the nearest that PyMC has, and how it scores the held-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bnn_lib.exports.cells import Cell
from bnn_lib.inference import METHODS
from bnn_lib.likelihoods import SMALLEST_PROBABILITY
from bnn_lib.priors import SCALINGS

if TYPE_CHECKING:
    from bnn_lib.exports.script_plan import Plan

DRAWS = 1000  # of an approximation
MOST_PREDICTED = 20_000_000  # draws times held-out rows times classes: 160 MB
NARROW = 0.007  # standard deviations at the start: bnn_lib.inference.gaussian's, whose import would be JAX's


def remarks(plan: Plan) -> list[str]:
    """Return what differs from the experiment, and why, a sentence or two each."""
    inference, method = plan.experiment.inference, plan.method
    said = []
    why = {
        "lowrank_advi": "PyMC has no low-rank ADVI. {} is used instead, {}.",
        "laplace": "PyMC has no Laplace approximation of this kind (generalised Gauss-Newton, predictions by the "
        "network made linear). {} is used instead, {}.",
        "dropout": "PyMC has no dropout, which has no posterior either: pm.fit with mean-field ADVI, which has "
        "one of the same model, is used instead. Its score will differ.",
        "sghmc": "PyMC has no stochastic gradient Hamiltonian Monte Carlo. pm.sample (NUTS) is used instead: it "
        "draws from the same posterior, of which SGHMC is an approximation.",
        "ensemble": "PyMC has no deep ensembles by name: pm.find_MAP from several starts is one.",
    }.get(inference.method)
    if why is not None:
        full = method == "fullrank_advi"
        name = "pm.fit with full-rank ADVI" if full else "pm.fit with mean-field ADVI"
        count = plan.structure.n_parameters
        reason = (
            "a normal distribution with every correlation"
            if full
            else f"since full-rank ADVI would take {count:,} x {count:,} numbers"
        )
        said.append(why.format(name, reason))
    if plan.batch_size != plan.asked_batch_size:
        said.append("It takes all rows at every step, where the experiment takes mini-batches.")
    if inference.early_stopping and "early_stopping" in METHODS[inference.method].fields:
        said.append("It does all its steps, where the experiment stops once the ELBO is flat.")
    if method == "fullrank_advi":
        said.append(
            "PyMC's full-rank ADVI starts with standard deviations above 1 and moves every entry of the "
            "covariance by the learning rate, where the experiment's starts narrow: it may need more steps to get "
            "as far."
        )
    if method == "svgd":
        said.append("PyMC's SVGD compares particles by its own kernel: scores agree roughly only.")
    if method == "map":
        said.append("pm.find_MAP climbs by L-BFGS, where the experiment does by Adam: it may find another mode.")
        if SCALINGS[plan.experiment.prior.scaling].learned or plan.structure.learned_noise:
            said.append(
                "Of learned scales and noise it finds the most probable values, where the experiment finds those "
                "of their logarithms: scores differ a little."
            )
    return said


def inference_cell(plan: Plan) -> Cell:
    """Return the part that fits."""
    inference, method = plan.experiment.inference, plan.method
    if method == "nuts":
        return _sampling(plan)
    lines = [f"rng = np.random.default_rng({inference.seed})", *_start()]
    if method == "map":
        members = inference.members if inference.method == "ensemble" else 1
        lines += [
            "with model:",
            f"    trace = [pm.find_MAP(start=start(), progressbar=False) for _ in range({members})]",
        ]
        text = "The most probable weights, from starts that break the units' symmetry."
        return Cell("Fit", text, "\n".join(lines))
    cosine = inference.schedule == "cosine" and "schedule" in METHODS[inference.method].fields
    rate, steps = inference.learning_rate, inference.steps
    arguments = [f"{steps}", f'method="{method}"', "start=start()", f"random_seed={inference.seed}"]
    if method == "advi":
        arguments.append(f"start_sigma={{variable.name: {NARROW} for variable in model.value_vars}}")
    if method == "svgd":
        particles = inference.particles
        arguments.append(f'inf_kwargs={{"n_particles": {particles}, "jitter": 0.3}}')
    elif inference.mc_samples > 1:
        arguments.append(f"obj_n_mc={inference.mc_samples}")
    if cosine:
        lines += [
            f"rate = pytensor.shared(np.asarray({rate!r}, dtype=pytensor.config.floatX))",
            "",
            "",
            "def cool(approximation, losses, step):",
            "    # Half a cosine down to zero: at a constant rate a fit keeps bouncing around the optimum.",
            f"    now = {rate!r} * (1 + np.cos(np.pi * step / {steps})) / 2",
            "    rate.set_value(np.asarray(now, dtype=rate.dtype))",
            "",
            "",
        ]
        arguments += ["obj_optimizer=pm.adam(learning_rate=rate)", "callbacks=[cool]"]
    else:
        arguments.append(f"obj_optimizer=pm.adam(learning_rate={rate!r})")
    arguments.append("progressbar=False")
    lines += ["with model:", "    approximation = pm.fit(", *(f"        {a}," for a in arguments), "    )"]
    lines.append(f"trace = approximation.sample({_draws(plan)}, random_seed={inference.seed})")
    return Cell("Fit", "Variational inference, and draws of what it found.", "\n".join(lines))


def _sampling(plan: Plan) -> Cell:
    inference = plan.experiment.inference
    if inference.method == "nuts":
        chains, tune, draws = inference.chains, inference.tune, inference.draws
    else:
        chains, tune, draws = METHODS[inference.method].copies, 1000, 1000
    lines = [
        "with model:",
        "    trace = pm.sample(",
        *(f"        {a}," for a in (f"draws={draws}", f"tune={tune}", f"chains={chains}")),
        f"        random_seed={inference.seed},",
        "        progressbar=False,",
        "    )",
    ]
    every = -(-chains * draws // _draws(plan, chains * draws))
    if every > 1:
        lines.append(f"trace = trace.sel(draw=slice(None, None, {every}))  # all would need much memory")
    return Cell("Fit", "Draws from the posterior by NUTS.", "\n".join(lines), guarded=True)


def _draws(plan: Plan, most: int = DRAWS) -> int:
    return max(50, min(most, MOST_PREDICTED // (plan.n_test * max(1, plan.structure.sizes[-1]))))


def _start() -> list[str]:
    """Where a fit starts: weight matrices from N(0, 1 / fan_in), all else as PyMC has it, which is at 0."""
    return [
        "",
        "",
        "def start():",
        "    # All weights at 0 would be a saddle point, where units that start equal stay equal.",
        "    shapes = {name: value.shape for name, value in model.initial_point().items() if value.ndim == 2}",
        "    return {name: rng.normal(0.0, shape[1] ** -0.5, shape) for name, shape in shapes.items()}",
        "",
        "",
    ]


def score_cell(plan: Plan) -> Cell:
    """Return the part that predicts the held-out rows and prints how well."""
    guarded, target = plan.method == "nuts", plan.target
    if plan.is_classification:
        lines = [*_predicted(plan, {"p": target.mean}), "p = p.mean(axis=0)"]
        if plan.structure.likelihood == "bernoulli":
            lines.append("p = np.column_stack([1 - p, p])")
        lines += [
            f"p_true = np.maximum(p[np.arange(len(y_test)), y_test], {SMALLEST_PROBABILITY!r})",
            'print(f"held-out accuracy: {(p.argmax(axis=1) == y_test).mean():.4f}")',
            'print(f"held-out nll: {-np.log(p_true).mean():.4f}")',
        ]
        text = "Class probabilities of the held-out rows, averaged over the draws."
        return Cell("Held-out score", text, "\n".join(lines), guarded)
    y_test = "(y_test - y_mean) / y_sd" if plan.is_standardised else "y_test"
    density = f"pm.logp(pm.{target.distribution}.dist(**likelihood_parameters(output)), {y_test})"
    lines = [
        *_predicted(plan, {"mean": target.mean, "log_density": density}),
        "mean, log_p = mean.mean(axis=0), np.logaddexp.reduce(log_density, axis=0) - np.log(len(log_density))",
    ]
    if plan.is_standardised:
        lines += ["mean, log_p = y_mean + y_sd * mean, log_p - np.log(y_sd)  # in the target's own units"]
    lines += [
        'print(f"held-out rmse: {np.sqrt(np.mean((mean - y_test) ** 2)):.6g}")',
        'print(f"held-out nll: {-log_p.mean():.4f}")',
    ]
    text = "Mean and log density of the held-out rows: density, like probability, is averaged over the draws."
    return Cell("Held-out score", text, "\n".join(lines), guarded)


def _predicted(plan: Plan, values: Mapping[str, str]) -> list[str]:
    """Lines that evaluate functions of ``output`` at the held-out rows: under each name, (draws, rows, ...)."""
    if plan.method == "map":
        names, graphs = ", ".join(values), ", ".join(values.values())
        return [
            "with model:",
            "    output = network(standardised(X_test))",
            f"    predict = model.compile_fn(model.replace_rvs_by_values([{graphs}]))",
            "points = [{variable.name: point[variable.name] for variable in model.value_vars} for point in trace]",
            f"{names}{',' if len(values) == 1 else ''} = map(np.array, zip(*map(predict, points)))",
        ]
    lines = ["with model:", "    output = network(standardised(X_test))"]
    lines += [f'    pm.Deterministic("{name}", {graph})' for name, graph in values.items()]
    names = ", ".join(f'"{name}"' for name in values)
    lines += [
        f"    predicted = pm.sample_posterior_predictive(trace, var_names=[{names}], progressbar=False)",
        "draws = predicted.posterior_predictive",
    ]
    return lines + [f'{name} = np.concatenate(draws["{name}"].to_numpy())' for name in values]
