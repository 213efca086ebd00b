"""How JAX is to run networks this small: to be set before its first computation, in any process that fits."""

from __future__ import annotations

from collections.abc import MutableMapping

XLA_FLAG = "--xla_cpu_multi_thread_eigen=false"


def set_jax_environment(environ: MutableMapping[str, str]) -> None:
    """Keep a fit on one core, so that several run side by side; what the user has set stays.

    XLA's thread pools cost more than they give here: twice the processor time, for no gain.
    """
    environ.setdefault("PJRT_NPROC", "1")
    if XLA_FLAG.partition("=")[0] not in environ.get("XLA_FLAGS", ""):
        environ["XLA_FLAGS"] = f"{environ.get('XLA_FLAGS', '')} {XLA_FLAG}".strip()
