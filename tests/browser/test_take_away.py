"""Every file that a result is taken away as, downloaded by a real browser from the real app."""

from __future__ import annotations

import ast
import io
import json
import zipfile

import pandas as pd
from playwright.sync_api import Page, expect

import bnn_lib as bnn
from bnn_lib.experiment import Experiment

LONG = 180_000  # ms: patience, not a measure
MAGIC = {"png": b"\x89PNG", "svg": b"<?xml", "zip": b"PK", "nc": b"\x89HDF", "html": b"<"}


def download(page: Page, label: str) -> tuple[str, bytes]:
    with page.expect_download(timeout=LONG) as event:
        page.locator(f".st-key-take-{label.replace(' ', '-')} button").first.click()
    return event.value.suggested_filename, event.value.path().read_bytes()


def test_every_file_of_a_result_can_be_downloaded(visit, shots):
    visitor = visit()
    page = visitor.open()
    expect(page.locator(".bnn-scores")).to_be_visible(timeout=LONG)
    page.locator(".st-key-take_away summary").click()
    expect(page.locator(".st-key-take-Report button").first).to_be_visible(timeout=LONG)
    labels = (
        "PyMC script", "Notebook", "Posterior", "Settings", "Map values", "Scores", "PNG", "SVG", "HTML",
        "All figures", "Report",
    )  # fmt: skip
    files = dict(download(page, label) for label in labels)
    assert len(files) == len(labels)
    ending = {name.rpartition(".")[2]: content for name, content in files.items()}
    for kind, magic in MAGIC.items():
        assert ending[kind].lstrip().startswith(magic), kind
    assert ending["py"].decode() == bnn.to_script(Experiment())
    ast.parse(ending["py"])
    assert json.loads(ending["ipynb"])["nbformat"] == 4
    assert Experiment.from_json(ending["json"]) == Experiment()
    for name, content in files.items():
        if name.endswith(".csv"):
            assert len(pd.read_csv(io.BytesIO(content))) >= 4
    with zipfile.ZipFile(io.BytesIO(ending["zip"])) as archive:
        assert archive.testzip() is None
    # The report is a page by itself: nothing is asked of any network, nothing goes wrong.
    name = next(name for name in files if name.endswith("report.html"))
    alone = visitor.context.new_page()
    asked: list[str] = []
    alone.on("request", lambda request: asked.append(request.url))
    path = shots / name
    path.write_bytes(files[name])
    alone.goto(path.as_uri())
    expect(alone.get_by_role("heading", name="How far to trust it")).to_be_visible()
    assert all(url.startswith(("file:", "data:")) for url in asked), asked
    assert alone.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 100)")
    page.screenshot(path=shots / "take-away.png", full_page=True)
    assert not visitor.errors
