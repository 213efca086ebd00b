"""Every file that a result is taken away as, built of a real fit by a real worker's answers."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bnn_lib as bnn
from bnn_lib.dashboard import take_files
from bnn_lib.dashboard.scores import BASELINES
from bnn_lib.dashboard.take_figures import Taken, figures
from bnn_lib.engine import AnswerView, Question, fit_key
from bnn_lib.engine.arrays import from_bytes
from bnn_lib.engine.questions import answer
from bnn_lib.exports.images import figure_image
from bnn_lib.figures.maps import map_figure
from bnn_lib.networks import Networks
from tests.cases import small
from tests.pages.fake_engine import make_number_picture, make_picture
from tests.pages.your_data.fake_table import make_table_picture

NASTY = ("=cmd|' /C calc'!A0", "<script>alert(1)</script>", '"; import os; "')


class Engine:
    """Answers as a worker does, at once."""

    def ask(self, question: Question, session_id: str, slot: str) -> Any:
        reply = answer(question.name, question.values_json, dict(question.files))
        arrays = reply["arrays"]
        view = AnswerView("failed", message=reply.get("message"))
        if arrays is not None:
            view = AnswerView("answered", from_bytes(arrays))
        return SimpleNamespace(wait=lambda seconds: view)


SESSION: Any = SimpleNamespace(id="a", engine=Engine())


@cache
def taken(kind: str) -> tuple[Taken, bnn.Posterior]:
    name = {"maps": "moons", "classes": "blobs3", "curves": "gap", "surfaces": "bumps", "table": "moons"}[kind]
    experiment = small(name, n=60, steps=50)
    dataset = bnn.load_dataset(experiment.data)
    if kind == "table":
        rng = np.random.default_rng(0)
        labels = [NASTY[i % 2] for i in range(60)]
        dataset = bnn.Dataset.from_arrays(rng.normal(size=(60, 3)), labels, "classification", feature_names=NASTY)
    posterior = bnn.fit(experiment, dataset)
    if kind == "table":
        picture = make_table_picture(experiment, dataset)
    else:
        picture = (make_picture if dataset.class_names else make_number_picture)(experiment)
    networks = Networks.of(posterior)
    picture = replace(picture, networks=networks.to_bytes(), weights=posterior.weight_summary(50))
    own = kind == "table"
    pick = (0.5, 0.2) if kind == "maps" else None
    link = "" if own else "https://example.org/?data.n=60"
    return Taken(experiment, picture, dataset, own=own, pick=pick, link=link), posterior


KINDS = ("maps", "classes", "curves", "surfaces", "table")


@pytest.mark.parametrize("kind", ["maps", *(pytest.param(k, marks=pytest.mark.slow) for k in KINDS[1:])])
def test_every_file_can_be_built(kind: str):
    one, _ = taken(kind)
    files = [
        *take_files.code_files(one, True),
        *take_files.data_files(SESSION, one),
        take_files.all_figures_file(SESSION, one),
    ]
    files.append(take_files.report_file(SESSION, one))
    names = [file.name for file in files]
    assert len(set(names)) == len(names)
    for file in files:
        assert re.fullmatch(r"[a-z0-9-]+\.[a-z]+", file.name)
        content = file.content()
        assert len(content) > 100, file.name
        if file.name.endswith("zip"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                assert len(archive.namelist()) == 2 * len(figures(one))


@pytest.mark.parametrize("kind", ["maps", "table"])
def test_the_posterior_opens_in_arviz(kind: str, tmp_path: Any):
    import arviz as az

    one, posterior = taken(kind)
    path = tmp_path / "posterior.nc"
    path.write_bytes(take_files.netcdf(SESSION, one))
    data = az.from_netcdf(path)
    for name, draws in posterior.draws(500).items():
        np.testing.assert_array_equal(data.posterior[name].values[0], draws)
    np.testing.assert_array_equal(data.observed_data["y"].values, one.dataset.y_train)
    assert data.log_likelihood["y"].shape == (1, 500, len(one.dataset.y_train))
    assert tuple(data.posterior["feature"].values) == one.dataset.feature_names


@pytest.mark.parametrize("kind", ["maps", "classes", "surfaces"])
def test_map_values_are_the_posteriors(kind: str):
    one, posterior = taken(kind)
    frame = pd.read_csv(io.BytesIO(take_files.values_csv(SESSION, one)))
    view = one.picture.view
    grid = view.grid if kind != "surfaces" else view.plane.grid  # type: ignore[attr-defined]
    np.testing.assert_allclose(frame.iloc[:, :2], grid.points(), rtol=1e-12)
    some = np.arange(0, len(frame), 997)
    wanted = posterior.predict(grid.points()[some], n_draws=500)
    columns = [f"P({name})" for name in one.dataset.class_names] or ["mean"]
    np.testing.assert_allclose(frame[columns].to_numpy()[some].squeeze(), wanted.mean, rtol=1e-4, atol=1e-6)
    unit = ", nats" if one.dataset.class_names else " variance"
    parts = [frame[f"{name}{unit}"].to_numpy() for name in ("total", "aleatoric", "epistemic")]
    np.testing.assert_allclose(parts[0], parts[1] + parts[2], rtol=1e-5, atol=1e-6)


def test_curve_values_are_the_pictures():
    one, _ = taken("curves")
    frame = pd.read_csv(io.BytesIO(take_files.values_csv(SESSION, one)))
    final: Any = one.picture.view.final
    np.testing.assert_allclose(frame["mean"], final.mean, rtol=1e-6)
    np.testing.assert_allclose(frame["target, 97.5 %"], final.outcome[-1], rtol=1e-6)
    assert list(frame.columns[:2]) == ["x", "mean"]


def test_a_tables_files_have_its_own_names_and_no_formula():
    one, _ = taken("table")
    content = take_files.values_csv(SESSION, one).decode()
    head = next(iter(pd.read_csv(io.StringIO(content), nrows=0)))
    assert head == "'" + NASTY[0]
    cells = {cell for line in content.splitlines() for cell in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', line)}
    assert not [cell for cell in cells if cell.startswith(("=", "@", '"='))]
    frame = pd.read_csv(io.StringIO(content))
    assert len(frame) == len(one.dataset.X_test)


def test_scores_have_a_row_for_each_model_and_part():
    one, _ = taken("maps")
    frame = pd.read_csv(io.BytesIO(take_files.scores_csv(one)))
    held = frame[frame["rows"] == "held-out"]
    assert held.iloc[0]["accuracy"] == pytest.approx(one.picture.scores["held-out"]["accuracy"])
    assert set(held["model"]) >= {BASELINES[name] for name in one.picture.scores["baselines"]}
    assert len(frame) == 2 * len(held)


def test_settings_are_read_back():
    one, _ = taken("curves")
    content = next(f for f in take_files.data_files(SESSION, one) if f.name.endswith(".json")).content()
    assert bnn.Experiment.from_json(content) == one.experiment
    assert take_files.key_of(one) == one.experiment.key


def test_a_tables_key_is_of_its_rows_too():
    one, _ = taken("table")
    assert take_files.key_of(one) == fit_key(one.experiment, one.dataset) != one.experiment.key


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_comes_in_three_formats(kind: str):
    one, _ = taken(kind)
    names = list(figures(one))
    assert len(names) >= 3
    png, svg, page = (file.content() for file in take_files.figure_files(SESSION, one, names[0]))
    assert png.startswith(b"\x89PNG")
    assert svg.lstrip().startswith(b"<?xml")
    text = page.decode()
    assert "Plotly.newPlot" in text
    assert not re.search(r"<(script|link|img)[^>]*\s(src|href)=", text)
    assert len(text) > 3_000_000  # Plotly's library is in it


def test_a_worker_draws_what_the_page_has():
    one, _ = taken("curves")
    gap = np.array([[0.0, np.nan], [0.5, 1.0]])
    axis = np.array([0.0, 1.0])
    drawn = [
        *(draw() for draw in figures(one).values()),
        map_figure(axis, axis, gap, "probability", names=NASTY[:2]),
    ]
    for figure, files in zip(drawn, take_files.images(SESSION, drawn, "svg"), strict=True):
        assert files == {"svg": figure_image(figure, "svg")}


def test_no_answer_is_said():
    one, _ = taken("maps")
    broken = replace(one, picture=replace(one.picture, networks=b"noise"))
    with pytest.raises(bnn.InvalidData, match="not a set of networks"):
        take_files.values_csv(SESSION, broken)
