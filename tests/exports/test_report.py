"""A report is one file that fetches nothing, runs nothing and says what it was given, escaped."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np

import bnn_lib as bnn
from bnn_lib.exports.report import Report, settings
from bnn_lib.inference import METHODS
from tests.cases import small

NASTY = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"></svg>'


class Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [str(value) for name, value in attrs if name in ("src", "href", "srcset", "data")]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.said += data


def report() -> Report:
    X = np.random.default_rng(0).normal(size=(30, 2))
    labels = [NASTY if i % 2 else "b" for i in range(30)]
    dataset = bnn.Dataset.from_arrays(X, labels, "classification", feature_names=[NASTY, "x2"])
    return Report(
        experiment=small(),
        dataset=dataset,
        own=True,
        headline="Moons: ADVI",
        verdict="It is close to the posterior.",
        details=[("ELBO", NASTY)],
        scores=[{"model": NASTY, "rows": "held-out", "nll": 0.123456, "auroc": float("nan")}],
        figures=[(NASTY, SVG)],
        script=bnn.to_script(small(), dataset),
        key="0" * 32,
        link="https://example.org/?a=1&b=<2>",
        made="Made today.",
        notes=["Stopped at step 3."],
    )


def test_it_fetches_nothing_and_runs_nothing():
    page = Reader(report().to_html())
    assert "script" not in page.tags
    assert set(page.tags) & {"link", "iframe", "object", "form"} == set()
    assert [source.split(",")[0] for source in page.sources] == ["data:image/svg+xml;base64"]


def test_it_says_all_that_it_was_given():
    one = report()
    said = " ".join(Reader(one.to_html()).said.split())
    for text in (
        one.headline, one.verdict, one.key, one.link, one.made, NASTY, "Stopped at step 3.", "0.1235",
        "Training rows 27", "hidden 4", "tanh", "learning rate 0.01", "pymc", "import pymc as pm",
    ):  # fmt: skip
        assert " ".join(text.split()) in said.replace("rows27", "rows 27").replace("hidden4", "hidden 4").replace(
            "rate0.01", "rate 0.01"
        ), text


def test_settings_are_those_that_mattered():
    dataset = bnn.load_dataset(small().data)
    found = dict(settings(small(), dataset))
    assert found["Data"].keys() >= {"name", "n", "noise", "seed"}
    used = {name.replace("_", " ") for name in ("method", "seed", *METHODS["advi"].fields)}
    assert found["Inference"].keys() == used
    assert found["Inference"]["batch size"] == "all rows"
    assert found["Likelihood"] == {"family": "Bernoulli"}
    assert "Data" not in dict(settings(small(), dataset, own=True))
    mixture = small("bimodal", likelihood=bnn.LikelihoodSpec(family="mixture"))
    numbers = dict(settings(mixture, bnn.load_dataset(mixture.data)))
    assert numbers["Likelihood"] == {"family": "mixture of Gaussians", "components": "3"}
    assert not {"imbalance", "label noise"} & numbers["Data"].keys()
    gaussian = dict(settings(small("gap"), bnn.load_dataset(small("gap").data)))
    assert gaussian["Likelihood"]["noise"] == "learned"


def test_half_a_surrogate_pair_can_be_written():
    assert replace(report(), verdict="\ud800").to_html().encode()
