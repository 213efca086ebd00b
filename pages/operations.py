"""What the server does, for whoever hosts it: only where BNN_OPERATIONS is on."""

from bnn_lib.dashboard import operations, state, views
from bnn_lib.dashboard.head import head
from bnn_lib.dashboard.session import open_session

session = open_session()
state.enter("operations")
views.inject_style()
head("Operations")
operations.live(session.engine)
