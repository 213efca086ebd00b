"""What a Dask worker loads before it takes fits: `dask worker ... --preload bnn_lib.engine.preload`.

A worker joins its scheduler only once this is imported, so the engine is ready when it has a worker.
"""

from __future__ import annotations

import logging
import os
import time

from bnn_lib.engine.environment import set_worker_environment

logger = logging.getLogger(__name__)


def dask_setup(worker: object) -> None:
    """Import PyMC, JAX and what else a fit needs."""
    set_worker_environment(os.environ)
    from bnn_lib.engine.tasks import import_everything

    start = time.perf_counter()
    import_everything()
    logger.info("worker loaded seconds=%.1f", time.perf_counter() - start)
