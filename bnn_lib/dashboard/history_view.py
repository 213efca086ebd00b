"""The dialog of this tab's fits: names, pins, and the way back to each."""

from __future__ import annotations

import streamlit as st

from bnn_lib.dashboard import history, run, state
from bnn_lib.dashboard.history import Entry
from bnn_lib.dashboard.session import Session

GONE_BACK = "history_gone_back"
LEFT = "This result has left the server's store. Its settings are here again; press Fit."


def button(session: Session, page: str, may_open: bool = True) -> None:
    """Show the button that opens the dialog, once there is something to come back to.

    `may_open`: no other dialog opens in this run, which both cannot.
    """
    st.session_state[GONE_BACK] = False
    count = sum(entry.page == page for entry in history.entries())
    label = f"History ({count})" if count else "History"
    if st.button(label, key="history_open", icon=":material/history:", disabled=not count) and may_open:
        _dialog(session, page)


@st.dialog("Fits of this visit", width="large")
def _dialog(session: Session, page: str) -> None:
    if st.session_state.pop(GONE_BACK, False):
        st.rerun()  # the whole page, and not the dialog alone
    shown, busy = run.shown(), run.active() is not None
    with st.container(key="history", gap="xsmall"):
        for number, entry in enumerate(entry for entry in history.entries() if entry.page == page):
            key = f"history.{entry.key}"
            with st.container(
                key=f"history_{number}", horizontal=True, gap="small", vertical_alignment="center", wrap=False
            ):
                st.session_state[f"{key}.name"] = entry.name
                st.text_input(
                    "Name",
                    key=f"{key}.name",
                    max_chars=history.LONGEST_NAME,
                    label_visibility="collapsed",
                    on_change=_renamed,
                    args=(entry, f"{key}.name"),
                )
                st.button(
                    "Unpin" if entry.pinned else "Pin",
                    key=f"{key}.pin",
                    icon=":material/keep_off:" if entry.pinned else ":material/keep:",
                    on_click=history.pin,
                    args=(entry,),
                    type="tertiary",
                )
                is_here = shown is not None and shown.key == entry.key
                st.button(
                    "On the page" if is_here else "Show",
                    key=f"{key}.show",
                    on_click=show,
                    args=(session, entry),
                    disabled=is_here or busy,
                    width=110,
                )
    st.caption(
        f"The last {history.MOST} fits are kept, pinned ones longer (up to {history.MOST_PINNED}), "
        f"and {history.MOST_STOPPED} that were stopped; all until this tab is closed."
    )


def _renamed(entry: Entry, key: str) -> None:
    history.rename(entry, st.session_state[key])


def show(session: Session, entry: Entry) -> None:
    """Go back to a fit: its settings and its result."""
    picture = entry.stopped or session.engine.result(entry.experiment.key)
    state.put(entry.experiment)
    st.session_state[GONE_BACK] = True
    run.put(entry.experiment, picture, failure=None if picture is not None else LEFT)
