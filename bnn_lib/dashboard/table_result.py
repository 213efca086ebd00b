"""Your data, once it is fitted: how good, how far to trust it, what it learned, and what it says of new rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from bnn_lib.dashboard import asked, scores, table, table_predict, table_view, trust, views
from bnn_lib.dashboard.notices import plain
from bnn_lib.dashboard.session import Session
from bnn_lib.dashboard.side_by_side import FONT
from bnn_lib.dashboard.trust_view import show_curve
from bnn_lib.datasets import TableEncoding
from bnn_lib.datasets.csv_download import to_csv_bytes
from bnn_lib.datasets.csv_file import MAX_ROWS, unique_names
from bnn_lib.datasets.table_encoding import NewRows
from bnn_lib.engine import Question
from bnn_lib.errors import InvalidData, counted
from bnn_lib.figures.effects import effects_figure, shared_range
from bnn_lib.figures.images import images_figure
from bnn_lib.inference import METHODS
from bnn_lib.likelihoods import LIKELIHOODS

SECOND = "table.second_rows"
LOOK_SECONDS = 0.3
LEAST_SURE = 10
IMAGES, IMAGE_COLUMNS = 15, 5  # of each kind
FIRST_EFFECTS = 6
CONFIG = {"displaylogo": False, "showSendToCloud": False, "displayModeBar": False}
MARGIN = {"l": 56, "r": 8, "t": 40, "b": 40}
FORM_WIDTH = 200  # pixels


def ask(session: Session, question: Question, slot: str, doing: str) -> Mapping[str, np.ndarray] | None:
    """Ask a worker and wait, saying so; None, with a message, if there is no answer."""
    answer = session.engine.ask(question, session.id, slot)
    place = st.empty()
    view = answer.wait(LOOK_SECONDS)
    while not view.ended:
        place.caption(doing)  # also the moment in which a click elsewhere ends this run
        view = answer.wait(LOOK_SECONDS)
    place.empty()
    if view.arrays is None:
        st.error(plain(view.message or "There is no answer; try again."), icon=":material/error:")
    return view.arrays


def show_headline(result: table.Result) -> None:
    """Show in one glance how good it is."""
    shown = scores.headline(result.picture.scores, not table.is_current(result), result.picture.diagnostics)
    st.html(shown, width="content")


def show_judgement(session: Session, results: list[table.Result]) -> None:
    """Scores beside the usual models, and whether its certainty may be trusted."""
    newest, name = results[0], _names(results)
    unfinished, stale = newest.picture.stopped_at is not None, not table.is_current(newest)
    if stale and table.run() is None:
        st.caption("These results are of other settings than those above: press Fit.")
    others = {name(other): other.picture.scores for other in results[1:]}
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.html(scores.scores_table(newest.picture.scores, unfinished, stale, name(newest), others))
        st.markdown("## Can I trust this?")
        st.markdown(plain(trust.sentence(newest.picture.scores, newest.picture.diagnostics)))
        if not stale and table.can_check(results):
            st.button(
                "Check with the reference",
                key="table.check",
                icon=":material/compare:",
                help="Fit it with NUTS too, which samples the posterior itself: takes minutes.",
                on_click=asked.ask,
                args=(partial(table.check, session),),
                disabled=table.run() is not None,
            )
    with right:
        show_curve(newest.picture.scores.get("calibration", {}))


def _names(results: list[table.Result]) -> Callable[[table.Result], str]:
    """Return what names results: by the method, and by the likelihood where there are several."""
    several = len({result.likelihood for result in results}) > 1

    def name(result: table.Result) -> str:
        likelihood = f", {LIKELIHOODS[result.likelihood].label}" if several else ""
        return f"This network, {METHODS[result.method].label}{likelihood}"

    return name


def show_least_sure(result: table.Result) -> None:
    """Show the held-out rows that it is least sure of, as they are in the file."""
    st.markdown("## Held-out rows that it is least sure of")
    loaded = table.loaded()
    if loaded is not None:
        shown = least_sure(result, loaded.summary.table.frame)
        short = st.column_config.NumberColumn(format="%.4g")
        numbers = {name: short for name in shown.select_dtypes("float")}
        st.dataframe(shown, hide_index=True, key="table.least_sure", column_config=numbers)


def show_images(result: table.Result, frame: pd.DataFrame, image: tuple[int, int]) -> None:
    """Show the held-out pictures that it is least sure of, and those that it is surest of."""
    rows, data = result.picture.rows, result.data
    count = min(IMAGES, len(rows.index) // 2)
    names = np.array(data.encoding.class_names, dtype=object)
    columns = st.columns(2, gap="large")
    for column, title, chosen in zip(
        columns,
        ("Held-out pictures that it is least sure of", "Those that it is surest of"),
        (slice(0, count), slice(None, -count - 1, -1)),
        strict=True,
    ):
        in_file = data.test_rows[rows.index[chosen]]
        pixels = frame.iloc[in_file, : image[0] * image[1]].to_numpy(float).reshape(-1, *image)
        mean = rows.mean[chosen]
        best = mean.argmax(axis=1)
        true = names[data.dataset.y_test[rows.index[chosen]]]
        figure = images_figure(
            pixels,
            true,
            names[best],
            mean[np.arange(len(best)), best],
            rows.total[chosen],
            "",
            columns=IMAGE_COLUMNS,
            theme=views.theme(),
        )
        figure.update_layout(margin={"l": 0, "r": 0, "t": 12, "b": 0}, width=None)
        wrong = int((names[best] != true).sum())
        with column:
            st.markdown(f"## {title}")
            st.plotly_chart(
                figure,
                theme=None,
                key=f"table.images.{title}",
                config=CONFIG,
                alt=f"{title}: {counted(len(best), 'picture')}, {wrong} of them taken for another class",
            )


def least_sure(result: table.Result, frame: pd.DataFrame) -> pd.DataFrame:
    """Return these rows: prediction, doubt and truth, then the row's own cells."""
    rows, data = result.picture.rows, result.data
    order = slice(0, min(LEAST_SURE, len(rows.index)))
    index = rows.index[order]
    total, epistemic, mean = rows.total[order], rows.epistemic[order], rows.mean[order]
    in_file = data.test_rows[index]
    shown: dict[str, Any] = {"Row": in_file + 1}
    if data.dataset.task == "regression":
        shown |= {"Predicted": mean[:, 0], "Uncertain by (sd)": np.sqrt(total)}
    else:
        best = mean.argmax(axis=1)
        shown |= {
            "Predicted": np.array(data.encoding.class_names, dtype=object)[best],
            "Probability": mean[np.arange(len(best)), best],
            "Doubt, nats": total,
        }
    shown["Of it ignorance"] = [f"{100 * share:.0f} %" for share in epistemic / np.maximum(total, 1e-12)]
    cells = frame.iloc[in_file].reset_index(drop=True)
    target = cells.pop(data.encoding.target)
    cells = cells[[item.name for item in data.encoding.inputs]]
    both = pd.concat([pd.DataFrame(shown), target.rename("True"), cells], axis=1)
    both.columns = pd.Index(unique_names([str(name) for name in both.columns]))
    return both


