"""What a Dask worker loads before it takes fits: `dask worker ... --preload bnn_lib.engine.preload`.

A worker joins its scheduler only once this is imported, so the engine is ready when it has a worker.
"""

from __future__ import annotations

import logging
import os
import time

from bnn_lib.engine.environment import set_worker_environment

BEHIND = 10  # so much lower is the priority of fits: where both want a core, pages answer first

logger = logging.getLogger(__name__)


def dask_setup(worker: object) -> None:
    """Import PyMC, JAX and what else a fit needs; threads that the worker begins after this have its priority."""
    # Started by `dask worker` it has the variable alone; our own process has made JAX's of it already.
    compile_cache = os.environ.get("BNN_COMPILE_CACHE", "").strip()
    set_worker_environment(os.environ, os.path.expanduser(compile_cache))
    if hasattr(os, "nice"):  # not on Windows
        os.nice(BEHIND)
    from bnn_lib.engine.tasks import import_everything

    start = time.perf_counter()
    import_everything()
    logger.info("worker loaded seconds=%.1f", time.perf_counter() - start)
