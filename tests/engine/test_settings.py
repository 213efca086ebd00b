"""Settings are read from the environment, and refused where they make no sense."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnn_lib.engine.environment import set_worker_environment
from bnn_lib.engine.settings import (
    VARIABLES,
    EngineSettings,
    InvalidSettings,
    as_table,
    available_cores,
    warn_of_unknown,
)


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
            "BNN_QUEUE": "9",
            "BNN_SESSION_FITS": "6",
            "BNN_MAX_WEIGHTS": "1000",
            "BNN_MAX_ROWS": "500",
            "BNN_MAX_STEPS": "20000",
            "BNN_FIT_SECONDS": "60.5",
            "BNN_FIT_MB": "500",
            "BNN_GRACE_SECONDS": "0.5",
            "BNN_UPLOAD_MB": "2",
            "BNN_OPERATIONS": "On",
            "BNN_LOG": "Warning",
            "JAX_COMPILATION_CACHE_DIR": "/data/jax",
        }
    )
    assert settings == EngineSettings(
        scheduler="tcp://10.0.0.1:8786",
        threads=3,
        store=Path("/data/results"),
        store_bytes=12_500_000,
        compile_cache=Path("/data/jax"),
        queue_length=9,
        session_fits=6,
        max_weights=1000,
        max_rows=500,
        max_steps=20_000,
        fit_seconds=60.5,
        fit_bytes=500_000_000,
        grace_seconds=0.5,
        upload_megabytes=2,
        operations=True,
        log_level="warning",
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
        ("BNN_QUEUE", "0", "a whole number from 1 to 100,000"),
        ("BNN_UPLOAD_MB", "6", "a whole number from 1 to 5"),
        ("BNN_OPERATIONS", "perhaps", "on or off"),
        ("BNN_LOG", "loud", "one of debug, info, warning, error"),
        ("BNN_STORE", "a\0b", "the path of a folder"),
        ("BNN_STORE", "~nobody-of-this-name/x", "the path of a folder"),
        ("BNN_LESSONS", "/there/is/no/such/folder", "the path of a folder that is there and may be read"),
        ("BNN_LESSONS", __file__, "the path of a folder that is there and may be read"),
        ("BNN_LESSONS", "x" * 5000, "the path of a folder that is there and may be read"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, text: str, allowed: str):
    with pytest.raises(InvalidSettings) as caught:
        EngineSettings.from_environment({name: text})
    assert str(caught.value).startswith(f"{name} is {text[:5]!r}"[:-1])
    assert allowed in str(caught.value)
    assert len(str(caught.value)) < 300


@given(st.dictionaries(st.sampled_from(list(VARIABLES)), st.text(max_size=40)))
def test_any_text_gives_settings_or_one_error(environ: dict[str, str]):
    with contextlib.suppress(InvalidSettings):
        assert EngineSettings.from_environment(environ).threads >= 1


@pytest.fixture
def home_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults without XDG_CACHE_HOME, which a machine may have."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)


@pytest.mark.usefixtures("home_only")
def test_the_settings_of_no_variables_are_the_defaults():
    # The table takes its defaults from the class: reading nothing must give just those.
    assert EngineSettings.from_environment({}) == EngineSettings()


def test_every_field_but_that_of_tests_has_a_variable():
    fields = {field.name for field in dataclasses.fields(EngineSettings)}
    assert fields - {variable.field for variable in VARIABLES.values()} == {"preload"}


def test_the_documentation_has_just_these_variables(root: Path):
    assert as_table() in (root / "docs" / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", VARIABLES)
def test_what_the_table_allows_is_read(name: str):
    examples = re.findall(
        r"tcp://[\w.:]+|\d[\d,]*|\b(?:on|off|debug|info|warning|error)\b", VARIABLES[name].allowed
    ) or ["/"]
    for text in examples:
        EngineSettings.from_environment({name: text.replace(",", "")})


@pytest.mark.usefixtures("home_only")
def test_a_misspelt_variable_is_named_in_the_log(caplog: pytest.LogCaptureFixture):
    environ = {"BNN_STORE_GB": "1", "BNN_STORE_MB": "1", "XDG_STORE": "1"}
    assert EngineSettings.from_environment({"BNN_STORE_GB": "1"}) == EngineSettings()
    warn_of_unknown(environ)
    assert caplog.messages == ["environment variable ignored name='BNN_STORE_GB' nearest=BNN_STORE_MB"]


COMPILING_WORKER = """
import os
from bnn_lib.engine import preload, tasks
tasks.import_everything = lambda: None  # PyMC and its kin take long, and compile nothing
before = os.nice(0)
preload.dask_setup(None)
assert os.nice(0) >= min(19, before + preload.BEHIND)  # pages come first
import jax
jax.jit(lambda x: x + 1)(1.0)
"""


def test_what_dask_worker_starts_compiles_to_where_it_is_told_and_lets_pages_go_first(root: Path, tmp_path: Path):
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("BNN_", "JAX_"))}
    environ |= {"HOME": str(tmp_path), "BNN_COMPILE_CACHE": "~/volume/compiled"}
    subprocess.run([sys.executable, "-c", COMPILING_WORKER], cwd=root, env=environ, check=True)
    assert list((tmp_path / "volume" / "compiled").iterdir())


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
