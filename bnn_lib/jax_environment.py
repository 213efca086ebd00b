"""How JAX is to run networks this small: to be set before its first computation, in any process that fits."""

from __future__ import annotations

from collections.abc import MutableMapping

XLA_FLAG = "--xla_cpu_multi_thread_eigen=false"


def set_jax_environment(environ: MutableMapping[str, str]) -> None:
    """Run each fit on the thread that asks for it, so that several run side by side; what the user has set stays.

    A product of XLA's spread over threads costs more than it gives at this size. Its asynchronous dispatch puts
    programs into a queue, and calls that wait for one another share a core.
    """
    environ.setdefault("JAX_CPU_ENABLE_ASYNC_DISPATCH", "false")
    if XLA_FLAG.partition("=")[0] not in environ.get("XLA_FLAGS", ""):
        environ["XLA_FLAGS"] = f"{environ.get('XLA_FLAGS', '')} {XLA_FLAG}".strip()
