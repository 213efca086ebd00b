"""The web pages' parts: the only code that imports Streamlit, beside app.py and pages/."""
