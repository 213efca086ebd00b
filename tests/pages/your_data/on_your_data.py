"""What tests of the page "Your data" read and press."""

from __future__ import annotations

import pandas as pd
from streamlit.testing.v1 import AppTest

from bnn_lib.datasets.samples import SAMPLES
from tests.pages.on_playground import key_of

DIABETES = SAMPLES["diabetes"].content()


def words(page: AppTest) -> str:
    kinds = ("markdown", "caption", "warning", "error")
    parts = [entry.value for kind in kinds for entry in page.get(kind)]
    return " ".join([*parts, *(entry.proto.body for entry in page.get("html"))]).replace("\\", "")


def frame_with(page: AppTest, column: str) -> pd.DataFrame:
    return next(entry.value for entry in page.dataframe if column in entry.value)


def upload(page: AppTest, content: bytes, name: str = "mine.csv") -> AppTest:
    page.file_uploader[0].set_value((name, content, "text/csv"))
    return page.run()


def fit(page: AppTest) -> AppTest:
    page.button(key="table.fit").click().run()
    for _ in range(10):
        if page.button(key="table.stop").disabled:
            assert not page.exception
            return page
        page.run()
    raise AssertionError("the fit did not end")


def family(page: AppTest):
    return page.selectbox(key=key_of(page, "w.table.likelihood.family"))
