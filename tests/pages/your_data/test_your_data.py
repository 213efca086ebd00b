"""Your data as a visitor meets it, without a browser: a file to a judged model to predictions."""

from __future__ import annotations

import io
import re
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from bnn_lib.dashboard import table
from bnn_lib.engine import EngineSettings
from tests.pages.on_playground import key_of
from tests.pages.your_data.fake_table import TableEngine
from tests.pages.your_data.on_your_data import DIABETES, family, fit, frame_with, upload, words

NASTY = Path(__file__).parents[2] / "datasets" / "nasty"


def test_limits_are_stated_where_the_file_is_dropped(page: AppTest):
    assert "at most 5 MB, 50,000 rows, 200 inputs" in words(page)
    assert "a category counts once for each level" in words(page)
    assert "two minutes after you close the tab" in words(page)
    assert not page.exception


def test_the_hosts_limit_of_a_file_is_stated_and_holds_at_both_places(engine: TableEngine, page: AppTest):
    engine.settings = EngineSettings(upload_megabytes=2)
    page.run()
    assert "at most 2 MB" in words(page)
    (first,) = page.file_uploader
    fit(upload(page, DIABETES))
    assert "At most 2 MB and 50,000 rows" in words(page)
    (second,) = page.file_uploader
    assert [uploader.proto.max_upload_size_mb for uploader in (first, second)] == [2, 2]
    engine.settings = EngineSettings(upload_megabytes=9)  # of which the library would read 5
    page.button(key="table.drop").click().run()
    assert "at most 5 MB" in words(page)


def test_a_file_is_summarised_and_guessed_before_any_fit(engine: TableEngine, page: AppTest):
    upload(page, DIABETES)
    assert not page.exception
    assert "mine.csv: 442 rows, 11 columns: 10 numeric, 1 categorical; no missing values" in words(page).replace(
        "*", ""
    )
    assert page.selectbox(key="w.table.target").value == "progression"
    assert page.segmented_control(key=key_of(page, "w.table.task")).value == "regression"
    assert len(page.multiselect(key="w.table.features").value) == 10
    assert "354 rows to learn from, 88 held out; 10 features as 10 inputs." in words(page)
    assert engine.submitted == engine.datasets == []


def test_from_a_file_to_predictions_for_another(engine: TableEngine, page: AppTest):
    fit(upload(page, DIABETES))
    (dataset,) = engine.datasets
    assert dataset.X_train.shape == (354, 10)
    found = words(page)
    for part in (
        "Held-out RMSE",
        "Ridge regression",
        "Can I trust this?",
        "It is not the posterior",
    ):
        assert part in found
    assert "progression: 1" in found
    assert "With 95 % probability between" in found

    second = pd.read_csv(io.BytesIO(DIABETES)).drop(columns="progression").head(5).assign(note="=1+1")
    second.loc[2, "bmi"] = None
    page.file_uploader(key="table.second").set_value(("new.csv", second.to_csv(index=False).encode(), "text/csv"))
    page.run()
    assert not page.exception
    assert "4 rows predicted; 1 row with a missing value left blank." in words(page)
    frame = frame_with(page, "note")
    added = ["mean", "lower 95 %", "upper 95 %", "total variance", "aleatoric variance", "epistemic variance"]
    assert list(frame)[-6:] == added
    assert frame["mean"].isna().tolist() == [False, False, True, False, False]
    assert page.get("download_button")


def test_classes_have_their_own_scores_and_words(page: AppTest):
    page.button(key="table.sample.wine").click().run()
    assert "142 rows to learn from, 36 held out; 13 features as 13 inputs, 3 classes." in words(page)
    fit(page)
    found = words(page)
    for part in ("Right on held-out rows", "Logistic regression", "cultivar: ", "of at most 1.10 nats"):
        assert part in found
    page.selectbox(key="table.class").set_value(0).run()
    assert not page.exception


