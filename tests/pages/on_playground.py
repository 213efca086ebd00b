"""What the playground's page tests read and press."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest

from bnn_lib.dashboard import state, widgets
from bnn_lib.experiment import Experiment


def component(page: AppTest, name: str) -> dict[str, Any]:
    """Return what a component was given."""
    protos = [entry.proto for entry in page.get("bidi_component")]
    return json.loads(next(p.json for p in protos if p.component_name == f"bnn_{name}"))


def query_of(page: AppTest) -> dict[str, str]:
    return {n: v[0] if isinstance(v, list) else v for n, v in page.query_params.items()}


def scores(page: AppTest) -> str:
    return next(html.proto.body for html in page.get("html") if "<table" in html.proto.body)


def status(page: AppTest) -> str:
    return page.get("progress")[0].proto.text.replace("\\", "")


def until_ended(page: AppTest, stop: str = "stop") -> AppTest:
    for _ in range(20):
        if page.button(key=stop).disabled:
            return page
        page.run()
    raise AssertionError("the fit did not end")


def key_of(page: AppTest, name: str) -> str:
    """Return the present key of a tied widget: it is another one once the value was changed from elsewhere."""
    if widgets.VERSIONS not in page.session_state:
        return name
    return widgets.versioned(name, page.session_state[widgets.VERSIONS].get(name, 0))


def experiment_of(page: AppTest) -> Experiment:
    found = page.session_state[state.STATE]
    assert isinstance(found, Experiment)
    return found


def click(page: AppTest, key: str) -> AppTest:
    return page.button(key=key).click().run()


def type_in(page: AppTest, kind: str, key: str, text: str) -> None:
    """Type a value; into a box with options one that is not among them."""
    widget = getattr(page, kind)(key=key)
    if kind == "selectbox":
        widget.options.append(text)
    widget.set_value(text)
