"""Settings are read from the environment, and refused where they make no sense."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnn_lib.engine.environment import set_worker_environment
from bnn_lib.engine.settings import EngineSettings, InvalidSettings, available_cores


def test_without_variables_there_are_defaults():
    settings = EngineSettings.from_environment({"XDG_CACHE_HOME": "/cache"})
    assert settings.scheduler is None
    assert settings.threads == available_cores() >= 1
    assert settings.store == Path("/cache/bnn_lib/results")
    assert settings.compile_cache == Path("/cache/bnn_lib/compiled")
    assert settings.grace_seconds == 20
    assert EngineSettings.from_environment(
        {"BNN_THREADS": "", "BNN_STORE": ""}
    ) == EngineSettings.from_environment({})


def test_every_variable_is_read():
    settings = EngineSettings.from_environment(
        {
            "BNN_SCHEDULER": "tcp://10.0.0.1:8786",
            "BNN_THREADS": "3",
            "BNN_STORE": "/data/results",
            "BNN_STORE_MB": "12.5",
            "BNN_GRACE_SECONDS": "0.5",
            "JAX_COMPILATION_CACHE_DIR": "/data/jax",
        }
    )
    assert settings == EngineSettings(
        scheduler="tcp://10.0.0.1:8786",
        threads=3,
        store=Path("/data/results"),
        store_bytes=12_500_000,
        compile_cache=Path("/data/jax"),
        grace_seconds=0.5,
    )
    both = {"JAX_COMPILATION_CACHE_DIR": "/data/jax", "BNN_COMPILE_CACHE": "~/ours"}
    assert EngineSettings.from_environment(both).compile_cache == Path.home() / "ours"


@pytest.mark.parametrize(
    ("name", "text", "allowed"),
    [
        ("BNN_SCHEDULER", "somewhere", "the address of a Dask scheduler, e.g. tcp://127.0.0.1:8786"),
        ("BNN_SCHEDULER", "http://host:80", "the address of a Dask scheduler"),
        ("BNN_SCHEDULER", "tcp://host", "the address of a Dask scheduler"),
        ("BNN_SCHEDULER", "tcp://host:99999", "the address of a Dask scheduler"),
        ("BNN_SCHEDULER", "tcp://host:80/path", "the address of a Dask scheduler"),
        ("BNN_THREADS", "0", "a whole number from 1 to 256"),
        ("BNN_THREADS", "1.5", "a whole number from 1 to 256"),
        ("BNN_THREADS", "9" * 5000, "a whole number from 1 to 256"),
        ("BNN_STORE_MB", "nan", "a number from 1 to 1,000,000"),
        ("BNN_STORE_MB", "-3", "a number from 1 to 1,000,000"),
        ("BNN_GRACE_SECONDS", "inf", "a number from 0 to 86,400"),
        ("BNN_STORE", "a\0b", "the path of a folder"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, text: str, allowed: str):
    with pytest.raises(InvalidSettings) as caught:
        EngineSettings.from_environment({name: text})
    assert str(caught.value).startswith(f"{name} is {text[:5]!r}"[:-1])
    assert allowed in str(caught.value)
    assert len(str(caught.value)) < 300


NAMES = (
    "BNN_SCHEDULER",
    "BNN_THREADS",
    "BNN_STORE",
    "BNN_STORE_MB",
    "BNN_GRACE_SECONDS",
    "BNN_COMPILE_CACHE",
)


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40)))
def test_any_text_gives_settings_or_one_error(environ: dict[str, str]):
    with contextlib.suppress(InvalidSettings):
        assert EngineSettings.from_environment(environ).threads >= 1


def test_a_worker_has_one_thread_a_fit():
    environ = {"XLA_FLAGS": "--xla_dump_to=/x", "OMP_NUM_THREADS": "4"}
    set_worker_environment(environ, "/cache")
    assert environ["XLA_FLAGS"] == "--xla_dump_to=/x --xla_cpu_multi_thread_eigen=false"
    assert environ["OMP_NUM_THREADS"] == "4"  # the host's own choice stays
    assert environ["OPENBLAS_NUM_THREADS"] == "1"
    assert environ["JAX_COMPILATION_CACHE_DIR"] == "/cache"
    before = dict(environ)
    set_worker_environment(environ, "/elsewhere")
    assert environ == before
