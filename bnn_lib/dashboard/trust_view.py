"""Can I trust this? One plain answer, and folded away what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from bnn_lib.dashboard import run, trust, views
from bnn_lib.dashboard.notices import plain
from bnn_lib.dashboard.side_by_side import FONT
from bnn_lib.experiment import Experiment

HEIGHT = 270
MARGIN = {"l": 56, "r": 8, "t": 36, "b": 44}
CONFIG = {"displayModeBar": False}


def show_trust(experiment: Experiment, result: run.Shown, rows: int) -> None:
    """Show the sentence, a way to the comparison, and folded away what it rests on."""
    picture, method = result.picture, result.experiment.inference.method
    with st.container(key="trust", gap="xsmall"):
        st.markdown("## Can I trust this?")
        st.markdown(plain(trust.sentence(picture.scores, picture.diagnostics)))
        rest = st.expander("What that rests on", key="trust_details", on_change="rerun")
        if rest.open:
            with rest:
                show_curve(picture.scores.get("calibration", {}))
                for heading, text in trust.details(picture.scores, picture.diagnostics, rows):
                    st.markdown(f"**{heading}**: {plain(text)}")
        if method != "nuts":
            st.page_link(
                "pages/compare.py",
                label="Compare with NUTS",
                icon=":material/compare:",
                query_params=experiment.to_query() | {"methods": f"{method},nuts"},
            )


def show_curve(calibration: Mapping[str, Any]) -> None:
    """Show the reliability curve, or for numbers the histogram of the PIT; nothing where neither is known."""
    if not trust.has_curve(calibration):
        return
    figure = trust.calibration_figure(calibration, views.theme())
    if "pit" in calibration:
        alt = f"Histogram of the probability integral transform of {calibration['rows']:,} held-out rows"
    else:
        alt = f"Reliability curve of {calibration['rows']:,} held-out rows: {trust.example(calibration)}"
    figure.update_layout(height=HEIGHT, margin=MARGIN, title_font_size=14, title_x=0.02, font_family=FONT)
    st.plotly_chart(figure, theme=None, key="trust_curve", config=CONFIG, alt=alt)
