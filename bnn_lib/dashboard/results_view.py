"""How results are shown side by side: their pictures by data set, their scores, and what they differ in."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bnn_lib.dashboard import compare, compare_cells, compare_numbers, compare_view, results, scores, share
from bnn_lib.dashboard.notices import plain
from bnn_lib.dashboard.results import Result
from bnn_lib.engine import Curves, Maps

MORE, KIND = "results.more", "results.kind"


def show_entry(problems: Sequence[str]) -> None:
    """Show where keys are put in, and what was wrong with them."""
    with (
        st.form("results.form", clear_on_submit=True, border=False),
        st.container(horizontal=True, gap="small", vertical_alignment="bottom"),
    ):
        st.text_input(
            "Keys or links",
            key=MORE,
            placeholder="Paste one or several; a result's key is under Share on its page",
            width=560,
        )
        st.form_submit_button("Add", on_click=_added, icon=":material/add:")
    for problem in problems[: results.MOST]:
        st.warning(plain(problem), icon=":material/key_off:")


def _added() -> None:
    text = st.session_state.get(MORE)
    if isinstance(text, str):
        results.add(text)


def show_pictures(found: Sequence[Result]) -> None:
    """Show the results' pictures, those of the same data on the same scales."""
    kind = compare.KINDS[0]
    if any(isinstance(result.picture.view, Maps) for result in found):
        kind = st.segmented_control(
            "Map",
            compare.KINDS,
            format_func=compare_cells.NAMES.__getitem__,
            key=KIND,
            default=kind,
            required=True,
            label_visibility="collapsed",
        )
    groups: dict[str, list[Result]] = {}
    for result in found:
        groups.setdefault(result.experiment.data.model_dump_json(), []).append(result)
    for members in groups.values():
        first, group = members[0], members[0].key
        drawn = isinstance(first.picture.view, Maps | Curves)
        shown = kind if isinstance(first.picture.view, Maps) else None
        if drawn:
            compare_cells.show_legend(first.experiment, shown, group)
        with st.container(key=f"compare_cells_{group}"):
            for result in members:
                with st.container(key=f"compare_cell_{result.key}", gap="xsmall"):
                    _cell(result, shown, group, drawn)


def _cell(result: Result, kind: str | None, group: str, drawn: bool) -> None:
    st.markdown(f"**{plain(results.label(result))}**")
    if drawn:
        frame = result.picture.final
        compare_cells.show_cell(result.key, frame, kind, results.label(result), group)
    else:
        st.caption("Surfaces over two features are not drawn here; open it to see them.")
    st.html(scores.headline(result.picture.scores, False, result.picture.diagnostics))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        share.link_to_page(result.experiment, "Open", {"key": result.key})
        st.button(
            "Remove",
            key=f"results.remove.{result.key}",
            type="tertiary",
            on_click=results.remove,
            args=(result.key,),
        )


def show_tables(found: Sequence[Result]) -> None:
    """Show what settings differ, and all scores."""
    differ = results.differences(found)
    st.markdown("## Settings that differ")
    if differ:
        st.dataframe(differ, hide_index=True, key="results_differences", width="content")
    else:
        st.caption("None: these are results of the same settings.")
    st.markdown("## Scores on held-out rows")
    numbers = compare_numbers.table([compare.Entry(r.experiment.inference.method, None, r.picture) for r in found])
    columns = [column for column in compare_numbers.used(numbers) if column.is_of_one]
    rows = [
        {"Result": results.label(result), **{column.name: row[column.name] for column in columns}}
        for result, row in zip(found, numbers, strict=True)
    ]
    config = compare_view.column_config(columns)
    st.dataframe(
        rows, hide_index=True, key="results_scores", column_config=config, placeholder="–", width="content"
    )
    if len({result.experiment.data.model_dump_json() for result in found}) > 1:
        st.caption("They are of different rows: scores of different rows say little about each other.")
