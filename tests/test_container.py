"""The container's files, as far as that goes without Docker; tests/server/test_compose.py runs what they say."""

from __future__ import annotations

import configparser
import fnmatch
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent


def instructions() -> list[tuple[str, str]]:
    """Name and arguments of each line of the Dockerfile, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\s*\\\n\s*", " ", text).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines) if name]


def final_stage() -> list[tuple[str, str]]:
    lines = instructions()
    last = max(i for i, (name, _) in enumerate(lines) if name == "FROM")
    return lines[last:]


def arguments(name: str) -> list[str]:
    return [rest for instruction, rest in final_stage() if instruction == name]


def image_environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for line in arguments("ENV") for pair in line.split())


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))


def test_the_image_is_built_in_two_stages_from_the_lock():
    stages = [rest for name, rest in instructions() if name == "FROM"]
    assert len(stages) == 2
    assert len({stage.split()[0] for stage in stages}) == 1  # a virtual environment fits one Python only
    assert re.fullmatch(r"python:3\.(11|12|13)-slim", stages[1])  # Pythons that the lock is for
    assert any("requirements.txt" in rest for name, rest in instructions() if name == "RUN")


def test_nothing_in_it_runs_as_root():
    (user,) = arguments("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)  # numbers, which Kubernetes can check
    names = [name for name, _ in final_stage()]
    assert "RUN" not in names[names.index("USER") :]


def test_what_it_copies_is_there_and_not_ignored():
    rules = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    allowed = [rule[1:] for rule in rules if rule.startswith("!")]
    copied = [rest.split()[0] for name, rest in instructions() if name == "COPY" and "--from" not in rest]
    for source in copied:
        assert (ROOT / source).exists(), source
        assert source in allowed, source
    assert sorted(copied) == sorted(allowed)
    for secret in (".git/config", ".streamlit/secrets.toml", ".env", "tests/conftest.py"):
        assert not any(secret == rule or fnmatch.fnmatch(secret, f"{rule}/*") for rule in allowed)


def test_it_has_a_health_check():
    (check,) = arguments("HEALTHCHECK")
    command = json.loads(check[check.index("CMD ") + 4 :])
    compile(command[2], "health", "exec")
    assert "/_stcore/health" in command[2]


def test_what_it_writes_goes_to_the_store_or_to_tmp():
    environment = image_environment()
    (volume,) = arguments("VOLUME")
    for name in ("BNN_STORE", "BNN_COMPILE_CACHE"):
        assert environment[name].startswith(f"{volume}/")
    for name in ("HOME", "NUMBA_CACHE_DIR", "MPLCONFIGDIR"):
        assert environment[name].startswith("/tmp")


@pytest.mark.parametrize("service", ["app", "scheduler", "worker"])
def test_every_service_is_confined(service: str):
    settings = compose()["services"][service]
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert settings["security_opt"] == ["no-new-privileges:true"]
    assert settings["tmpfs"] == ["/tmp"]
    assert settings["mem_limit"]


def test_dask_has_no_port_on_the_host_and_the_app_only_on_loopback():
    described = compose()
    services = described["services"]
    assert services["app"]["ports"] == ["127.0.0.1:8501:8501"]
    assert described["networks"]["fits"] == {"internal": True}
    for name in ("scheduler", "worker"):
        assert "ports" not in services[name]
        assert services[name]["networks"] == ["fits"]


def test_our_own_scheduler_and_the_composed_one_have_the_same_settings():
    from bnn_lib.engine.local import DASK_SETTINGS

    for name, text in compose()["services"]["scheduler"]["environment"].items():
        if name == "DASK_LOGGING__DISTRIBUTED":
            continue
        key = name.removeprefix("DASK_").lower().replace("__", ".").replace("_", "-")
        ours = DASK_SETTINGS[key]
        assert str(ours).lower() == text.lower(), name


def test_the_clusters_commands_are_those_that_the_benchmarks_run():
    from benchmarks.dask_processes import SETTINGS

    text = (ROOT / "docs" / "hosting-cluster.md").read_text("utf-8")
    documented = dict(re.findall(r'(DASK_\w+)="?([^"\s]+)"?', text))
    assert documented == {k: v for k, v in SETTINGS.items() if k.startswith("DASK_DIST")}


def test_workers_declare_the_fits_that_leave_a_question_its_thread():
    from bnn_lib.engine.threads import FIT, fits_of

    composed = " ".join(compose()["services"]["worker"]["command"])
    for text in (composed, (ROOT / "docs" / "hosting-cluster.md").read_text("utf-8")):
        (threads,) = re.findall(r"--nthreads (\d+)", text)
        assert re.findall(rf"--resources {FIT}=(\d+)", text) == [str(fits_of(int(threads)))]


def systemd_unit() -> str:
    text = (ROOT / "docs" / "hosting-one-machine.md").read_text("utf-8")
    (unit,) = re.findall(r"^```ini\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return str(unit)


def test_the_systemd_unit_starts_the_app_with_settings_that_there_are():
    from bnn_lib.engine.settings import VARIABLES

    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(systemd_unit())
    service = unit["Service"]
    program, *arguments = service["ExecStart"].split()
    assert program == f"{service['WorkingDirectory']}/.venv/bin/streamlit"
    assert arguments[:2] == ["run", "app.py"]
    help_text = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert all(option in help_text for option in arguments if option.startswith("--"))
    state = f"/var/lib/{service['StateDirectory']}"
    environment = dict(pair.split("=") for pair in service["Environment"].split())
    assert {*environment} <= {"HOME", *VARIABLES}
    # Nothing else can be written under ProtectSystem=strict.
    assert all(value.startswith(state) for value in environment.values())
    assert service["KillSignal"] == "SIGINT"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_itself_finds_nothing_wrong_with_the_unit(tmp_path: Path):
    file = tmp_path / "bnn.service"
    file.write_text(systemd_unit().replace("/opt/bnn/.venv/bin/streamlit", "/bin/true"))
    run = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "bnn.service" not in run.stderr, run.stderr
