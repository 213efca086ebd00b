"""Fits for many sessions, outside the web process, on Dask. Importing it imports neither PyMC nor JAX."""

from bnn_lib.engine.board import EngineStatus
from bnn_lib.engine.client import Engine
from bnn_lib.engine.desk import Answer, AnswerView
from bnn_lib.engine.jobs import Job, JobView
from bnn_lib.engine.picture import Frame, Grid, Picture, UnitMaps, make_grid
from bnn_lib.engine.questions import Question
from bnn_lib.engine.settings import EngineSettings, InvalidSettings

__all__ = [
    "Answer",
    "AnswerView",
    "Engine",
    "EngineSettings",
    "EngineStatus",
    "Frame",
    "Grid",
    "InvalidSettings",
    "Job",
    "JobView",
    "Picture",
    "Question",
    "UnitMaps",
    "make_grid",
]
