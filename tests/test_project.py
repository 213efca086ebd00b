"""The project's own files: requirements, Streamlit's configuration, the scripts behind `make`."""

from __future__ import annotations

import ast
import os
import re
import socket
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements", "requirements-test", "requirements-bench")


def requirements(file: str) -> list[Requirement]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-c "))]


def script(name: str, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "scripts" / name), *args]
    environ = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, env=environ, check=False)


@pytest.mark.parametrize("name", LOCKS)
def test_locks_hold_exact_versions_and_nothing_else(name: str):
    text = (ROOT / f"{name}.txt").read_text(encoding="utf-8")
    assert "://" not in text  # an index's address would tie everybody to one machine's network
    for requirement in requirements(f"{name}.txt"):
        assert [s.operator for s in requirement.specifier] == ["=="], requirement


@pytest.mark.parametrize("name", LOCKS)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_locks_cover_every_python(name: str, python: str):
    environment = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    locked = [r.name for r in requirements(f"{name}.txt") if r.marker is None or r.marker.evaluate(environment)]
    assert len(locked) == len(set(locked))  # one version each
    assert {requirement.name for requirement in requirements(f"{name}.in")} <= set(locked)


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_locks_agree(python: str):
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    versions: dict[str, str] = {}
    for name in LOCKS:
        for requirement in requirements(f"{name}.txt"):
            if requirement.marker is None or requirement.marker.evaluate(environment):
                pin = str(requirement.specifier)
                assert versions.setdefault(requirement.name, pin) == pin, requirement.name


def test_streamlit_knows_every_option_that_is_set():
    known = pytest.importorskip("streamlit.config").get_config_options()
    with (ROOT / ".streamlit" / "config.toml").open("rb") as file:
        sections = tomllib.load(file)

    def names(prefix: str, table: dict[str, object]) -> list[str]:
        found = []
        for key, value in table.items():
            found += names(f"{prefix}{key}.", value) if isinstance(value, dict) else [prefix + key]
        return found

    assert set(names("", sections)) <= set(known)


def test_find_python_finds_one_that_will_do():
    found = script("find-python", PYTHON=sys.executable)
    assert found.returncode == 0, found.stderr
    assert Path(found.stdout.strip()).resolve() == Path(sys.executable).resolve()


def test_find_python_says_what_is_missing(tmp_path: Path):
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1 || exit 1\n')
    old.chmod(0o755)
    found = script("find-python", PATH=str(tmp_path), PYTHON="")
    assert found.returncode == 1
    assert found.stderr.startswith("Python 3.11 or newer is needed, and this machine has Python 3.9.1")
    assert len(found.stderr.strip().splitlines()) == 1


def test_find_python_says_that_venv_is_missing(tmp_path: Path):
    (tmp_path / "ensurepip.py").write_text("raise ImportError")
    found = script("find-python", PYTHON=sys.executable, PYTHONPATH=str(tmp_path))
    assert found.returncode == 1
    assert "its venv module is missing" in found.stderr


@pytest.mark.parametrize("port", ["0", "65536", "http", "", "8501; true", "٨٠"])
def test_check_port_refuses_what_is_no_port(port: str):
    checked = script("check-port", sys.executable, port)
    assert checked.returncode == 1
    assert re.fullmatch(r"PORT must be a whole number from 1 to 65535, not .*\.\n", checked.stderr)


def test_check_port_says_that_it_is_taken():
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        checked = script("check-port", sys.executable, port)
    assert checked.returncode == 1
    assert checked.stderr.startswith(f"Port {port} cannot be used")
    assert script("check-port", sys.executable, port).returncode == 0


def imported(*folders: str) -> set[str]:
    """Names of the distributions that the code in these folders imports, anywhere in it."""
    provided = metadata.packages_distributions()
    found: set[str] = set()
    for path in (path for folder in folders for path in sorted(ROOT.glob(folder))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    others = found - set(sys.stdlib_module_names) - {"app", "bnn_lib", "tests", "benchmarks"}
    return {canonicalize_name(provided.get(name, [name])[0]) for name in others}


@pytest.mark.parametrize(
    ("folders", "files"),
    [
        (("app.py", "pages/*.py", "bnn_lib/**/*.py"), ("requirements.in",)),
        (("tests/**/*.py",), ("requirements.in", "requirements-test.in")),
        (("benchmarks/*.py",), ("requirements.in", "requirements-bench.in")),
    ],
    ids=["app", "tests", "benchmarks"],
)
def test_what_is_imported_is_asked_for(folders: tuple[str, ...], files: tuple[str, ...]):
    # What only comes along with something else goes when that does without it.
    listed = {canonicalize_name(requirement.name) for file in files for requirement in requirements(file)}
    assert imported(*folders) <= listed
