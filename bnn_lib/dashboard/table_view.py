"""Your data, before the fit: take a file in, say what it holds, and let every guess about it be changed."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bnn_lib.activations import ACTIVATIONS
from bnn_lib.dashboard import controls, table
from bnn_lib.dashboard.likelihood_controls import family_of, likelihood_controls
from bnn_lib.dashboard.notices import plain
from bnn_lib.dashboard.session import Session
from bnn_lib.dashboard.widgets import Holder, bind, given_file, group, more, registered
from bnn_lib.datasets import Dataset, TableData, TableSummary
from bnn_lib.datasets.csv_file import MAX_ROWS
from bnn_lib.datasets.samples import SAMPLES
from bnn_lib.datasets.table_encoding import DROP, MAX_WIDTH, MEDIAN
from bnn_lib.datasets.text_file import MAX_BYTES
from bnn_lib.errors import InvalidData, counted
from bnn_lib.experiment import Experiment
from bnn_lib.experiment_text import write_text
from bnn_lib.inference import METHODS
from bnn_lib.likelihoods import LIKELIHOODS

# Characters, of up to three bytes each. The server drops a browser, and its session, that sends more at once than
# server.maxWidgetStateSize, 2 MB.
PASTED = 600_000
PREVIEW_ROWS = 100
UPLOADS = "table.uploads"  # counted, so that a file that was taken in leaves an empty place for the next
TASKS = {"regression": "Numbers", "classification": "Classes"}
CHOICES = Holder(table.choose, "w.table")
FIELDS = Holder(table.change, "w.table")


# --- taking it in -------------------------------------------------------------------------------------------


def most_megabytes(session: Session) -> int:
    """Return the size of the largest file: what the host allows, and no more than can be read."""
    return min(session.engine.settings.upload_megabytes, MAX_BYTES // 1_000_000)


def show_entry(session: Session) -> None:
    """Offer the ways in: drop a file, paste text, or try a table that is there."""
    st.markdown(
        "From a table to a Bayesian neural network: how good it is beside the usual models, how far to trust it, "
        "what each feature does, and predictions for new rows that say how sure they are."
    )
    count = st.session_state.setdefault(UPLOADS, 0)
    st.file_uploader(
        "Drop a CSV file here",
        key=f"table.file{count}",
        max_upload_size=most_megabytes(session),
        on_change=_uploaded,
        args=(session, f"table.file{count}"),
    )
    # Streamlit keeps what a closed tab had for two minutes, as it may be the connection alone that was lost.
    st.caption(
        f"A CSV file with a row of names: at most {most_megabytes(session)} MB, {MAX_ROWS:,} rows, {MAX_WIDTH} "
        "inputs (a category counts once for each level). It stays in the server's memory for this tab alone, in "
        "no link and on no disk; two minutes after you close the tab, nobody can reach it."
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown("Or try", width="content")
        for name, sample in SAMPLES.items():
            st.button(
                sample.label,
                key=f"table.sample.{name}",
                help=sample.help,
                on_click=_sampled,
                args=(session, name),
            )
        with (
            st.popover("Paste text", icon=":material/content_paste:", key="table.paste"),
            st.form("table.pasted", border=False),
        ):
            st.text_area(
                "Rows, as copied from a spreadsheet or a file", height=180, max_chars=PASTED, key="table.text"
            )
            st.caption(f"At most {PASTED:,} characters; of a longer text nothing is taken: drop it as a file.")
            st.form_submit_button("Read it", on_click=_pasted, args=(session,))


def _uploaded(session: Session, key: str) -> None:
    file = given_file(key)
    if file is not None:
        table.take(session, file.name, file.getvalue())
        st.session_state[UPLOADS] += 1


def _sampled(session: Session, name: str) -> None:
    sample = SAMPLES[name]
    table.take(session, sample.file_name, sample.content(), sample.image)


def _pasted(session: Session) -> None:
    table.take(session, "Pasted text", (st.session_state.get("table.text") or "").encode())


# --- what it holds ------------------------------------------------------------------------------------------


def show_summary(session: Session, loaded: table.Loaded) -> None:
    """One line on the table, what was changed in reading it, and a look at it."""
    with st.container(key="table_summary", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(loaded.name)}**: {plain(loaded.summary.text)}", width="content")
        st.button(
            "Another file",
            key="table.drop",
            type="tertiary",
            icon=":material/close:",
            help="Forget this table and everything fitted to it",
            on_click=table.drop,
            args=(session,),
        )
    warnings = loaded.summary.warnings
    if warnings:
        more = f" (and {len(warnings) - 3} more)" if len(warnings) > 3 else ""
        st.caption(plain(" ".join(warnings[:3]) + more))


def show_preview(summary: TableSummary, choices: table.Choices) -> None:
    """Show what each column is used for, and the first rows."""
    columns, rows = st.tabs(["Columns", "First rows"], key="table.tabs")
    with columns:
        st.dataframe(column_table(summary, choices), hide_index=True, key="table.columns")
    with rows:
        st.dataframe(summary.table.frame.head(PREVIEW_ROWS), hide_index=True, key="table.rows")


def column_table(summary: TableSummary, choices: table.Choices) -> pd.DataFrame:
    """Return one row a column: its part in the fit, what it holds and, where any is left out, why."""

    def part(name: str) -> str:
        return "target" if name == choices.target else "feature" if name in choices.features else "left out"

    order = {"target": 0, "feature": 1, "left out": 2}
    found = [
        {
            "Column": column.name,
            "Used as": part(column.name),
            "Holds": f"{column.kind}, {column.text}",
            "Missing": column.missing,
            "Why not": column.why_not if part(column.name) == "left out" else "",
        }
        for column in summary.columns
    ]
    table = pd.DataFrame(sorted(found, key=lambda row: order[str(row["Used as"])]))
    return table if table["Why not"].any() else table.drop(columns="Why not")


# --- choices ------------------------------------------------------------------------------------------------


def show_choices(summary: TableSummary, choices: table.Choices) -> None:
    """Target, features, what to do about missing values, and how many rows are held out."""
    target, task = st.columns([3, 2], vertical_alignment="bottom")
    guessed, reason = summary.guess_task(choices.target)
    with target:
        options = list(dict.fromkeys([*summary.targets, choices.target]))
        st.selectbox(
            "Predict",
            options,
            help="The target: the column to be predicted.",
            **bind("target", choices.target, CHOICES),
        )
    with task:
        st.segmented_control(
            "Its values are",
            list(TASKS),
            format_func=TASKS.__getitem__,
            required=True,
            help=f"Guessed: {TASKS[guessed].lower()}, as it holds {plain(reason)}.",
            **bind("task", choices.task, CHOICES),
        )
    usable = [column.name for column in summary.columns if column.usable and column.name != choices.target]
    st.multiselect(
        f"From these {len(choices.features)} features",
        usable,
        help="Columns left out, and why, are in the table beside.",
        **bind("features", list(choices.features), CHOICES),
    )
    incomplete = summary.count_incomplete(choices.target, choices.features)
    if incomplete:
        st.radio(
            f"{counted(incomplete, 'row')} with a missing value",
            [DROP, MEDIAN],
            format_func={DROP: "leave out", MEDIAN: "fill in"}.__getitem__,
            horizontal=True,
            help="Filled in are the training rows' median and, for categories, their most common level.",
            **bind("missing", choices.missing, CHOICES),
        )
    st.slider(
        "Held out",
        0.05,
        0.5,
        step=0.05,
        format="percent",
        help="Share of the rows that the fit never sees: they judge it.",
        **bind("test_fraction", choices.test_fraction, CHOICES),
    )


def show_encoded(loaded: table.Loaded, choices: table.Choices) -> TableData | None:
    """Say what data set the choices make, and return it; or say why they make none."""
    try:
        data = loaded.encode(choices)
    except InvalidData as error:
        st.warning(plain(str(error)), icon=":material/error:")
        return None
    dataset = data.dataset
    inputs = counted(dataset.n_features, "input")
    classes = f", {dataset.n_classes} classes" if dataset.n_classes else ""
    dropped = f"; {counted(data.dropped, 'row')} left out" if data.dropped else ""
    st.caption(
        f"{len(dataset.X_train):,} rows to learn from, {len(dataset.X_test):,} held out; "
        f"{counted(len(choices.features), 'feature')} as {inputs}{classes}{dropped}."
    )
    return data


# --- network and method -------------------------------------------------------------------------------------


def show_settings(dataset: Dataset) -> None:
    """Network, noise, prior and method, folded away: the defaults are good ones."""
    experiment = table.experiment()
    with st.expander(f"Model: {plain(model_text(experiment, dataset))}", key="table_settings"):
        with group("Network"):
            controls.units_control(experiment, FIELDS)
            registered(experiment, "network.activation", "Activation", ACTIVATIONS, 112, FIELDS)
            with more("network"):
                controls.more_network_controls(experiment, dataset, FIELDS)
        if dataset.task == "regression":
            with group("Noise"):
                likelihood_controls(experiment, dataset, FIELDS)
        with group("Prior"):
            controls.prior_controls(experiment, FIELDS, dataset.n_features)
        with group("Inference"):
            controls.inference_controls(experiment, FIELDS, batch_in_sight=True)


def model_text(experiment: Experiment, dataset: Dataset) -> str:
    """Say in a few words what is fitted: the network's width, the likelihood, and the method."""
    hidden = experiment.network.hidden
    units = f"{write_text(hidden)} hidden units" if hidden else "no hidden units"
    family = LIKELIHOODS[family_of(experiment, dataset)].label
    return f"{units}, {family} likelihood, {METHODS[experiment.inference.method].label}"
