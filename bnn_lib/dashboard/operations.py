"""The operations page: what waits and runs, how much memory and disk it takes, and what went wrong lately."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import streamlit as st

from bnn_lib.dashboard.notices import plain
from bnn_lib.engine import Engine, LoggedError, Operations

EVERY = 5.0  # seconds between two looks
MEGABYTE = 1_000_000
STATM = Path("/proc/self/statm")  # Linux only


def live(engine: Engine) -> None:
    """Show it, again and again."""
    st.fragment(_show, run_every=EVERY)(engine)


def _show(engine: Engine) -> None:
    seen = engine.operations()
    status, load = seen.status, seen.load
    if status.phase == "ready":
        st.success("Ready: fits run now.", icon=":material/check_circle:")
    else:
        st.warning(plain(status.message or ""), icon=":material/hourglass:")
    if status.warning:
        st.warning(plain(status.warning), icon=":material/warning:")
    with st.container(horizontal=True, gap="medium"):
        for label, value, help_text in numbers(seen, web_bytes()):
            st.metric(label, value, help=help_text, width="content")
    st.markdown("**Fits since the start**")
    ended = ", ".join(f"{count:,} {state}" for state, count in sorted(load.ended.items())) or "None so far"
    st.caption(f"{ended}.")
    st.markdown("**Latest warnings and errors**")
    if not seen.errors:
        st.caption("None. The server's log has everything.")
        return
    st.dataframe(rows(seen.errors), hide_index=True, width="stretch", height="content")


def numbers(seen: Operations, web: int | None) -> list[tuple[str, str, str]]:
    """Return label, value and meaning of each number; `web` is this process's memory in bytes."""
    status, load = seen.status, seen.load
    workers = list(seen.worker_bytes.values())
    largest = f"; the largest {megabytes(max(workers))}" if len(workers) > 1 else ""
    return [
        ("Open pages", f"{load.sessions:,}", "browser tabs that are here"),
        ("Workers", f"{status.workers:,}", "processes that fit"),
        ("Running", f"{load.running:,} of {status.threads:,}", "fits, and how many can run at a time"),
        ("Waiting", f"{load.queued:,}", "fits in the queue"),
        ("Fits a minute", f"{load.per_minute:.1f}", "that ended, over the last five minutes"),
        ("Store", f"{megabytes(seen.store_bytes)} of {megabytes(seen.store_limit)}", "results on disk"),
        ("Memory, web", megabytes(web), "of this web process"),
        ("Memory, workers", megabytes(sum(workers) if workers else None), f"of all workers{largest}"),
    ]


def rows(errors: Sequence[LoggedError]) -> list[dict[str, Any]]:
    """Return the table of what went wrong; times are UTC."""
    return [
        {
            "Time (UTC)": datetime.fromtimestamp(e.at, UTC).strftime("%Y-%m-%d %H:%M:%S"),
            "": e.level,
            "What": e.text,
        }
        for e in errors
    ]


def megabytes(size: int | None) -> str:
    """Write a size, e.g. "216 MB"; "–" if it is not known."""
    return "–" if size is None else f"{size / MEGABYTE:,.0f} MB"


def web_bytes() -> int | None:
    """Return this process's resident memory in bytes, None where the system does not say."""
    try:
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None
