"""Environment variables of a process that fits: to be set before JAX, NumPy and PyTensor are imported."""

from __future__ import annotations

from collections.abc import MutableMapping

from bnn_lib.jax_environment import set_jax_environment

COMPILE_CACHE_BYTES = 300_000_000


def set_worker_environment(environ: MutableMapping[str, str], compile_cache: str | None = None) -> None:
    """Set what a worker needs; what is set already, by whoever hosts it, stays.

    One fit uses one core, and several run side by side: no library may start threads of its own.
    """
    set_jax_environment(environ)
    defaults = {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "JAX_PLATFORMS": "cpu",
        # Even small functions are worth keeping: a first fit compiles a dozen of them.
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        "JAX_COMPILATION_CACHE_MAX_SIZE": str(COMPILE_CACHE_BYTES),
    }
    if compile_cache:
        defaults["JAX_COMPILATION_CACHE_DIR"] = compile_cache
    for name, value in defaults.items():
        environ.setdefault(name, value)
