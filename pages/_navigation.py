"""What every page shares: the tab's title and the menu. Streamlit runs this first, at every run."""

import streamlit as st

st.set_page_config(
    page_title="Bayesian neural network playground", page_icon="bnn_lib/dashboard/icon.png", layout="wide"
)
st.navigation([st.Page("playground.py", title="Playground", default=True)], position="top").run()