def show_effects(session: Session, result: table.Result) -> None:
    """Show what each feature does by itself."""
    data = result.data
    st.markdown("## What each feature does by itself")
    names = data.encoding.class_names
    if len(names) > 2:
        st.selectbox("Class", range(len(names)), format_func=names.__getitem__, key=table.CLASS, width=240)
    shown, target = table_predict.shown_output(data.encoding, st.session_state.get(table.CLASS))
    swept = table_predict.sweep(data.encoding, data.dataset)
    answer = ask(
        session,
        table_predict.question(result.picture, swept.X, data.dataset.task),
        "effects",
        "Predicting along each feature…",
    )
    if answer is None:
        return
    found = table_predict.effects(swept, answer, data, shown)
    if len(found) > FIRST_EFFECTS and not st.toggle(f"All {len(found)} features", key="table.all_effects"):
        found = found[:FIRST_EFFECTS]
    span = shared_range(found)
    # A figure a feature: as many side by side as there is room for.
    with st.container(key="table_effects"):
        for place, effect in enumerate(found):
            figure = effects_figure([effect], target, "", columns=1, theme=views.theme(), span=span)
            figure.update_layout(margin={**MARGIN, "t": 12}, font_family=FONT)
            alt = f"{target} along {effect.name}, from {effect.mean.min():.4g} to {effect.mean.max():.4g}"
            st.plotly_chart(figure, theme=None, key=f"table.effect.{place}", config=CONFIG, alt=alt)
    noise = " Grey: where 95 % of single values lie, noise included." if data.dataset.task == "regression" else ""
    st.caption(
        "The feature that moves the prediction most is first; all others stay at their median or most common "
        f"level. Purple: where 95 % of the networks lie, which is what they do not know.{noise} Ticks: training "
        "rows."
    )
    if "scale1" in result.picture.weights:
        st.markdown(views.relevance_text(data.dataset.feature_names, *result.picture.weights["scale1"]))


