"""A class in front of one machine: real sessions that change settings and fit, against a server of its own.

Prints fits a minute against the same fits sent straight to the engine, the times that visitors wait, and memory;
then what happens when all of them follow one link. `--soak MINUTES`: fewer sessions, for long, and memory.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import psutil

from benchmarks.app_server import Server, serve, wait_until_ready
from benchmarks.common import print_machine, print_table
from benchmarks.usage import Memory, Usage, processor_seconds
from benchmarks.visitor import Visitor
from bnn_lib.engine import Engine, EngineSettings
from bnn_lib.experiment import Experiment
from bnn_lib.experiment_text import write_text

FIRST_SEED = 900_000
PATIENCE = 600.0  # seconds for one fit, queue and all
WEB_MB, ALL_MB, RESPONSE, SHARE = 400, 1600, 0.3, 0.8  # the targets
FLAT = 0.05  # so far memory may go after the first five minutes of a soak


@dataclass(frozen=True)
class Change:
    """A setting, the text that the link has for it, and what its widget sends."""

    dotted: str
    text: str
    sent: dict[str, object]


@dataclass
class Seen:
    """What a session went through: seconds, and the fits that it saw the end of."""

    responses: list[float] = field(default_factory=list)
    first_maps: list[float] = field(default_factory=list)
    results: list[float] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)  # of clicks and of results, by the clock
    keys: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def changes(number: int, fit: int) -> list[Change]:
    """Return what a session changes before a fit: a setting in sight, and a seed that no other session has."""
    rng = np.random.default_rng([number, fit])
    activation = str(rng.choice(["tanh", "relu", "sigmoid"]))
    scale, noise = write_text(float(rng.choice([0.5, 1.0, 2.0, 3.0]))), round(float(rng.uniform(0.1, 0.4)), 2)
    offered = [
        Change("network.activation", activation, {"string_value": activation}),
        Change("prior.scale", scale, {"string_value": scale}),
        Change("data.noise", str(noise), {"double_array_value": {"data": [noise]}}),
    ]
    seed = 1000 * (number + 1) + fit
    return [
        offered[int(rng.integers(len(offered)))],
        Change("inference.seed", str(seed), {"double_value": float(seed)}),
    ]


def experiments(sessions: int, fits: int) -> Iterator[Experiment]:
    """Yield the same fits in the order in which a class asks for them."""
    queries: list[dict[str, str]] = [{} for _ in range(sessions)]
    for fit in range(fits):
        for number, query in enumerate(queries):
            query |= {change.dotted: change.text for change in changes(number, fit)}
            yield Experiment.from_query(query)


Plan = Callable[[int, int], list[Change]]


def visit(
    port: int, number: int, fits: int, think: float, seen: Seen, stop: threading.Event, plan: Plan = changes
) -> None:
    """Be one session: change, fit, look at the result, and again."""
    pause = np.random.default_rng(number)
    query: dict[str, str] = {}
    with Visitor(port, seconds=PATIENCE) as visitor:
        visitor.ask()
        visitor.wait(lambda _: _shown(visitor))  # the default's result
        for fit in range(fits):
            for change in plan(number, fit):
                _look(visitor, pause.uniform(0.5, 1.5) * think)
                seen.responses.append(visitor.set(f"w.{change.dotted}", **change.sent))
                query[change.dotted] = change.text
            if stop.is_set():
                return
            expected = Experiment.from_query(query)
            linked = Experiment.from_query(dict(parse_qsl(visitor.query)))
            if linked != expected:
                seen.wrong.append(f"session {number}: its link is {visitor.query}, not {query}")
            fit_and_see(visitor, expected, seen)


def fit_and_see(visitor: Visitor, expected: Experiment, seen: Seen) -> None:
    """Press Fit and wait for the result."""
    began = time.perf_counter()
    first_map: list[float] = []

    def ended(_: int | None) -> str | None:
        told = visitor.component("feed") or {}
        if not first_map and (told.get("frame") or _shown(visitor) == expected.key):
            first_map.append(time.perf_counter() - began)
        if visitor.alerts():
            return "; ".join(visitor.alerts())
        if told.get("phase") != "idle" or _shown(visitor) != expected.key:
            return None
        return expected.key if _mapped(visitor) else None  # else the page is half there as yet

    visitor.click("fit")
    try:
        key = ended(None) or visitor.wait(ended)
    except TimeoutError as error:
        told = {name: value for name, value in (visitor.component("feed") or {}).items() if name != "frame"}
        raise TimeoutError(f"{error} of {expected.key}, its page says {told}, asks for {visitor.looks}") from None
    if key != expected.key or _mapped(visitor) != expected.key:
        seen.wrong.append(f"asked for {expected.key}, was shown {key}, its map is of {_mapped(visitor)}")
        return
    seen.results.append(time.perf_counter() - began)
    seen.moments += [began, time.perf_counter()]
    seen.first_maps.append(first_map[0])
    seen.keys.append(key)


def _shown(visitor: Visitor) -> str | None:
    """Key of the result on the page, once it is there."""
    told = visitor.component("feed")
    return told["key"] if told and told["phase"] == "idle" and told["key"] else None


def _mapped(visitor: Visitor) -> str | None:
    """Key of the result on the map."""
    result = (visitor.component("map") or {}).get("result")
    return result["key"] if result else None


def _look(visitor: Visitor, seconds: float) -> None:
    """Do nothing for a while; the page goes on by itself."""
    try:
        visitor.wait(lambda _: None, seconds)
    except TimeoutError:
        return


def ideal(folder: Path, wanted: Sequence[Experiment], threads: int) -> tuple[float, float]:
    """Send the same fits straight to an engine, all at once; fits a minute, and processor seconds of a fit."""
    settings = EngineSettings(
        threads=threads, store=folder / "r", compile_cache=folder / "c", queue_length=10_000, session_fits=10_000
    )
    engine = Engine(settings)
    warm = engine.submit(Experiment.from_query({"inference.seed": str(FIRST_SEED)}), "first")
    while not warm.view().ended:
        time.sleep(0.1)
    children = psutil.Process().children(recursive=True)
    before, began = sum(map(processor_seconds, children)), time.perf_counter()
    jobs = [engine.submit(experiment, f"session {i}") for i, experiment in enumerate(wanted)]
    while not all(job.view().ended for job in jobs):
        time.sleep(0.1)
    seconds, after = time.perf_counter() - began, sum(map(processor_seconds, children))
    failed = [job.view().message for job in jobs if job.view().phase != "finished"]
    engine.close()
    if failed:
        raise SystemExit(f"straight to the engine {len(failed)} fits failed: {failed[0]}")
    return 60 * len(jobs) / seconds, (after - before) / len(jobs)


def crowd(
    server: Server, sessions: int, fits: int, think: float, plan: Plan = changes
) -> tuple[list[Seen], Usage]:
    """Let all sessions visit at once; what they saw, and what it took."""
    seen = [Seen() for _ in range(sessions)]
    stop, before = threading.Event(), Usage.of(server)
    with ThreadPoolExecutor(sessions) as pool:
        visits = [pool.submit(visit, server.port, i, fits, think, one, stop, plan) for i, one in enumerate(seen)]
        for i, done in enumerate(visits):
            if error := done.exception():
                seen[i].wrong.append(f"session {i}: {error!r}")
    return seen, Usage.of(server) - before


def warm_up(server: Server) -> None:
    """Wait until the server's worker has fitted something: what follows finds it as it is from then on."""
    wait_until_ready(server)
    seen, _ = crowd(server, 1, 1, 0.0, first)
    if seen[0].wrong:
        raise SystemExit(f"the first fit failed: {seen[0].wrong[0]}")


