"""Your data as a visitor uses it, in a real browser, over the real engine: a file in, its predictions out."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import FilePayload, Page, expect

LONG = 180_000  # ms: patience, not a measure


def open_page(visitor) -> Page:
    page: Page = visitor.page
    page.goto(f"{visitor.address}/your_data")
    expect(page.get_by_text("Drop a CSV file here")).to_be_visible(timeout=LONG)
    # Streamlit looks for its server below the page's own address first.
    visitor.errors[:] = [error for error in visitor.errors if "404" not in error]
    return page


def payload(frame: pd.DataFrame, name: str) -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": frame.to_csv(index=False).encode()}


def drop(page: Page, place: str, file: FilePayload) -> None:
    page.locator(f'[class*="st-key-{place}"] input[type=file]').set_input_files(files=[file])


@pytest.mark.slow
def test_a_file_is_fitted_and_its_predictions_are_downloaded(visit, shots: Path, tmp_path: Path):
    visitor = visit(accept_downloads=True)
    page = open_page(visitor)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 2)).round(3)
    frame = pd.DataFrame(x, columns=["<b>left</b>", "=right"]).assign(
        kind=rng.choice(["old", "new"], 120),
        y=(10 + 3 * x[:, 0] - 2 * x[:, 1] + 0.3 * rng.normal(size=120)).round(3),
    )
    drop(page, "table-file", payload(frame, "mine.csv"))
    expect(page.get_by_text("96 rows to learn from, 24 held out; 3 features as 3 inputs.")).to_be_visible(
        timeout=LONG
    )

    page.get_by_text("Model: 10 hidden units, Gaussian likelihood").click()
    option = page.get_by_role("option", name="learned, by feature")
    for _ in range(20):  # a page that is still being drawn closes a list that is open
        page.get_by_role("combobox", name="Scaling").click()
        page.wait_for_timeout(1000)
        if option.is_visible():
            break
    option.click()
    expect(page.get_by_role("combobox", name="Scaling")).to_have_value("learned, by feature")
    page.locator('[class*="st-key-table-fit"] button:visible').click()
    expect(page.get_by_text("Can I trust this?")).to_be_visible(timeout=LONG)
    matter = page.get_by_text("Which features matter").inner_text(timeout=LONG)
    assert max(matter.index(">left<"), matter.index("=right")) < matter.index("kind")
    expect(page.get_by_text("Predict a file")).to_be_visible(timeout=LONG)
    page.screenshot(path=shots / "your_data.png", full_page=True)

    second = frame.drop(columns="y").head(20).assign(note="=1+1")
    drop(page, "table-second", payload(second, "new.csv"))
    expect(page.get_by_text("20 rows predicted.")).to_be_visible(timeout=LONG)
    with page.expect_download() as download:
        page.locator('[class*="st-key-table-download"] button:visible').click()
    path = tmp_path / "predictions.csv"
    download.value.save_as(path)
    found = pd.read_csv(io.BytesIO(path.read_bytes()))
    assert found["note"].unique().tolist() == ["'=1+1"]
    assert list(found)[:2] == ["<b>left</b>", "'=right"]
    truth = 10 + 3 * second["<b>left</b>"] - 2 * second["=right"]
    assert np.abs(found["mean"] - truth).mean() < 1
    assert (found["lower 95 %"] < found["mean"]).all()
    assert (found["mean"] < found["upper 95 %"]).all()
    parts = found["aleatoric variance"] + found["epistemic variance"]
    np.testing.assert_allclose(found["total variance"], parts, rtol=1e-3)
    assert page.locator("b", has_text="left").count() == 0  # names are shown, not rendered


@pytest.mark.slow
def test_a_bad_file_is_refused_where_it_was_dropped(visit):
    page = open_page(visit())
    bad: FilePayload = {"name": "book.csv", "mimeType": "text/csv", "buffer": b"PK\x03\x04 and more"}
    drop(page, "table-file", bad)
    expect(page.get_by_text("book.csv: The file is a zip archive")).to_be_visible(timeout=LONG)
    page.locator('[class*="st-key-table-sample-wine"] button:visible').first.click()
    expect(page.get_by_text("178 rows, 14 columns")).to_be_visible(timeout=LONG)
