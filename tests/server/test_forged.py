"""Messages that no browser sends: the server goes on, nothing of its inside is shown, and no file is read."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from google.protobuf import json_format
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from benchmarks.app_server import Server
from benchmarks.visitor import Visitor, exceptions, texts

pytestmark = pytest.mark.slow

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"
# Pages that have no use for settings, and a link to each.
SMALL = {"lessons": "lesson=point-to-posterior", "results": ""}
# Every page by its file's name: the playground is the default one, and operations is switched off.
PAGES = (
    "",
    *sorted({path.stem for path in (Path(__file__).resolve().parents[2] / "pages").glob("*.py")} - {"playground"}),
    "no-such-page",
)
TEXTS = [
    SCRIPT,
    "x" * 20_000,
    "9" * 5000,
    "../../../../etc/passwd",
    "\x00",
    "-1",
    "1e999",
    "nan",
    "1,2,3,4,5,6,7",
    "",
]
# What each kind of widget sends, with values that its page never offers.
OUT_OF_BOUNDS: dict[str, list[dict[str, object]]] = {
    "button": [{"trigger_value": True}],
    "checkbox": [{"bool_value": True}, {"bool_value": False}],
    "text_input": [{"string_value": text} for text in TEXTS],
    "selectbox": [{"string_value": text} for text in TEXTS],
    "number_input": [{"double_value": value} for value in (1e308, -5.0, 2.0**62, 1e-320)],
    "file_uploader": [
        {"file_uploader_state_value": {"uploaded_file_info": [{"file_id": text[:1000], "name": text[:1000]}]}}
        for text in TEXTS
    ],
    "multiselect": [{"string_array_value": [text[:1000]] * 300} for text in TEXTS],
    "button_group": [{"string_array_value": [text[:1000]] * 300} for text in TEXTS],
    "bidi_component": [
        {"json_value": text}
        for text in (
            "null",
            "[1, 2]",
            '"text"',
            '{"pick": [1e999, {}], "dataset": "../x", "open": {"__class__": 1}, "name": null}',
            f'{{"pick": {{"x": "{SCRIPT}", "y": null}}, "dataset": 5, "shown": [[]]}}',
            '"' + "y" * 50_000 + '"',
        )
    ],
}
# Not even of the right kind: Streamlit itself stumbles over these.
MALFORMED: list[dict[str, object]] = [
    {"string_value": SCRIPT},
    {"int_value": 10**9},
    {"double_value": float("nan")},
    {"double_array_value": [float("nan")] * 3},
    {"int_array_value": [-(10**9)]},
    {"string_array_value": [SCRIPT] * 100},
    {"json_value": '{"a":1'},
    {"json_value": '{"a":' + "[" * 20_000},
    {"json_trigger_value": "[[["},
    {"bytes_value": b"\x80\x04cos\nsystem\n(S'exit 1'\ntR."},
]


def state(widget: str, values: dict[str, object]) -> WidgetState:
    made = WidgetState(id=widget)
    for name, value in values.items():
        if isinstance(value, list):
            getattr(made, name).data.extend(value)
        elif isinstance(value, dict):
            json_format.ParseDict(value, getattr(made, name))
        else:
            setattr(made, name, value)
    return made


def rounds(widgets: dict[str, str]) -> Iterator[list[WidgetState]]:
    """Every widget forged at once, each time to other values."""
    for number in range(max(map(len, OUT_OF_BOUNDS.values()))):
        known = [(widget, OUT_OF_BOUNDS[kind]) for widget, kind in widgets.items() if kind in OUT_OF_BOUNDS]
        yield [state(widget, values[number % len(values)]) for widget, values in known]


def assert_nothing_leaks(server: Server, deltas: Iterable[object], allowed_to_fail: bool = False) -> None:
    found = exceptions(deltas)  # type: ignore[arg-type]
    if not allowed_to_fail:
        assert not found, f"{found}\n{server.log[-3000:]}"
    for exception in found:
        assert "redacted" in exception
    written = texts(deltas)  # type: ignore[arg-type]
    assert "Traceback" not in written
    assert "site-packages" not in written
    assert "root:x:0" not in written


def assert_escaped(deltas: Iterable[object]) -> None:
    for delta in deltas:
        element = delta.new_element  # type: ignore[attr-defined]
        kind = element.WhichOneof("type")
        if kind == "html" or (kind == "markdown" and element.markdown.allow_html):
            assert "alert(1)" not in getattr(element, kind).body


@pytest.mark.parametrize("page", PAGES)
def test_values_out_of_bounds_are_answered_as_any_other(server: Server, page: str):
    with Visitor(server.port, SMALL.get(page, ""), page) as visitor:
        assert_nothing_leaks(server, visitor.run())
        widgets = visitor.widgets()
        for states in rounds(widgets):
            deltas = visitor.run(states)
            assert_nothing_leaks(server, deltas)
            assert_escaped(deltas)
        # The page is still whole; a forged click on a lesson's button leads away from it.
        assert len(visitor.widgets()) >= (1 if page in SMALL else min(20, len(widgets)))


@pytest.mark.parametrize("page", PAGES[:-1])
def test_values_of_the_wrong_kind_end_nothing(server: Server, page: str):
    with Visitor(server.port, page=page) as visitor, Visitor(server.port, page=page) as bystander:
        visitor.run()
        widgets = visitor.widgets()
        for values in MALFORMED:
            deltas = visitor.run([state(widget, values) for widget in widgets])
            assert_nothing_leaks(server, deltas, allowed_to_fail=True)
        assert_nothing_leaks(server, bystander.run())
    with Visitor(server.port, page=page) as visitor:  # the forger reloads the page
        assert_nothing_leaks(server, visitor.run())


HOSTILE_QUERIES = [
    "data.name=" + "../" * 50,
    f"data.name={SCRIPT}&network.hidden={SCRIPT}",
    "network.hidden=" + ",".join(["128"] * 5000),
    "inference.steps=" + "9" * 10_000,
    "prior.scale=nan&prior.bias_scale=inf&data.noise=1e400",
    "&".join(f"field{i}=1" for i in range(500)),
    "methods=" + "nuts," * 1000 + SCRIPT,
    "data.features=" + "a," * 5000,
    "%00=%ff%fe&=&&&a",
    "inference.seed=-1&inference.method=__class__&data.n=1e5",
    f"title={SCRIPT}&note={SCRIPT * 20}&hide={SCRIPT},../x,prior&lesson=../../etc/passwd&step=-1&key=../../x",
    f"keys={SCRIPT},../../etc/passwd,{'0' * 32},{'9,' * 5000}&map={SCRIPT}&lesson=%00",
]


@pytest.mark.parametrize("page", ["", "compare", "priors", "regression", *SMALL])
def test_links_out_of_bounds_give_a_page_with_a_sentence(server: Server, page: str):
    for query in HOSTILE_QUERIES:
        with Visitor(server.port, query, page) as visitor:
            deltas = visitor.run()
            assert_nothing_leaks(server, deltas)
            assert_escaped(deltas)
            assert len(texts(deltas)) < 3_000_000
            alerts = [delta for delta in deltas if delta.new_element.HasField("alert")]
            assert alerts or page in SMALL, query[:80]  # those have no use for settings
            assert len(alerts) < 10


def test_messages_that_are_none_close_the_connection_only(server: Server):
    too_large = b"x" * 3_000_000
    for content in (b"\xff" * 100, b"\x80\x04cos\nsystem\n(S'exit 1'\ntR.", too_large):
        with Visitor(server.port) as visitor:
            visitor.send(content)
            assert visitor.closed()
    with Visitor(server.port) as visitor:
        assert_nothing_leaks(server, visitor.run())


def test_messages_for_developers_do_no_harm(server: Server):
    with Visitor(server.port) as visitor:
        visitor.run()
        for name in ("debug_shutdown_runtime", "debug_disconnect_websocket", "clear_cache", "set_run_on_save"):
            message = BackMsg()
            setattr(message, name, True)
            visitor.send(message)
        assert_nothing_leaks(server, visitor.run())
    # The caches hold no engine: a second one would be a second worker.
    assert server.log.count("engine connects") <= 1 + server.log.count("engine without cluster")
    assert server.get("/_stcore/health")[0] == 200


def test_fragments_and_pages_that_do_not_exist(server: Server):
    with Visitor(server.port) as visitor:
        visitor.run()
        message = BackMsg()
        message.rerun_script.fragment_id = "../../etc/passwd"
        message.rerun_script.page_script_hash = "f" * 32
        visitor.send(message)
        assert_nothing_leaks(server, visitor.run())


def test_no_file_of_the_server_is_served(server: Server):
    for path in (
        "/app.py",
        "/.streamlit/config.toml",
        "/app/static/../../app.py",
        "/..%2f..%2fetc/passwd",
        "/static/..%2f..%2f..%2fapp.py",
        "/media/..%2f..%2fapp.py",
        "/component/../../app.py",
        "/_stcore/bidi-components/..%2f..%2fapp.py",
    ):
        status, text = server.get(path)
        assert "import streamlit" not in text, (path, status)
        assert "root:x:0" not in text


def test_an_upload_needs_the_token_and_a_session(server: Server):
    address = f"http://127.0.0.1:{server.port}/_stcore/upload_file/no-session/no-file"
    request = urllib.request.Request(address, data=b"x", method="PUT")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code == 403
    caught.value.close()


def test_another_sites_page_cannot_open_a_session(server: Server):
    address, elsewhere = f"ws://127.0.0.1:{server.port}/_stcore/stream", "https://elsewhere.example"
    with pytest.raises(InvalidStatus), connect(address, origin=elsewhere):  # type: ignore[arg-type]
        pass


def test_it_says_that_it_is_not_ready(server: Server):
    status, text = server.get("/ready")
    assert status == 503
    assert '"ready":false' in text


def test_the_log_names_nobody_and_nothing_that_was_sent(server: Server):
    """Last in this file: whatever the others sent is in no line of our own."""
    ours = [line for line in server.log.splitlines() if " bnn_lib." in line]
    assert ours
    for line in ours:
        assert "alert(1)" not in line
        assert "127.0.0.1:" not in line.replace("127.0.0.1:9", "")
