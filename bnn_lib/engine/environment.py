"""Environment variables of a process that fits: to be set before JAX, NumPy and PyTensor are imported."""

from __future__ import annotations

from collections.abc import MutableMapping

XLA_FLAG = "--xla_cpu_multi_thread_eigen=false"  # at this size XLA's thread pool costs more than it gives
COMPILE_CACHE_BYTES = 300_000_000


def set_worker_environment(environ: MutableMapping[str, str], compile_cache: str | None = None) -> None:
    """Set what a worker needs; what is set already, by whoever hosts it, stays.

    One fit uses one core, and several run side by side: no library may start threads of its own.
    """
    if XLA_FLAG.partition("=")[0] not in environ.get("XLA_FLAGS", ""):
        environ["XLA_FLAGS"] = f"{environ.get('XLA_FLAGS', '')} {XLA_FLAG}".strip()
    defaults = {
        "PJRT_NPROC": "1",  # else XLA spreads one fit over all cores: twice the processor time, for no gain
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
