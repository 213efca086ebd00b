"""The commands of compose.yaml, run for real on loopback: a fit goes through all three services."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.app_server import Server, end, free_port, wait_until_healthy
from benchmarks.visitor import Visitor, exceptions, texts
from tests.test_container import arguments, compose, image_environment

# Patience costs nothing where it is not needed: a crowded machine takes minutes to load three Pythons.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

PATIENCE = 600.0


@pytest.fixture
def services(root: Path, tmp_path: Path) -> Iterator[Server]:
    """A scheduler, a worker and the app as compose.yaml starts them, with loopback for their network."""
    described, web, dask = compose()["services"], free_port(), free_port()
    server = Server(web, tmp_path / "app.log")
    places = {
        "scheduler:8786": f"127.0.0.1:{dask}",
        "0.0.0.0": "127.0.0.1",
        "8786": str(dask),
        "8501": str(web),
        "/var/lib/bnn": str(tmp_path / "store"),
        "/tmp/": f"{tmp_path}/",
    }

    def here(text: str) -> str:
        # In one pass: a temporary folder is itself in /tmp.
        return re.sub("|".join(map(re.escape, places)), lambda found: places[found[0]], text)

    def start(name: str) -> subprocess.Popen[bytes]:
        command = described[name].get("command") or json_command()
        image = {k: here(v) for k, v in image_environment().items() if k not in ("PATH", "PYTHONPATH", "HOME")}
        changed = {k: here(v) for k, v in described[name].get("environment", {}).items()}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {"PATH": path, "PYTHONPATH": str(root), "HOME": str(tmp_path), **image, **changed}
        with (tmp_path / f"{name}.log").open("wb") as output:
            return subprocess.Popen(
                [here(word) for word in command], cwd=root, env=environment, stdout=output, stderr=output
            )

    with ExitStack() as running:
        for name in ("scheduler", "worker", "app"):
            process = start(name)
            running.callback(end, process)
        wait_until_healthy(server, process)
        yield server


def json_command() -> list[str]:

    (command,) = arguments("CMD")
    return list(json.loads(command))


def wait_for(condition: Callable[[], bool], what: str, logs: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            told = "\n".join(f"{log.name}:\n{log.read_text()[-2000:]}" for log in logs.glob("*.log"))
            raise AssertionError(f"waited for {what}\n{told}")
        time.sleep(0.2)


def test_a_fit_goes_through_the_composed_services(services: Server, tmp_path: Path):
    wait_for(lambda: services.get("/ready")[0] == 200, "a worker", tmp_path)
    assert '"workers":1' in services.get("/ready")[1]
    # Not the default fit, whose result comes with the app.
    with Visitor(services.port, "data.seed=1&inference.steps=500") as visitor:
        assert not exceptions(visitor.run())
        visitor.click("fit")
        wait_for(lambda: any((tmp_path / "store" / "results").glob("*.result")), "a result", tmp_path)
        # Stored first and told after; then the page runs once more. So ask again, as its fragment does.
        wait_for(lambda: "How good on rows it has not seen" in texts(visitor.run()), "the scores", tmp_path)
    assert list((tmp_path / "store" / "compiled").iterdir())  # the worker's, in its volume
