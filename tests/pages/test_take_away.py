"""Take away: nothing is built, and no button is there, before it is opened."""

from __future__ import annotations

import pytest

from bnn_lib.dashboard import take_away, take_files
from bnn_lib.dashboard.take_figures import Taken
from bnn_lib.experiment import DataSpec, Experiment, InferenceSpec
from tests.pages.fake_engine import FakeEngine, make_number_picture, make_picture

CODE = ["PyMC script", "Notebook"]


def labels(page) -> list[str]:
    return [button.label for button in page.get("download_button")]


def open_it(page):
    page.session_state["take_away"] = True
    return page.run()


@pytest.mark.parametrize(
    ("name", "picture", "seen"),
    [("moons", make_picture, "Map values"), ("gap", make_number_picture, "Curve values")],
)
def test_a_result_can_be_taken_away(
    engine: FakeEngine, visit, monkeypatch: pytest.MonkeyPatch, name: str, picture, seen: str
):
    experiment = Experiment(data=DataSpec(name=name))
    engine.results[experiment.key] = picture(experiment)
    built = []
    monkeypatch.setattr(take_files, "to_script", lambda *args: built.append(args))
    monkeypatch.setattr(take_files, "images", lambda *args: built.append(args))
    page = visit(**experiment.to_query())
    if name == "gap":
        page.switch_page("pages/regression.py")
        for field, value in experiment.to_query().items():
            page.query_params[field] = value
        page.run()
    assert not page.exception
    assert CODE[0] not in labels(page)
    open_it(page)
    assert not page.exception
    assert [*CODE, "Report", "Posterior", "Settings", seen, "Scores", "PNG", "SVG", "HTML", "All figures"] == [
        label for label in labels(page) if label != "Points as CSV"
    ]
    assert not built
    names = page.selectbox(key="take.figure").options
    page.selectbox(key="take.figure").set_value(names[-1]).run()
    assert not page.exception


def test_what_a_script_does_instead_is_said(engine: FakeEngine, visit):
    experiment = Experiment(inference=InferenceSpec(method="laplace"))
    engine.results[experiment.key] = make_picture(experiment)
    page = open_it(visit(**experiment.to_query()))
    assert any("PyMC has no Laplace approximation" in caption.value for caption in page.caption)


def test_compared_results_can_be_taken_away_one_by_one(engine: FakeEngine, visit):
    for method in ("advi", "map"):
        experiment = Experiment(inference=InferenceSpec(method=method))
        engine.results[experiment.key] = make_picture(experiment)
    page = visit(methods="advi,map").switch_page("pages/compare.py").run()
    page.query_params["methods"] = "advi,map"
    open_it(page)
    assert not page.exception
    assert page.selectbox(key="take.method").options == ["Mean-field ADVI", "MAP"]
    assert CODE[0] in labels(page)


def test_a_compared_results_files_lead_back_to_the_comparison(
    engine: FakeEngine, visit, monkeypatch: pytest.MonkeyPatch
):
    found: list[Taken] = []
    monkeypatch.setattr(take_away, "_offer", lambda session, taken: found.append(taken))
    for method in ("map", "svgd"):
        experiment = Experiment(inference=InferenceSpec(method=method))
        engine.results[experiment.key] = make_picture(experiment)
    page = visit(inference__method="map")
    open_it(page)
    assert found[-1].link == "?inference.method=map"
    assert found[-1].pick is not None  # the playground's point, which the other page does not show
    page.switch_page("pages/compare.py")
    page.query_params.clear()
    page.query_params["methods"] = "map,svgd"
    open_it(page.run())
    assert found[-1].link == "?methods=map,svgd"
    assert found[-1].pick is None