def show_form(session: Session, result: table.Result) -> None:
    """Ask for one row's values, and say what is predicted for it."""
    data = result.data
    st.markdown("## Predict one row")
    base = table_predict.typical(data.encoding, data.dataset)
    row: dict[str, Any] = {}
    with st.form("table.form", border=False):
        with st.container(horizontal=True, gap="small"):
            for place, item in enumerate(data.encoding.inputs):
                key, label = f"table.row.{place}.{item.name}", plain(item.name)
                if item.levels:
                    first = item.levels.index(base[item.name])
                    row[item.name] = st.selectbox(label, item.levels, first, key=key, width=FORM_WIDTH)
                else:
                    column = data.dataset.X_train[:, data.encoding.columns_of(item.name)]
                    step, decimals = table_predict.steps(column[:, 0])
                    row[item.name] = st.number_input(
                        label,
                        value=round(base[item.name], decimals),
                        step=step,
                        format=f"%.{decimals}f",
                        key=key,
                        width=FORM_WIDTH,
                    )
        st.form_submit_button("Predict", icon=":material/online_prediction:")
    try:
        X = data.encoding.encode_row(row)
    except InvalidData as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    answer = ask(session, table_predict.question(result.picture, X, data.dataset.task), "row", "Predicting…")
    if answer is not None:
        prediction, doubt = table_predict.describe(answer, data.encoding)
        st.markdown(f"**{plain(prediction)}**. {plain(doubt)}")
        beyond = table_predict.outside(data.encoding, data.dataset, row)
        if beyond:
            st.caption(plain(f"Beyond all that it has seen: {'; '.join(beyond)}."))


def _second(encoding: TableEncoding, file_id: str, content: Callable[[], bytes]) -> NewRows:
    """Read a second file once, and not again whenever something else on the page changes."""
    known = st.session_state.get(SECOND)
    if known is None or known[0] != (file_id, encoding):
        known = st.session_state[SECOND] = ((file_id, encoding), encoding.read(content()))
    rows: NewRows = known[1]
    return rows


def show_second_table(session: Session, result: table.Result) -> None:
    """Take a second file in and give it back with its predictions."""
    st.markdown("## Predict a file")
    size = table_view.most_megabytes(session)
    file = st.file_uploader("Drop a CSV file with the same features", key="table.second", max_upload_size=size)
    st.caption(
        "The same features, named as before; other columns are passed through. At most "
        f"{size} MB and {MAX_ROWS:,} rows."
    )
    if file is None:
        return
    encoding = result.data.encoding
    try:
        new = _second(encoding, file.file_id, file.getvalue)
    except InvalidData as error:
        st.error(plain(f"{file.name}: {error}"), icon=":material/error:")
        return
    question = table_predict.question(result.picture, new.X, encoding.task)
    answer = ask(session, question, "file", f"Predicting {counted(len(new.X), 'row')}…")
    if answer is None:
        return
    frame = table_predict.predicted_table(new, answer, encoding)
    skipped = len(new.complete) - int(new.complete.sum())
    why = "without a known value of every feature" if new.unknown else "with a missing value"
    note = f"; {counted(skipped, 'row')} {why} left blank" if skipped else ""
    st.caption(f"{counted(len(new.X), 'row')} predicted{note}.")
    for clause in new.unknown:
        st.warning(plain(f"A level that the model has not seen: {clause}."), icon=":material/help:")
    st.dataframe(frame.head(20), hide_index=True, key="table.predicted")
    st.download_button(
        "Download the predictions",
        lambda: to_csv_bytes(frame),  # written once it is asked for
        "predictions.csv",
        "text/csv",
        icon=":material/download:",
        key="table.download",
    )
