"""What a link may say besides, sharing it, handing in, and this visit's fits."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from bnn_lib.dashboard import history, links, results
from bnn_lib.experiment import Experiment
from tests.pages.conftest import Open
from tests.pages.fake_engine import FakeEngine, make_picture

OTHER = Experiment.from_query({"data.n": "200", "prior.scale": "3"})
SCRIPT = "<script>alert(1)</script> **bold** [x](http://x)"


def said(page: AppTest) -> list[str]:
    return [warning.value.replace("\\", "") for warning in page.warning]


def words(page: AppTest) -> str:
    kinds = ("markdown", "caption", "warning", "error")
    said = " ".join(element.value for kind in kinds for element in page.get(kind))
    return said.replace("\\", "").replace("\u2060", "")  # what escapes it, unseen


def keys(page: AppTest) -> set[str]:
    kinds = ("slider", "select_slider", "selectbox", "text_input", "toggle", "number_input", "button")
    return {element.key for kind in kinds for element in page.get(kind) if element.key}


def fitted(page: AppTest) -> AppTest:
    page.button(key="fit").click().run()
    for _ in range(10):
        if page.session_state["active"] is None:
            return page
        page.run()
    raise AssertionError("the fit did not end")


# --- links --------------------------------------------------------------------------------------------------


def test_a_title_and_a_note_are_shown_as_they_are_and_stay_in_the_link(visit: Open):
    page = visit(title="Group 3", note=SCRIPT)
    assert not page.exception
    assert "Group 3" in words(page)
    assert SCRIPT in words(page)
    note = next(m.value for m in page.markdown if "script" in m.value)
    assert "<script>" not in note.replace("\\<", "")
    page.slider(key="w.data.noise").set_value(0.3).run()
    query = {n: v[0] if isinstance(v, list) else v for n, v in page.query_params.items()}
    assert query == {"data.noise": "0.3", "title": "Group 3", "note": SCRIPT}


def test_a_long_note_is_cut_and_said_so(visit: Open):
    page = visit(note="x" * 5000, title="t" * 81)
    assert len(said(page)) == 2
    assert "What follows the 400th character of the link's note cannot be shown. It is ignored." in said(page)[1]
    assert "x" * 401 not in words(page)


@pytest.mark.parametrize(
    ("hide", "gone", "there"),
    [
        ("prior", {"w.prior.family", "w.prior.scale", "w.prior.scaling"}, {"w.data.noise", "w.inference.steps"}),
        ("inference", {"w.inference.method", "w.inference.steps"}, {"w.prior.scale"}),
        ("data", {"w.data.noise", "w.data.n", "w.data.test_fraction", "regenerate"}, {"w.prior.scale"}),
        ("network", {"w.network.activation", "w.network.hidden", "layer_plus"}, {"w.prior.scale"}),
        ("prior.scale,data.n", {"w.prior.scale", "w.data.n"}, {"w.prior.family", "w.data.noise"}),
        ("network.hidden, data.seed", {"layer_plus", "w.network.hidden", "regenerate"}, {"w.network.activation"}),
    ],
)
def test_what_a_link_hides_has_no_control(visit: Open, hide: str, gone: set[str], there: set[str]):
    everything = keys(visit())
    assert gone | there <= everything
    page = visit(hide=hide)
    assert not page.exception
    assert not page.warning
    assert not gone & keys(page)
    assert there <= keys(page)


@pytest.mark.parametrize("name", [*links.SECTIONS, "data.n", "prior.scale", "network.hidden"])
def test_a_name_can_be_hidden_on_every_page(engine: FakeEngine, root: Path, name: str):
    page = AppTest.from_file(str(root / "app.py"), default_timeout=60).run()
    for script in ("playground", "regression", "compare", "priors"):
        page.switch_page(f"pages/{script}.py")
        page.query_params["hide"] = name
        page.run()
        assert not page.exception
        assert not page.warning
        assert not [key for key in keys(page) if key == f"w.{name}" or key.startswith(f"w.{name}.")]


def test_a_name_that_cannot_be_hidden_is_reported_and_ignored(visit: Open):
    page = visit(hide="prior,everything,data.rows")
    assert said(page) == [
        "hide names 'everything, data.rows'; allowed: data, network, prior, likelihood, inference, or a field, "
        "e.g. prior.scale. It is ignored."
    ]
    assert "w.prior.scale" not in keys(page)


def test_a_key_stands_for_all_settings_until_one_is_changed(engine: FakeEngine, visit: Open):
    engine.results[OTHER.key] = make_picture(OTHER)
    page = visit(key=OTHER.key, title="Short")
    assert not page.warning
    assert page.session_state["experiment"] == OTHER
    assert page.session_state["shown"].experiment == OTHER
    assert dict(page.query_params) == {"key": OTHER.key, "title": "Short"}
    page.slider(key="w.data.noise").set_value(0.3).run()
    assert "key" not in page.query_params
    assert page.query_params["prior.scale"] == "3.0"
    page.button(key="reset").click().run()
    assert page.session_state["experiment"] == OTHER  # the link's own first settings


@pytest.mark.parametrize(
    ("key", "sentence"),
    [("0" * 32, "No result with the key 000000000000… is on this server"), ("../x", "which is no result's key")],
)
def test_an_unknown_key_says_what_to_do(visit: Open, key: str, sentence: str):
    page = visit(key=key)
    assert len(said(page)) == 1
    assert sentence in said(page)[0]
    assert page.session_state["experiment"] == Experiment()


def test_a_result_under_another_key_than_its_experiments_is_not_found(engine: FakeEngine, visit: Open):
    # Such is the result of a visitor's own file.
    private = "ab" * 16
    engine.results[private] = make_picture(OTHER)
    page = visit(key=private)
    assert "No result with the key abababababab" in said(page)[0]
    assert page.session_state["experiment"] == Experiment()


# --- Share --------------------------------------------------------------------------------------------------


def address(page: AppTest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(page.code[0].value).query))


def test_share_makes_the_link_and_names_the_key(engine: FakeEngine, visit: Open):
    engine.results[OTHER.key] = make_picture(OTHER)
    page = visit(**{name.replace(".", "__"): text for name, text in OTHER.to_query().items()})
    page.button(key="share").click().run()
    assert not page.exception
    assert address(page) == OTHER.to_query()
    assert page.code[1].value == OTHER.key


def test_share_begins_with_what_the_link_says(engine: FakeEngine, visit: Open):
    engine.results[OTHER.key] = make_picture(OTHER)
    says = {"title": "Exercise 1", "note": "Look & see", "hide": "prior,data.n"}
    page = visit(key=OTHER.key, **says)
    page.button(key="share").click().run()
    assert not page.exception
    assert page.text_input(key="share.title").value == "Exercise 1"
    assert page.multiselect(key="share.hide").value == ["prior", "data.n"]
    assert page.toggle(key="share.short").value
    assert address(page) == {"key": OTHER.key, **says}


def test_share_has_no_key_of_what_is_not_fitted(visit: Open):
    page = visit(data__n="200")
    page.button(key="share").click().run()
    assert len(page.code) == 1
    assert "once these settings are fitted to the end" in words(page)
    assert "share.short" not in {toggle.key for toggle in page.toggle}


# --- handing in ---------------------------------------------------------------------------------------------


@pytest.fixture
def compare_results(engine: FakeEngine, root: Path):
    def compare_results(text: str = "") -> AppTest:
        page = AppTest.from_file(str(root / "app.py"), default_timeout=60).run()
        page.switch_page("pages/results.py")
        if text:
            page.query_params["keys"] = text
        page.run()
        assert not page.exception
        return page

    return compare_results


def test_results_stand_side_by_side(engine: FakeEngine, compare_results):
    curve = Experiment.from_query({"data.name": "gap", "data.n": "100", "inference.method": "map"})
    surface = Experiment.from_query({"data.name": "plane", "data.n": "100"})
    for experiment in (Experiment(), OTHER, curve, surface):
        engine.results[experiment.key] = make_picture(experiment)
    missing = "f" * 32
    page = compare_results(",".join([Experiment().key, missing, OTHER.key, curve.key, surface.key]))
    assert len(said(page)) == 1
    assert "ffffffffffff" in said(page)[0]
    differ, scores = (frame.value for frame in page.dataframe)
    rows = {row["Setting"]: (row["A"], row["B"], row["C"]) for _, row in differ.iterrows()}
    assert rows["data.n"] == ("1000", "200", "100")
    assert rows["prior.scale"] == ("1.0", "3.0", "1.0")
    assert rows["inference.method"] == ("advi", "advi", "map")
    assert set(rows) == {"data.name", "data.n", "prior.scale", "inference.method"}
    assert list(scores["Result"]) == ["A: Mean-field ADVI", "B: Mean-field ADVI", "C: MAP", "D: Mean-field ADVI"]
    assert scores["Accuracy"].notna().sum() == scores["RMSE"].notna().sum() == 2
    assert "of different rows" in words(page)
    page.button(key=f"results.remove.{OTHER.key}").click().run()
    assert OTHER.key not in page.query_params["keys"][0]
    assert not page.exception


def test_keys_are_added_by_key_by_short_link_and_by_whole_link(engine: FakeEngine, compare_results):
    engine.results[OTHER.key] = make_picture(OTHER)
    engine.results[Experiment().key] = make_picture(Experiment())
    page = compare_results()
    assert "Share" in words(page)
    link = "https://example.org/app/?data.n=200&prior.scale=3.0&title=Anna"
    page.text_input(key="results.more").input(f"{link} https://example.org/?key={Experiment().key} nonsense")
    page.button(key="FormSubmitter:results.form-Add").click().run()
    assert not page.exception
    assert page.session_state[results.KEYS] == [OTHER.key, Experiment().key]
    assert said(page) == ["'nonsense' is neither a result's key nor a link of this app with settings."]
    assert len(page.dataframe) == 2


def test_no_more_results_than_can_be_seen(compare_results):
    page = compare_results(",".join(f"{number:032x}" for number in range(30)))
    assert "There are 30 keys, and the first 8 are compared." in said(page)[0]
    assert len(page.session_state[results.KEYS]) == 8


@pytest.mark.parametrize("text", ["", "  ,, ", "\x00", "../../x", "key=" + "9" * 5000, "a" * 100_000, "http://[x"])
def test_no_text_breaks_the_reader_of_keys(text: str):
    found, problems = results.read_keys(text)
    assert found == []
    assert all("\n" not in problem and len(problem) < 300 for problem in problems)


# --- history ------------------------------------------------------------------------------------------------


def test_one_goes_back_to_a_fit_without_fitting_it_again(engine: FakeEngine, visit: Open):
    page = fitted(visit(data__n="200"))
    first = page.session_state["experiment"]
    page.select_slider(key="w.data.n").set_value(500).run()
    fitted(page)
    count = len(engine.submitted)
    assert page.button(key="history_open").label == "History (2)"
    page.button(key="history_open").click().run()
    assert [t.value for t in page.text_input if "history" in t.key] == [
        "Mean-field ADVI, Moons, n 500",
        "Mean-field ADVI, Moons, n 200",
    ]
    page.text_input(key=f"history.{first.key}.name").input("the small one").run()
    page.button(key="history_open").click().run()
    page.button(key=f"history.{first.key}.pin").click().run()
    page.button(key="history_open").click().run()
    page.button(key=f"history.{first.key}.show").click().run()
    assert not page.exception
    assert page.session_state["experiment"] == first
    assert page.session_state["shown"].experiment == first
    assert len(engine.submitted) == count
    entry = page.session_state[history.ENTRIES][1]
    assert (entry.name, entry.pinned) == ("the small one", True)


def test_a_stopped_fit_can_be_come_back_to(engine: FakeEngine, visit: Open):
    page = visit(data__n="200")
    engine.stays = "running"
    page.button(key="fit").click().run()
    page.button(key="stop").click().run()
    page.run()
    engine.stays = None
    stopped = page.session_state["shown"]
    assert stopped.picture.stopped_at is not None
    page.select_slider(key="w.data.n").set_value(500).run()
    fitted(page)
    page.button(key="history_open").click().run()
    page.button(key=f"history.{stopped.key}.show").click().run()
    assert page.session_state["shown"] == stopped


def test_a_result_that_has_left_the_store_says_so(engine: FakeEngine, visit: Open):
    page = fitted(visit(data__n="200"))
    first = page.session_state["experiment"]
    page.select_slider(key="w.data.n").set_value(500).run()
    fitted(page)
    engine.results.clear()
    page.button(key="history_open").click().run()
    page.button(key=f"history.{first.key}.show").click().run()
    assert page.session_state["experiment"] == first
    assert "This result has left the server's store" in words(page)


def test_the_history_is_bounded_and_pins_stay(monkeypatch: pytest.MonkeyPatch):
    kept: dict[str, object] = {}
    monkeypatch.setattr(history.st, "session_state", kept)
    experiments = [Experiment.from_query({"data.seed": str(seed)}) for seed in range(40)]
    whole = make_picture(Experiment())
    for number, experiment in enumerate(experiments):
        history.record("playground", experiment, whole)
        if number < 15:
            history.pin(history.entries()[0])
    found = history.entries()
    assert len(found) == history.MOST
    assert [entry.experiment for entry in found if entry.pinned] == experiments[:10][::-1]
    assert [entry.experiment for entry in found][:10] == experiments[:-11:-1]
    history.rename(found[0], "  mine\n too ")
    history.record("playground", experiments[5], whole)  # comes to the front, still pinned
    assert history.entries()[0].pinned
    assert len(history.entries()) == history.MOST
    cut = make_picture(Experiment(), stopped_at=5)
    for experiment in experiments[-5:]:
        history.record("playground", experiment, cut)
    assert sum(entry.stopped is not None for entry in history.entries()) == history.MOST_STOPPED
    assert len({entry.key for entry in history.entries()}) == len(history.entries())
    assert any(entry.name == "mine too" for entry in history.entries())
    history.rename(history.entries()[0], "")
    assert history.entries()[0].name == "Mean-field ADVI, Moons, seed 39"


def test_a_pinned_stopped_fit_stays(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(history.st, "session_state", {})
    cut = make_picture(Experiment(), stopped_at=5)
    experiments = [Experiment.from_query({"data.seed": str(seed)}) for seed in range(10)]
    history.record("playground", experiments[0], cut)
    history.pin(history.entries()[0])
    for experiment in experiments[1:]:
        history.record("playground", experiment, cut)
    assert history.entries()[-1].experiment == experiments[0]
    assert len(history.entries()) == history.MOST_STOPPED + 1
