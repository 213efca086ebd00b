"""How a fit is seen, by its data. One module with one `View`, and one entry here, is all that a new view takes."""

from __future__ import annotations

from bnn_lib.engine.views.bare import Bare, BareFrame
from bnn_lib.engine.views.base import Frame, View
from bnn_lib.engine.views.curves import CurveFrame, Curves, Line
from bnn_lib.engine.views.maps import Grid, MapFrame, Maps, make_grid
from bnn_lib.engine.views.surfaces import SurfaceFrame, Surfaces
from bnn_lib.errors import InvalidData

VIEWS: tuple[type[View], ...] = (Maps, Curves, Surfaces, Bare)  # the first that suits the data is taken
FRAMES: tuple[type[Frame], ...] = (MapFrame, CurveFrame, SurfaceFrame, BareFrame)

__all__ = [
    "Bare",
    "BareFrame",
    "CurveFrame",
    "Curves",
    "Frame",
    "Grid",
    "Line",
    "MapFrame",
    "Maps",
    "SurfaceFrame",
    "Surfaces",
    "View",
    "make_grid",
    "read_frame",
    "view_by_name",
    "view_for",
]


def view_for(task: str, n_features: int) -> type[View]:
    """Return how a fit to such data is seen."""
    return next(view for view in VIEWS if view.suits(task, n_features))


def view_by_name(name: object) -> type[View]:
    """Return the view of that name.

    Raises
    ------
    InvalidData
        If there is none.
    """
    for view in VIEWS:
        if view.name == name:
            return view
    raise InvalidData("This is not a picture of a fit: it is seen in a way that this version does not know.")


def read_frame(content: bytes) -> Frame:
    """Read the bytes of any frame.

    Raises
    ------
    InvalidData
        If they are no frame's.
    """
    for frame in FRAMES:
        if content.startswith(frame.tag):
            return frame.from_bytes(content)
    raise InvalidData("This is not a frame.")
