"""One printable HTML file about a fit: settings, data, figures, scores, verdict, versions, and the script.

Nothing in it is fetched, and nothing runs: its own policy forbids both. Every text is escaped.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from bnn_lib.datasets import DATASETS
from bnn_lib.datasets.painted import count_points
from bnn_lib.inference import METHODS
from bnn_lib.likelihoods import LIKELIHOODS, resolve_likelihood

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.experiment import Experiment

LIBRARIES = ("pymc", "pytensor", "jax", "blackjax", "optax", "numpy", "scikit-learn")
MOST_SCRIPT = 60_000  # characters that are printed
_STYLE = """
:root { color-scheme: light; }
body { font: 11pt/1.45 "Source Sans 3", "Segoe UI", "Helvetica Neue", Arial, sans-serif; color: #22252b;
  background: #fff; max-width: 50rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 1.8rem 0 .5rem; }
h1, h2, h3 { break-after: avoid; } p { margin: .4rem 0; } .quiet { color: #62676f; }
.verdict { border-left: 4px solid #0d5a9c; padding: .2rem 0 .2rem .9rem; }
table { border-collapse: collapse; font-size: .92em; break-inside: avoid; }
th, td { text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid #d5d7da; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; break-inside: avoid; } figure img { width: 100%; height: auto; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: 0 1.6rem; }
pre { font: 8.5pt/1.4 ui-monospace, Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere;
  background: #f6f7f8; padding: .8rem; }
.code, .wrap { overflow-wrap: anywhere; }
@page { margin: 16mm; }
@media print { body { margin: 0; max-width: none; padding: 0; } .script { break-before: page; }
  pre { background: none; padding: 0; } }
"""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a report says; `to_html` writes it.

    Attributes
    ----------
    experiment : Experiment
    dataset : Dataset
    own : bool
        Whether the rows are a visitor's own, and not the experiment's.
    headline : str
        What the fit is of, in a few words.
    verdict : str
        How far it may be trusted, in a sentence or two.
    details : sequence of (heading, text)
        What that rests on.
    scores : sequence of mapping
        A row each, as of `bnn_lib.exports.tables.scores_frame`.
    figures : sequence of (caption, SVG)
    script : str
    key : str
    link : str
        Empty where there is none.
    made : str
        When.
    notes : sequence of str
        What else must be known, e.g. that it was stopped.
    """

    experiment: Experiment
    dataset: Dataset
    own: bool
    headline: str
    verdict: str
    details: Sequence[tuple[str, str]] = ()
    scores: Sequence[Mapping[str, Any]] = ()
    figures: Sequence[tuple[str, bytes]] = ()
    script: str = ""
    key: str = ""
    link: str = ""
    made: str = ""
    notes: Sequence[str] = field(default_factory=tuple)

    def to_html(self) -> str:
        """Return the report as one HTML file."""
        policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        return "\n".join(
            [
                "<!doctype html>",
                '<html lang="en"><head><meta charset="utf-8">',
                f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
                '<meta name="viewport" content="width=device-width">',
                f"<title>{_text(self.headline)}</title><style>{_STYLE}</style></head><body>",
                *self._body(),
                "</body></html>",
                "",
            ]
        )

    def _body(self) -> list[str]:
        parts = [f"<h1>{_text(self.headline)}</h1>", f'<p class="quiet">{_text(self.made)}</p>']
        parts += [f"<p><strong>{_text(note)}</strong></p>" for note in self.notes]
        parts += ["<h2>How good it is</h2>", _scores_table(self.scores)]
        parts += ["<h2>How far to trust it</h2>", f'<p class="verdict">{_text(self.verdict)}</p>']
        parts += [f"<p><strong>{_text(name)}</strong>: {_text(text)}</p>" for name, text in self.details]
        if self.figures:
            parts.append("<h2>Figures</h2>")
        parts += [_figure(caption, svg) for caption, svg in self.figures]
        parts += ["<h2>Data</h2>", _table(_about(self.dataset, source_of(self.experiment, self.own)))]
        parts.append("<h2>Settings</h2>")
        parts.append('<div class="columns">')
        found = settings(self.experiment, self.dataset, self.own)
        parts += [f"<div><h3>{_text(name)}</h3>{_table(rows)}</div>" for name, rows in found]
        parts += ["</div>", "<h2>To find it again</h2>"]
        where = {"Key": self.key} | ({"Link": self.link} if self.link else {})
        parts.append(_table(where | versions()))
        if self.script:
            parts.append('<div class="script"><h2>The same as a PyMC script</h2>')
            cut = len(self.script) > MOST_SCRIPT
            if cut:
                parts.append(f"<p>Its first {MOST_SCRIPT:,} characters; it can be had as a file of its own.</p>")
            parts.append(f"<pre>{_text(self.script[:MOST_SCRIPT])}</pre></div>")
        return parts


def settings(experiment: Experiment, dataset: Dataset, own: bool = False) -> list[tuple[str, dict[str, str]]]:
    """Return what was set and mattered, by section; of `own` rows the experiment's data part did not."""
    likelihood = resolve_likelihood(experiment.likelihood, dataset)
    left_out = _of_no_matter(experiment, dataset, likelihood)
    found = []
    for section in type(experiment).model_fields:
        if section == "data" and own:
            continue
        spec = getattr(experiment, section)
        names = [name for name in type(spec).model_fields if f"{section}.{name}" not in left_out]
        rows = {name.replace("_", " "): _setting(section, name, getattr(spec, name)) for name in names}
        if section == "likelihood":
            rows["family"] = LIKELIHOODS[likelihood].label
        found.append((section.capitalize(), {name: text for name, text in rows.items() if text}))
    return found


def _of_no_matter(experiment: Experiment, dataset: Dataset, likelihood: str) -> set[str]:
    """Return the fields, by dotted name, that this experiment does not use."""
    left_out = set()
    if DATASETS[experiment.data.name].fixed_rows is not None or DATASETS[experiment.data.name].painted:
        left_out |= {"data.n", "data.noise", "data.imbalance"}
    if dataset.task == "regression":
        left_out |= {"data.imbalance", "data.label_noise"}
    if not LIKELIHOODS[likelihood].has_noise:
        left_out.add("likelihood.noise")
    if likelihood != "mixture":
        left_out.add("likelihood.components")
    used = ("method", *METHODS[experiment.inference.method].fields, "seed")
    return left_out | {f"inference.{name}" for name in type(experiment.inference).model_fields if name not in used}


def versions() -> dict[str, str]:
    """Return the versions of the libraries that a fit depends on, without importing any."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _setting(section: str, name: str, value: object) -> str:
    """Return a value in words; of what is None, what that means."""
    if value is None:
        meant = {
            "likelihood.noise": "learned",
            "inference.batch_size": "all rows",
            "prior.bias_scale": "as weights",
        }
        return meant.get(f"{section}.{name}", "")
    if name == "points":
        return f"{count_points(value):,} painted" if isinstance(value, str) else ""
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _about(dataset: Dataset, source: str) -> dict[str, str]:
    rows = {
        "Rows from": source,
        "Training rows": f"{len(dataset.X_train):,}",
        "Held-out rows": f"{len(dataset.X_test):,}",
        f"Features ({dataset.n_features:,})": ", ".join(dataset.feature_names),
    }
    if dataset.class_names:
        counts = [int((dataset.y_train == code).sum()) for code in range(dataset.n_classes)]
        both = zip(dataset.class_names, counts, strict=True)
        rows["Classes (training rows)"] = ", ".join(f"{name} ({count:,})" for name, count in both)
    else:
        y = dataset.y_train
        rows["Target, training rows"] = f"{y.min():.4g} to {y.max():.4g}, mean {y.mean():.4g}, sd {y.std():.4g}"
    return rows


def source_of(experiment: Experiment, own: bool) -> str:
    """Return where the rows are from, in a few words; `own`: a visitor's table."""
    return "a table of one's own" if own else DATASETS[experiment.data.name].label


def _table(rows: Mapping[str, str]) -> str:
    lines = [
        f'<tr><th scope="row">{_text(name)}</th><td class="wrap">{_text(text)}</td></tr>'
        for name, text in rows.items()
    ]
    return f"<table>{''.join(lines)}</table>"


def _scores_table(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return '<p class="quiet">No scores.</p>'
    columns = list(rows[0])
    head = "".join(f'<th scope="col">{_text(str(name).replace("_", " "))}</th>' for name in columns)
    body = "".join(f"<tr>{''.join(_cell(row.get(name)) for name in columns)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f'<td class="number">{"" if value != value else f"{value:.4g}"}</td>'
    return f"<td>{_text(str(value))}</td>"


def _figure(caption: str, svg: bytes) -> str:
    source = base64.b64encode(svg).decode("ascii")
    return f'<figure><img alt="{_text(caption)}" src="data:image/svg+xml;base64,{source}"></figure>'


def _text(text: str) -> str:
    """Escape, and make of what UTF-8 has no bytes for (half a pair of surrogates) something that it has."""
    return html.escape(text.encode("utf-8", "replace").decode("utf-8"))
