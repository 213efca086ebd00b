"""The maps as Plotly figures, asked for below the scores."""

from __future__ import annotations

import base64
import json
import math

import numpy as np
import pytest

from bnn_lib.experiment import DataSpec, Experiment
from bnn_lib.figures.maps import TITLES
from tests.pages.fake_engine import FakeEngine, make_picture


def figures(page) -> list[dict]:
    return [json.loads(entry.proto.spec) for entry in page.get("plotly_chart")]


def component_titles(page) -> dict[str, str]:
    protos = [entry.proto for entry in page.get("bidi_component")]
    return json.loads(next(p.json for p in protos if p.component_name == "bnn_map"))["titles"]


def heatmap(figure: dict) -> tuple[np.ndarray, float]:
    trace = next(trace for trace in figure["data"] if trace["type"] == "heatmap")
    z = np.frombuffer(base64.b64decode(trace["z"]["bdata"]), dtype=trace["z"]["dtype"])
    return z, trace["zmax"]


@pytest.mark.parametrize(("name", "n_classes"), [("moons", 2), ("iris", 3)])
def test_the_figures_show_the_results_own_numbers(engine: FakeEngine, visit, name: str, n_classes: int):
    experiment = Experiment(data=DataSpec(name=name))
    picture = make_picture(experiment)
    engine.results[experiment.key] = picture
    page = visit(**experiment.to_query())
    assert not page.get("plotly_chart")  # nothing is drawn that nobody asked for
    page.toggle(key="side_by_side").set_value(True).run()
    assert not page.exception
    drawn = figures(page)
    classes = 1 if n_classes == 2 else n_classes
    assert len(drawn) == classes + 3 + 1
    titles = [figure["layout"]["title"]["text"] for figure in drawn]
    assert len(set(titles)) == len(titles)
    assert titles[-4:-1] == [TITLES[kind] for kind in ("total", "aleatoric", "epistemic")]
    assert component_titles(page).items() >= TITLES.items()
    row, column = np.unravel_index(picture.final.epistemic.argmax(), picture.final.epistemic.shape)
    top = picture.final.epistemic.max() / 255 * math.log(n_classes)
    said = page.get("plotly_chart")[-2].proto.alt
    assert said.startswith("Epistemic uncertainty in nats over ")
    assert said.endswith(
        f": largest {top:.2f} at ({picture.view.grid.x[column]:.2f}, {picture.view.grid.y[row]:.2f})"
    )
    maps = [heatmap(figure) for figure in drawn[:-1]]
    np.testing.assert_allclose(maps[0][0], picture.final.probability[0].ravel() / 255, atol=1e-6)
    for kind, (z, zmax) in zip(("total", "aleatoric", "epistemic"), maps[classes:], strict=True):
        assert zmax == pytest.approx(math.log(n_classes))
        np.testing.assert_allclose(z, getattr(picture.final, kind).ravel() / 255 * math.log(n_classes), rtol=1e-5)
