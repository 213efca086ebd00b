"""A worker's threads: all but one are for fits, so that a short question finds one free.

A worker declares how many fits it runs at a time as a resource of Dask's, of which each fit takes one. So the
scheduler itself keeps to it, whichever web process a fit comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

QUESTION_THREADS = 1
FIT = "fit"


def fits_of(threads: int) -> int:
    """Return how many fits a worker of so many threads runs at a time."""
    return max(1, threads - QUESTION_THREADS)


def fits_by_worker(workers: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, int], bool]:
    """Return how many fits each worker runs at a time, and whether that is what they declare.

    Parameters
    ----------
    workers : mapping
        What the scheduler says of each, by address. If none declares fits, as where somebody started them without,
        it goes by their threads; if some do, the others only answer questions.
    """
    declared = {address: int(worker["resources"].get(FIT, 0)) for address, worker in workers.items()}
    if any(declared.values()):
        return declared, True
    return {address: fits_of(worker["nthreads"]) for address, worker in workers.items()}, False