def test_every_guess_can_be_changed(engine: TableEngine, page: AppTest):
    upload(page, DIABETES)
    page.selectbox(key="w.table.target").set_value("sex").run()
    assert page.segmented_control(key=key_of(page, "w.table.task")).value == "classification"
    page.multiselect(key=key_of(page, "w.table.features")).set_value(["age", "bmi"]).run()
    page.slider(key="w.table.test_fraction").set_value(0.5).run()
    fit(page)
    (dataset,) = engine.datasets
    assert dataset.feature_names == ("age", "bmi")
    assert dataset.class_names == ("a", "b")
    assert len(dataset.X_train) == len(dataset.X_test) == 221


def test_results_come_back_with_the_choices_that_they_are_of(page: AppTest):
    fit(upload(page, DIABETES))
    assert "Random forest" in words(page)
    page.slider(key="w.table.test_fraction").set_value(0.5).run()
    assert "Random forest" not in words(page)
    assert "come back with them" in words(page)
    page.slider(key="w.table.test_fraction").set_value(table.HELD_OUT).run()
    assert "Random forest" in words(page)


def test_missing_values_are_counted_and_dealt_with_as_chosen(engine: TableEngine, page: AppTest):
    frame = pd.read_csv(io.BytesIO(DIABETES))
    frame.loc[:9, "bmi"] = None
    upload(page, frame.to_csv(index=False).encode())
    choice = page.radio(key="w.table.missing")
    assert choice.label == "10 rows with a missing value"
    assert choice.value == "drop"
    assert "10 rows left out" in words(page)
    choice.set_value("median").run()
    assert "left out" not in words(page)


def test_each_nasty_file_ends_in_a_sentence_or_a_table(page: AppTest):
    tables = 0
    for path in sorted(NASTY.iterdir()):
        upload(page, path.read_bytes(), path.name)
        assert not page.exception, path.name
        if page.get("selectbox"):
            tables += 1
            page.button(key="table.drop").click().run()
        else:
            assert path.name in words(page)  # the sentence names the file
    assert tables > 20


def test_a_bad_file_leaves_the_earlier_work_there(engine: TableEngine, page: AppTest):
    upload(page, DIABETES)
    fit(page)
    page.file_uploader(key="table.second").set_value(("x.zip", b"PK\x03\x04", "application/zip"))
    page.run()
    assert "x.zip: The file is a zip archive" in page.error[0].value.replace("\\", "")
    assert "Ridge regression" in words(page)
    page.button(key="table.drop").click().run()
    assert "Ridge regression" not in words(page)
    assert not page.exception


def test_names_are_shown_and_never_rendered(page: AppTest):
    rows = "".join(f"{i * 1.5},{i % 3},{i * i % 7}\n" for i in range(30))
    upload(page, f"<b>a</b>,**bold** $x$,[y](javascript:alert(1))\n{rows}".encode(), "<img src=x>.csv")
    fit(page)
    for entry in (*page.markdown, *page.caption, *page.warning):
        for marked in ("<b>", "<img", "](java", "$x$", "**bold**"):
            assert not re.search(rf"(?<!\\){re.escape(marked)}", entry.value), entry.value
    for entry in page.get("html"):
        assert "<b>a" not in entry.proto.body
    for widget in page.number_input:
        assert "**bold**" not in widget.label


def test_what_the_host_refuses_is_said(engine: TableEngine, page: AppTest):
    engine.refuses = "One step of this fit would take 9 s; allowed: 0.35 s."
    upload(page, DIABETES)
    page.button(key="table.fit").click().run()
    assert "would take 9 s" in page.error[0].value
    engine.refuses, engine.fails = None, "The weights ran away at step 7."
    fit(page)
    assert "ran away at step 7" in words(page)


def test_a_full_queue_offers_to_try_again(engine: TableEngine, page: AppTest):
    engine.refuses, engine.full = "The queue is full: 200 fits are waiting. Try again in a minute.", True
    upload(page, DIABETES)
    page.button(key="table.fit").click().run()
    assert "The queue is full" in words(page)
    engine.refuses = None
    page.button(key="table.again").click().run()
    assert "The queue is full" not in words(page)
    assert len(engine.submitted) == 1


def test_a_refused_check_is_tried_again_with_the_reference(engine: TableEngine, page: AppTest):
    fit(upload(page, DIABETES))
    engine.refuses, engine.full = "The queue is full: 200 fits are waiting. Try again in a minute.", True
    page.button(key="table.check").click().run()
    engine.refuses = None
    page.button(key="table.again").click().run()
    assert engine.submitted[-1].inference.method == "nuts"
    assert not page.exception


