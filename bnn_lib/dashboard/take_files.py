"""The files that a result is taken away as, each made of bytes once it is asked for.

They are built on a thread of the server's that knows nothing of the visitor's session: they are given all.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import numpy as np

from bnn_lib.dashboard import trust
from bnn_lib.dashboard.scores import BASELINES
from bnn_lib.dashboard.take_figures import Taken, figures
from bnn_lib.datasets.csv_download import to_csv_bytes
from bnn_lib.datasets.dataset_bytes import dataset_to_bytes
from bnn_lib.engine import Bare, Curves, Maps, Question, Surfaces, fit_key
from bnn_lib.engine.arrays import to_bytes
from bnn_lib.engine.views.curves import TAILS
from bnn_lib.errors import InvalidData
from bnn_lib.exports.notebook import to_notebook
from bnn_lib.exports.report import Report, source_of
from bnn_lib.exports.script import to_script
from bnn_lib.exports.script_data import rows_csv
from bnn_lib.exports.tables import inputs_frame, prediction_columns, scores_frame
from bnn_lib.inference import METHODS

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from bnn_lib.dashboard.session import Session

Kind = Literal["png", "svg"]
ANSWER_SECONDS = 90.0
INTERVAL = 0.95
HTML_CONFIG = {"showSendToCloud": False, "displaylogo": False}


@dataclass(frozen=True)
class File:
    """A file to download.

    Attributes
    ----------
    label : str
        Of its button.
    name : str
    mime : str
    help : str
        What it is, in a sentence.
    content : callable
        Builds it.
    """

    label: str
    name: str
    mime: str
    help: str
    content: Callable[[], bytes]


def stem(taken: Taken) -> str:
    """Return what the files of a result are called, without their endings."""
    return f"bnn-{key_of(taken)[:8]}"


def key_of(taken: Taken) -> str:
    """Return the key of the fit."""
    return fit_key(taken.experiment, taken.dataset if taken.own else None)


def code_files(taken: Taken, with_rows: bool) -> list[File]:
    """Return the script and the notebook; and their rows, where they read them from a file."""
    given, base = taken.dataset if taken.own else None, stem(taken)
    found = [
        File(
            "PyMC script",
            f"{base}.py",
            "text/x-python",
            "The same data, model and fit in plain PyMC; it ends by printing its held-out scores.",
            lambda: to_script(taken.experiment, given).encode(),
        ),
        File(
            "Notebook",
            f"{base}.ipynb",
            "application/x-ipynb+json",
            "The script as a Jupyter notebook.",
            lambda: to_notebook(taken.experiment, given).encode(),
        ),
    ]
    if with_rows:
        help_text = "The rows that script and notebook read, too many to be in them: keep them in the same folder."
        found.append(File("Their rows", "rows.csv", "text/csv", help_text, lambda: rows_csv(taken.dataset)))
    return found


def data_files(session: Session, taken: Taken) -> list[File]:
    """Return posterior, settings, what is seen over the inputs, and scores."""
    base, view = stem(taken), taken.picture.view
    seen = {Maps: "Map values", Surfaces: "Map values", Curves: "Curve values", Bare: "Predictions"}
    over = "the held-out rows" if isinstance(view, Bare) else "the inputs that the picture shows"
    return [
        File(
            "Posterior",
            f"{base}.nc",
            "application/x-netcdf",
            "NetCDF, which ArviZ opens: draws of every weight, the rows, and each draw's log likelihood of them.",
            lambda: netcdf(session, taken),
        ),
        File(
            "Settings",
            f"{base}.json",
            "application/json",
            "Everything that determines the fit but its rows; bnn.Experiment.from_json reads it."
            if taken.own
            else "Everything that determines the fit; bnn.Experiment.from_json reads it.",
            lambda: taken.experiment.to_json().encode(),
        ),
        File(
            seen.get(type(view), "Predictions"),
            f"{base}-values.csv",
            "text/csv",
            f"Mean and uncertainties over {over}, as CSV.",
            lambda: values_csv(session, taken),
        ),
        File(
            "Scores",
            f"{base}-scores.csv",
            "text/csv",
            "Held-out and training scores of the network and of the usual models, as CSV.",
            lambda: scores_csv(taken),
        ),
    ]


def figure_files(session: Session, taken: Taken, name: str) -> list[File]:
    """Return a figure in its three formats."""
    draw, base = figures(taken)[name], f"{stem(taken)}-{_slug(name)}"

    def image(kind: Kind) -> bytes:
        return images(session, [draw()], kind)[0][kind]

    return [
        File("PNG", f"{base}.png", "image/png", "Pixels, for a slide.", lambda: image("png")),
        File("SVG", f"{base}.svg", "image/svg+xml", "Lines and text, to print.", lambda: image("svg")),
        File(
            "HTML",
            f"{base}.html",
            "text/html",
            "To zoom, with the values under the pointer; needs no network (5 MB).",
            lambda: figure_html(draw()),
        ),
    ]


def all_figures_file(session: Session, taken: Taken) -> File:
    """Return every figure in one file."""
    return File(
        "All figures",
        f"{stem(taken)}-figures.zip",
        "application/zip",
        "Every figure as PNG and SVG, in a ZIP file.",
        lambda: figures_zip(session, taken),
    )


def report_file(session: Session, taken: Taken) -> File:
    """Return the report."""
    return File(
        "Report",
        f"{stem(taken)}-report.html",
        "text/html",
        "One HTML file: scores, verdict, figures, settings, versions and the script.",
        lambda: report(session, taken).to_html().encode(),
    )


def ask(session: Session, name: str, question: Question) -> dict[str, np.ndarray]:
    """Return a worker's answer.

    Raises
    ------
    InvalidData
        If there is none.
    """
    view = session.engine.ask(question, session.id, f"take {name}").wait(ANSWER_SECONDS)
    if view.arrays is None:
        raise InvalidData(view.message or "There was no answer; try again.")
    return dict(view.arrays)


def netcdf(session: Session, taken: Taken) -> bytes:
    """Return the posterior as NetCDF, which a worker writes."""
    files = {"networks": taken.picture.networks}
    if taken.own:
        files["dataset"] = dataset_to_bytes(taken.dataset)
    return ask(session, "netcdf", Question("netcdf", {}, files))["netcdf"].tobytes()


def values_csv(session: Session, taken: Taken) -> bytes:
    """Return what is predicted over the picture's inputs, or for held-out rows where there is no picture."""
    view, dataset = taken.picture.view, taken.dataset
    if isinstance(view, Curves):
        return to_csv_bytes(inputs_frame(view.line.points(), dataset.feature_names, _curve_columns(view)))
    if isinstance(view, Maps):
        X = view.grid.points()
    elif isinstance(view, Surfaces):
        X = view.plane.grid.points()
    else:
        X = dataset.X_test
    # Of a map of numbers the interval would take longer than all the rest.
    intervals = [] if dataset.class_names or isinstance(view, Surfaces) else [INTERVAL]
    files = {"networks": taken.picture.networks, "rows": to_bytes({"X": X})}
    answer = ask(session, "values", Question("predict", {"intervals": intervals}, files))
    columns = prediction_columns(answer, dataset.class_names, intervals)
    if isinstance(view, Bare):
        names = np.array(dataset.class_names, dtype=object)
        truth = names[dataset.y_test] if dataset.class_names else dataset.y_test
        columns = {f"{taken.target}, true": truth} | columns
    return to_csv_bytes(inputs_frame(X, dataset.feature_names, columns))


