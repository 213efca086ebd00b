"""Share: a page's link with title, note and what is hidden; its short form, its QR code, and the result's key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote, urlencode, urlsplit

import segno
import streamlit as st

from bnn_lib.dashboard import components, data, links, run, state
from bnn_lib.experiment import Experiment

RESULTS = "pages/results.py"
MOST_IN_CODE = 800  # characters: a phone reads no more from a projector
CODE_PIXELS = 360
TITLE, NOTE, HIDE, SHORT, CODE = (f"share.{name}" for name in ("title", "note", "hide", "short", "code"))


def button(own: Mapping[str, str] | None = None, result: run.Shown | None = None, is_one: bool = True) -> None:
    """Show the button that opens the dialog.

    Parameters
    ----------
    own : mapping, optional
        The page's own fields of its link.
    result : Shown, optional
        The result on the page.
    is_one : bool
        Whether the page shows one fit, which has a key.
    """
    if st.button("Share", key="share", icon=":material/share:", on_click=_begin):
        _dialog(dict(own or {}), stored_key(st.session_state[state.STATE], result) if is_one else None, is_one)


def whole_link() -> None:
    """Show what copies the address as it is, and its QR code: for a page that has no more to share."""
    components.show("link", {}, width="content")
    with st.popover("QR code", icon=":material/qr_code:"):
        _show_code(address_of(st.query_params.to_dict()))


def link_to_page(experiment: Experiment, label: str, query: Mapping[str, str] | None = None) -> None:
    """Show a link to the page of one fit on such data, set to the experiment or as `query` says."""
    name = experiment.data.name
    st.page_link(
        f"pages/{data.page_of(name)}.py",
        label=label,
        icon=":material/open_in_new:",
        # Never without a field: by the menu's links, which have none, one comes back to a page as it was left.
        query_params=query or {"data.name": name} | experiment.to_query(),
    )


def stored_key(experiment: Experiment, result: run.Shown | None) -> str | None:
    """Return the key under which the page's result is in the store, None if it has none or is another's."""
    whole = result is not None and result.experiment == experiment and result.picture.stopped_at is None
    return experiment.key if whole else None


def _begin() -> None:
    link = links.current()
    st.session_state.update({TITLE: link.title, NOTE: link.note, SHORT: bool(link.key), CODE: False})
    st.session_state[HIDE] = [name for name in links.HIDEABLE if name in link.hide]


@st.dialog("Share this page", width="medium")
def _dialog(own: dict[str, str], key: str | None, is_one: bool) -> None:
    experiment: Experiment = st.session_state[state.STATE]
    query = {"key": key} if key and st.session_state.get(SHORT) else experiment.to_query()
    address = address_of(query | own | _chosen().to_query())
    with st.container(key="share_link", gap="xsmall"):
        st.code(address, language=None, wrap_lines=True)
        with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
            components.show("link", {"address": address}, key="share_copy", width="content")
            if key:
                help_text = "By the result's key: it works as long as the result is in this server's store."
                st.toggle("Short", key=SHORT, help=help_text)
            st.toggle("QR code", key=CODE)
    if st.session_state.get(CODE):
        _show_code(address)
    st.text_input("Title of your own", key=TITLE, max_chars=links.LONGEST["title"])
    st.text_area("Note of your own", key=NOTE, max_chars=links.LONGEST["note"], height=70)
    st.multiselect(
        "Hide controls",
        links.HIDEABLE,
        format_func=lambda name: f"{links.SECTIONS[name]}: all" if name in links.SECTIONS else name,
        key=HIDE,
        placeholder="None",
    )
    st.caption("Hidden controls keep a class together. They are no lock: whoever edits the address sees them all.")
    if is_one:
        _show_key(key)


def _chosen() -> links.Link:
    """Return what the page's link says, with what is set in the dialog; anyone can have sent that."""
    texts = {"title": st.session_state.get(TITLE), "note": st.session_state.get(NOTE)}
    query = {name: text for name, text in texts.items() if isinstance(text, str)}
    query["hide"] = ",".join(st.session_state.get(HIDE) or [])
    set_here, _ = links.read(query)
    return replace(links.current(), title=set_here.title, note=set_here.note, hide=set_here.hide)


def address_of(query: Mapping[str, str]) -> str:
    """Return the address of this page with other fields."""
    here = urlsplit(st.context.url or "")
    page = f"{here.scheme}://{here.netloc}{here.path or '/'}" if here.netloc else ""
    # What may stand in a query as it is stays readable.
    fields = urlencode(query, quote_via=quote, safe=",:")
    return f"{page}?{fields}" if fields else page


def _show_code(address: str) -> None:
    """Draw the QR code, dark on white in either theme: it is for a camera."""
    if len(address) > MOST_IN_CODE:
        st.caption(
            f"This link has {len(address):,} characters; a QR code that can be read across a room takes "
            f"{MOST_IN_CODE}. Use the short link."
        )
        return
    code = segno.make(address, error="l", micro=False)
    image = code.png_data_uri(scale=max(3, CODE_PIXELS // code.symbol_size()[0]), dark="#000", light="#fff")
    st.html(f'<img class="bnn-code" alt="QR code of this link" src="{image}">')


def _show_key(key: str | None) -> None:
    """Say by what key the result is handed in."""
    if key is None:
        st.caption("The result's key, to hand it in, is here once these settings are fitted to the end.")
        return
    st.markdown("**Key of this result**, to hand it in:")
    st.code(key, language=None)
    st.page_link(RESULTS, label="Compare it with other results", query_params={"keys": key})