def test_a_refused_setting_after_a_full_queue_is_not_asked_for_again(engine: TableEngine, page: AppTest):
    engine.refuses, engine.full = "The queue is full: 200 fits are waiting. Try again in a minute.", True
    upload(page, DIABETES)
    page.button(key="table.fit").click().run()
    next(w for w in page.text_input if w.label.startswith("Units")).set_value("999").run()
    assert "999" in words(page)
    assert "table.again" not in [button.key for button in page.button]


def test_no_answer_is_said(engine: TableEngine, page: AppTest):
    engine.silent = "There was no answer within 60 seconds."
    fit(upload(page, DIABETES))
    assert "no answer within 60 seconds" in words(page)
    assert "Ridge regression" in words(page)


def test_the_reference_stands_beside_what_it_checks(engine: TableEngine, page: AppTest):
    fit(upload(page, DIABETES))
    page.button(key="table.check").click().run()
    fit_running = engine.submitted[-1].inference
    assert (fit_running.method, fit_running.batch_size) == ("nuts", None)
    page.run().run()
    assert "This network, NUTS" in words(page)
    assert "This network, Mean-field ADVI" in words(page)


def test_another_likelihood_stands_beside_the_first_and_results_of_other_settings_say_so(page: AppTest):
    fit(upload(page, DIABETES))
    assert "of other settings" not in words(page)
    family(page).set_value("student_t").run()
    assert "These results are of other settings" in words(page)
    fit(page)
    found = words(page)
    assert "of other settings" not in found
    assert "This network, Mean-field ADVI, Student t" in found
    assert "This network, Mean-field ADVI, Gaussian" in found
    page.button(key="table.check").click().run()
    page.run().run()
    assert "This network, NUTS, Student t" in words(page)
    assert "table.check" not in [button.key for button in page.button]
    assert "of other settings" not in words(page)  # the reference is of the settings on the page, too


def test_stop_keeps_what_there_is(engine: TableEngine, page: AppTest):
    engine.stays = "running"
    upload(page, DIABETES)
    page.button(key="table.fit").click().run()
    page.button(key="table.stop").click().run()
    page.run()
    assert "(stopped early)" in words(page)


def test_pasted_text_is_read(page: AppTest):
    page.text_area(key="table.text").set_value("a\tb\n" + "1,5\t2\n2,5\t3\n4,5\t1\n3,5\t9\n" * 3)
    page.button[-1].click().run()
    assert "Pasted text: 12 rows, 2 columns" in words(page).replace("*", "")


def test_no_text_that_may_be_pasted_is_more_than_a_browser_may_send_at_once(page: AppTest, root: Path):
    limit = tomllib.loads((root / ".streamlit" / "config.toml").read_text())["server"]["maxWidgetStateSize"]
    longest = page.text_area(key="table.text").max_chars
    widest = max(len(character.encode()) / (len(character.encode("utf-16-le")) // 2) for character in "aé漢🙂")
    assert 0 < longest * widest < 0.95 * limit * 1e6
    assert f"At most {longest:,} characters" in words(page)


def test_rows_it_is_least_sure_of_are_the_files_own(engine: TableEngine, page: AppTest):
    fit(upload(page, DIABETES))
    shown = frame_with(page, "True")
    original = pd.read_csv(io.BytesIO(DIABETES)).iloc[shown["Row"] - 1]
    np.testing.assert_allclose(shown["True"].astype(float), original["progression"])
    np.testing.assert_allclose(shown["bmi"].astype(float), original["bmi"])


def test_digits_are_shown_as_pictures_the_least_sure_and_the_surest(engine: TableEngine, page: AppTest):
    page.button(key="table.sample.digits").click().run()
    fit(page)
    found = words(page)
    assert "Held-out pictures that it is least sure of" in found
    assert "Those that it is surest of" in found
    assert "What each feature does by itself" not in found  # one pixel by itself does nothing
    (dataset,) = engine.datasets
    assert dataset.n_classes == 10
