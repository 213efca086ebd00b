"""Text that is pasted into "Your data": the longest that the page takes does not cost the session."""

from __future__ import annotations

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks.app_server import Server
from benchmarks.visitor import Visitor, exceptions, texts
from bnn_lib.dashboard.table_view import PASTED

pytestmark = pytest.mark.slow


def test_the_longest_text_in_its_widest_script_is_read(server: Server):
    rows = "漢,字\n" + "1,2\n2,1\n" * 10
    text = rows + "漢" * (PASTED - len(rows))
    with Visitor(server.port, page="your_data") as visitor:
        visitor.run()
        submit = next(widget for widget in visitor.widgets() if "FormSubmitter:table.pasted" in widget)
        box = WidgetState(id=visitor.widget("table.text"), string_value=text)
        deltas = visitor.run([box, WidgetState(id=submit, trigger_value=True)])
        assert not exceptions(deltas)
        assert "Pasted text" in texts(deltas)  # a sentence about it, or the table