def _curve_columns(view: Curves) -> dict[str, np.ndarray]:
    final = view.final
    columns = {"mean": final.mean}
    for what, quantiles in (("target", final.outcome), ("mean function", final.function)):
        columns |= {f"{what}, {100 * tail:g} %": row for tail, row in zip(TAILS, quantiles, strict=True)}
    return columns | {"epistemic sd": final.epistemic_sd, "aleatoric sd": final.aleatoric_sd}


def scores_csv(taken: Taken) -> bytes:
    """Return the scores, a row for each model and part of the rows."""
    return to_csv_bytes(scores_frame(taken.picture.scores, _label(taken), BASELINES))


def figure_html(figure: go.Figure) -> bytes:
    """Return a figure as one file that needs nothing else, Plotly's library included."""
    text: str = figure.to_html(include_plotlyjs=True, full_html=True, config=HTML_CONFIG)
    return text.encode("utf-8", "replace")


def images(session: Session, drawn: Sequence[go.Figure], *kinds: Kind) -> list[dict[Kind, bytes]]:
    """Return each figure as a file of each kind, which a worker draws."""
    from plotly.utils import PlotlyJSONEncoder

    # Trace by trace: a whole figure's own JSON has its arrays in a form that only Plotly's JavaScript reads.
    plain = [
        {"data": [trace.to_plotly_json() for trace in figure.data], "layout": figure.layout.to_plotly_json()}
        for figure in drawn
    ]
    content = json.dumps(plain, cls=PlotlyJSONEncoder).encode("utf-8", "replace")
    question = Question("images", {"formats": list(kinds)}, {"figures": content})
    answer = ask(session, "images", question)
    return [{kind: answer[f"{place}.{kind}"].tobytes() for kind in kinds} for place in range(len(drawn))]


def figures_zip(session: Session, taken: Taken) -> bytes:
    """Return every figure as PNG and SVG, in one ZIP file."""
    content, named = io.BytesIO(), figures(taken)
    files = images(session, [draw() for draw in named.values()], "png", "svg")
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, (name, kinds) in enumerate(zip(named, files, strict=True), start=1):
            for kind, image in kinds.items():
                archive.writestr(f"{place:02}-{_slug(name)}.{kind}", image)
    return content.getvalue()


def report(session: Session, taken: Taken) -> Report:
    """Return the report of a result."""
    picture, experiment = taken.picture, taken.experiment
    frame = scores_frame(picture.scores, _label(taken), BASELINES)
    drawn = figures(taken)
    vector = images(session, [draw() for draw in drawn.values()], "svg")
    stopped = picture.stopped_at
    total = experiment.inference.total_steps
    notes = [] if stopped is None else [f"Stopped at step {stopped:,} of {total:,}: unfinished."]
    return Report(
        experiment=experiment,
        dataset=taken.dataset,
        own=taken.own,
        headline=f"{source_of(experiment, taken.own)}: {_label(taken)}",
        verdict=trust.sentence(picture.scores, picture.diagnostics),
        details=trust.details(picture.scores, picture.diagnostics, len(taken.dataset.X_train)),
        scores=frame.to_dict("records"),
        figures=[(name, image["svg"]) for name, image in zip(drawn, vector, strict=True)],
        script=to_script(experiment, taken.dataset if taken.own else None),
        key=key_of(taken),
        link=taken.link,
        made=datetime.now(UTC).strftime("Made on %d %B %Y, %H:%M UTC."),
        notes=notes,
    )


def _label(taken: Taken) -> str:
    return f"Bayesian neural network, {METHODS[taken.experiment.inference.method].label}"


def _slug(name: str) -> str:
    """Return a name as part of a file's: letters and digits of ASCII alone."""
    kept = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in name.lower())
    return "-".join(kept.split())[:60] or "figure"