def first(number: int, fit: int) -> list[Change]:
    """Return what is changed before a fit that is not counted."""
    return [Change("inference.seed", str(FIRST_SEED + fit), {"double_value": float(FIRST_SEED + fit)})]


def one_link(server: Server, sessions: int) -> tuple[int, list[str]]:
    """Let all follow one link and press Fit; how many fits that was, and what went wrong."""
    query = "inference.seed=424242&data.noise=0.31"
    expected = Experiment.from_query(dict(parse_qsl(query)))
    barrier = threading.Barrier(sessions)

    def follow(_: int) -> list[str]:
        seen = Seen()
        with Visitor(server.port, query, seconds=PATIENCE) as visitor:
            visitor.ask()
            visitor.wait(lambda finished: finished)
            barrier.wait()
            fit_and_see(visitor, expected, seen)
        return seen.wrong

    def follow_or_say(number: int) -> list[str]:
        try:
            return follow(number)
        except (TimeoutError, OSError) as error:
            return [f"session {number} on one link: {error!r}"]

    with ThreadPoolExecutor(sessions) as pool:
        wrong = [line for lines in pool.map(follow_or_say, range(sessions)) for line in lines]
    return len(re.findall(f"fit started key={expected.key}", server.log)), wrong


def percentiles(values: Sequence[float]) -> str:
    """Return p50 and p95 of seconds."""
    return " ".join(f"{np.percentile(values, p):.2f}" for p in (50, 95)) if values else "none"


def met(good: bool) -> str:
    """Return a word for the table."""
    return "met" if good else "MISSED"


