"""Fits for many sessions, outside the web process, on Dask. Importing it imports neither PyMC nor JAX."""

from bnn_lib.engine.client import Engine
from bnn_lib.engine.desk import Answer, AnswerView
from bnn_lib.engine.events import EngineStatus, Load, LoggedError, Operations
from bnn_lib.engine.jobs import Job, JobView
from bnn_lib.engine.picture import Picture, Rows, Units
from bnn_lib.engine.questions import Question
from bnn_lib.engine.settings import EngineSettings, InvalidSettings
from bnn_lib.engine.structure import fit_key
from bnn_lib.engine.turns import QueueFull
from bnn_lib.engine.views import (
    Bare,
    CurveFrame,
    Curves,
    Frame,
    Grid,
    Line,
    MapFrame,
    Maps,
    SurfaceFrame,
    Surfaces,
    make_grid,
)

__all__ = [
    "Answer",
    "AnswerView",
    "Bare",
    "CurveFrame",
    "Curves",
    "Engine",
    "EngineSettings",
    "EngineStatus",
    "Frame",
    "Grid",
    "InvalidSettings",
    "Job",
    "JobView",
    "Line",
    "Load",
    "LoggedError",
    "MapFrame",
    "Maps",
    "Operations",
    "Picture",
    "Question",
    "QueueFull",
    "Rows",
    "SurfaceFrame",
    "Surfaces",
    "Units",
    "fit_key",
    "make_grid",
]