def run_class(sessions: int, fits: int, think: float, threads: int) -> int:
    """Print what a class of so many sees; the number of things that went wrong."""
    wanted = list(experiments(sessions, fits))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        best, fit_seconds = ideal(folder / "ideal", wanted, threads)
        print(
            f"\nThe same {len(wanted)} fits straight to the engine: {best:.1f} a minute, "
            f"{fit_seconds:.2f} s of processor time each.",
            flush=True,
        )
        with serve(folder, {"BNN_THREADS": str(threads)}) as server:
            warm_up(server)
            memory = Memory(server)
            memory.start()
            seen, used = crowd(server, sessions, fits, think)
            memory.end()
            started, wrong = one_link(server, sessions)
            wrong += [line for one in seen for line in one.wrong]
            keys = [key for one in seen for key in one.keys]
            finished = set(re.findall(r"fit finished key=(\w+)", server.log))
            lost = {experiment.key for experiment in wanted} - finished
    responses = [s for one in seen for s in one.responses]
    moments = [moment for one in seen for moment in one.moments] or [0.0, float("inf")]
    rate = 60 * len(keys) / (max(moments) - min(moments))
    p95 = float(np.percentile(responses, 95)) if responses else float("inf")
    efficient = fit_seconds * len(keys) / (used.web + used.workers)
    print(
        f"\n{sessions} sessions, {fits} fits each, {think:g} s of thought before each change; "
        f"{used.clock:.0f} s in all.\n"
    )
    print_table(
        ("", "measured", "target"),
        [
            ("fits asked for", len(wanted), ""),
            ("results seen by the session that asked", len(keys), met(len(keys) == len(wanted))),
            ("fits lost", len(lost), met(not lost)),
            ("fits a minute", f"{rate:.1f}", ""),
            ("share of the ideal", f"{rate / best:.0%}", f">= {SHARE:.0%}: {met(rate / best >= SHARE)}"),
            ("processor: fits straight / all that served", f"{efficient:.0%}", ""),
            ("processor, seconds: web, workers, visitors",
             f"{used.web:.0f} {used.workers:.0f} {used.ours:.0f}", ""),
            ("a control's response, p50 p95, s", percentiles(responses), f"{RESPONSE}: {met(p95 <= RESPONSE)}"),
            ("click to first map, p50 p95, s", percentiles([s for one in seen for s in one.first_maps]), ""),
            ("click to result, p50 p95, s", percentiles([s for one in seen for s in one.results]), ""),
            ("web process, MB", f"{memory.web:.0f}", f"< {WEB_MB}: {met(memory.web < WEB_MB)}"),
            ("everything, MB", f"{memory.all:.0f}", f"< {ALL_MB}: {met(memory.all < ALL_MB)}"),
            (f"fits for {sessions} sessions on one link", started, f"1: {met(started == 1)}"),
        ],
    )  # fmt: skip
    print("\n".join(wrong))
    return len(wrong) + len(lost) + (len(keys) != len(wanted)) + (started != 1)


def run_soak(minutes: float, sessions: int, think: float, threads: int, log: Path | None) -> int:
    """Print memory every minute; the number of things that went wrong. The server's log is copied to `log`."""
    with tempfile.TemporaryDirectory() as name, serve(Path(name), {"BNN_THREADS": str(threads)}) as server:
        warm_up(server)
        seen, stop = [Seen() for _ in range(sessions)], threading.Event()
        rows: list[tuple[float, float]] = []
        print(
            f"\n{sessions} sessions for {minutes:g} minutes.\n\nminute  web, MB  all, MB  fits  load", flush=True
        )
        with ThreadPoolExecutor(sessions) as pool:
            visits = [pool.submit(visit, server.port, i, 10**6, think, one, stop) for i, one in enumerate(seen)]
            began = time.monotonic()
            for minute in range(1, int(minutes) + 1):
                time.sleep(max(0.0, began + 60 * minute - time.monotonic()))
                rows.append(server.memory())
                ended, load = sum(len(one.keys) for one in seen), psutil.getloadavg()[0]
                print(f"{minute:6}  {rows[-1][0]:7.0f}  {rows[-1][1]:7.0f}  {ended:4}  {load:.1f}", flush=True)
            stop.set()
            wrong = [
                f"session {i} after {len(seen[i].keys)} fits: {error!r}"
                for i, done in enumerate(visits)
                if (error := done.exception())
            ]
        if log is not None:
            shutil.copy(server.log_file, log)
    wrong += [line for one in seen for line in one.wrong]
    responses = [s for one in seen for s in one.responses]
    print(f"\nA control's response, p50 p95: {percentiles(responses)} s.")
    for what, column in (("web process", 0), ("everything", 1)):
        after = [row[column] for row in rows[5:]]
        if after:
            drift = max(after) / rows[4][column] - 1
            print(f"{what}: at most {drift:+.1%} after the fifth minute; <= {FLAT:.0%}: {met(drift <= FLAT)}")
            wrong += [f"{what} grew by {drift:.1%}"] if drift > FLAT else []
    print("\n".join(wrong))
    return len(wrong)


def main() -> int:
    """Run what was asked for; the exit code says whether any fit was lost or shown to the wrong session."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="six sessions, two fits: the figures mean little")
    parser.add_argument("--sessions", type=int, help="browser tabs (30; of a soak 10)")
    parser.add_argument("--fits", type=int, default=5, help="fits of each")
    parser.add_argument("--think", type=float, default=2.0, help="seconds before each change, on average")
    parser.add_argument("--threads", type=int, default=2, help="fits at a time")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="run for so long instead")
    parser.add_argument("--log", type=Path, help="where to copy the server's log of a soak")
    options = parser.parse_args()
    print_machine()
    if options.soak:
        return run_soak(options.soak, options.sessions or 10, options.think, options.threads, options.log)
    sessions, fits = (6, 2) if options.quick else (options.sessions or 30, options.fits)
    return run_class(sessions, fits, options.think, options.threads)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
