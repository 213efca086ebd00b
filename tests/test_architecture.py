"""The shape of the code: which way imports run, who may import what, how long a module may be.

Imports are read from the source, those inside functions too. Not counted are those under `if TYPE_CHECKING:`,
which never run, and a registry's `import_module(entry.module)`: a registry does not depend on what it names.
"""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# From the top down. A module imports from its own layer and from those below it; a package's name stands for
# everything in it unless a longer name is listed.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("app", "pages"),
    ("bnn_lib.dashboard",),
    ("bnn_lib.engine",),
    ("bnn_lib.fitting", "bnn_lib.prior", "bnn_lib.gp_limit"),
    ("bnn_lib.diagnostics",),
    ("bnn_lib.runs",),  # one fit under way
    ("bnn_lib.held_out",),
    ("bnn_lib.agreement", "bnn_lib.baselines", "bnn_lib.calibration"),
    ("bnn_lib.metrics",),
    ("bnn_lib.networks",),
    ("bnn_lib.posterior",),
    ("bnn_lib.programs",),  # compiled functions, kept by structure
    ("bnn_lib.inference", "bnn_lib.curvature"),
    ("bnn_lib.logdensity",),
    ("bnn_lib.model", "bnn_lib.exports"),
    (
        "bnn_lib.datasets",
        "bnn_lib.experiment",
        "bnn_lib.experiment_text",
        "bnn_lib.inference.requirements",  # asked where nothing is fitted, too
        "bnn_lib.inference_data",
        "bnn_lib.loo",
        "bnn_lib.posterior_file",
        "bnn_lib.predictive",
        "bnn_lib.schema",
        "bnn_lib.structure",
    ),
    # Registries: names, labels and bounds as data, which an Experiment is validated against. The __init__ of
    # `bnn_lib.inference` is one of them.
    ("bnn_lib.activations", "bnn_lib.priors", "bnn_lib.likelihoods", "bnn_lib.inference.__init__"),
    ("bnn_lib.archive", "bnn_lib.cores"),
    ("bnn_lib.conditionals", "bnn_lib.errors", "bnn_lib.jax_environment"),
)
RANK = {name: len(LAYERS) - i for i, names in enumerate(LAYERS) for name in names}
# Outside the arrows: it takes arrays, imports none of the layers above, and only pages use it.
FIGURES = "bnn_lib.figures"
FIGURES_USERS = ("app", "pages", "bnn_lib.dashboard", FIGURES)

MAY_IMPORT_STREAMLIT = ("app", "pages", "bnn_lib.dashboard")
HEAVY = (
    "pymc",
    "pytensor",
    "jax",
    "blackjax",
    "optax",
    "matplotlib",
)  # seconds and hundreds of MB: never in the web process
MAX_LINES = 400
MAX_PAGE_LINES = 200


@dataclass(frozen=True)
class Import:
    """A module's import of another one, or of a name in it."""

    line: int
    module: str
    name: str | None = None


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@cache
def sources() -> dict[str, Path]:
    """Return module name -> file for what the app and the library consist of."""
    paths = [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "bnn_lib").rglob("*.py")]
    named = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): path for path in paths}
    return {name: path for name, path in named.items() if path.exists()}


def is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Walk over what can run: everything but the bodies of `if TYPE_CHECKING:`."""
    yield node
    skipped = node.body if isinstance(node, ast.If) and is_type_checking(node.test) else []
    for child in ast.iter_child_nodes(node):
        if child not in skipped:
            yield from walk(child)


def parse_imports(module: str, text: str) -> list[Import]:
    found = []
    for node in walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [Import(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:  # a relative import, counted from the package that the module is in
                package = module.split(".")[: -node.level]
                base = ".".join([*package, *filter(None, [node.module])])
            found += [Import(node.lineno, base, alias.name) for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            literals = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            found += [Import(node.lineno, name) for name in literals if isinstance(name, str)]
    return found


@cache
def imports(module: str) -> list[Import]:
    return parse_imports(module, sources()[module].read_text(encoding="utf-8"))


def target(entry: Import) -> str | None:
    """Return the module of ours that an import loads, None if it is not ours."""
    if not within(entry.module, ("bnn_lib", "app", "pages")):
        return None
    for name in ([f"{entry.module}.{entry.name}"] if entry.name else []) + [entry.module]:
        for module in (name, f"{name}.__init__"):
            if module in sources():
                return module
    return entry.module  # not there: reported as having no layer


def rank(module: str) -> int | None:
    name = module
    while name:
        if name in RANK:
            return RANK[name]
        name = name.rpartition(".")[0]
    return None


OUR_MODULES = sorted(sources())
LAYERED = [m for m in OUR_MODULES if m != "bnn_lib.__init__" and not within(m, (FIGURES,))]


def test_what_is_read():
    text = """
import bnn_lib.fitting
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from bnn_lib.posterior import Posterior
else:
    import bnn_lib.model
def late():
    from . import store
    from ..errors import InvalidData
    importlib.import_module("bnn_lib.logdensity")
"""
    found = {(entry.module, entry.name) for entry in parse_imports("bnn_lib.engine.worker", text)}
    assert found == {
        ("bnn_lib.fitting", None),
        ("typing", "TYPE_CHECKING"),
        ("bnn_lib.model", None),
        ("bnn_lib.engine", "store"),
        ("bnn_lib.errors", "InvalidData"),
        ("bnn_lib.logdensity", None),
    }


@pytest.mark.parametrize("module", LAYERED)
def test_imports_run_one_way(module: str):
    own = rank(module)
    assert own is not None, f"{module} is in no layer: give it one in LAYERS"
    for entry in imports(module):
        other = target(entry)
        if other is None or within(other, (FIGURES,)):
            continue
        where = f"{module}, line {entry.line}"
        assert other != "bnn_lib.__init__" or within(module, ("app", "pages")), (
            f"{where}: within the library, import from the module that defines it, not from bnn_lib"
        )
        if other == "bnn_lib.__init__":
            continue
        other_rank = rank(other)
        assert other_rank is not None, f"{where} imports {other}, which is in no layer (LAYERS) or does not exist"
        assert other_rank <= own, f"{where} imports {other}, which is in a layer above it"


@pytest.mark.parametrize("module", OUR_MODULES)
def test_figures_stand_apart(module: str):
    for entry in imports(module):
        other = target(entry)
        if within(module, (FIGURES,)):
            assert other is None or within(other, (FIGURES,)), f"{module}, line {entry.line}: figures take arrays"
        elif other is not None and within(other, (FIGURES,)):
            assert within(module, FIGURES_USERS), f"{module}, line {entry.line}: only pages draw figures"


@pytest.mark.parametrize("module", OUR_MODULES)
def test_only_the_dashboard_imports_streamlit(module: str):
    if not within(module, MAY_IMPORT_STREAMLIT):
        for entry in imports(module):
            assert not within(entry.module, ("streamlit",)), f"{module}, line {entry.line}: imports streamlit"


def test_no_module_imports_itself_round_a_circle():
    graph = {module: {target(entry) for entry in imports(module)} - {None, module} for module in OUR_MODULES}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("module", OUR_MODULES)
def test_modules_are_short(module: str):
    lines = len(sources()[module].read_text(encoding="utf-8").splitlines())
    limit = MAX_PAGE_LINES if within(module, ("pages",)) else MAX_LINES
    assert lines <= limit, f"{module} has {lines} lines, and {limit} is the limit: split it by what it is about"


def heavy_imports_of(code: str) -> str:
    """Return which of the heavy packages a fresh interpreter has loaded after running the code."""
    check = f"\nimport sys\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code + check], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_importing_the_library_is_light():
    assert heavy_imports_of("import bnn_lib") == ""


def test_making_an_experiment_is_light():
    assert heavy_imports_of("import bnn_lib\nbnn_lib.Experiment().key") == ""


def test_the_web_process_is_light():
    # Everything that a page can have loaded by importing: the dashboard, and all that pages name themselves.
    loaded = {m for m in OUR_MODULES if within(m, ("bnn_lib.dashboard", FIGURES))} | {"bnn_lib.engine"}
    lines = [f"import {module.removesuffix('.__init__')}" for module in sorted(loaded)]
    for module in OUR_MODULES:
        if within(module, ("app", "pages")):
            ours = [entry for entry in imports(module) if within(entry.module, ("bnn_lib",))]
            lines += [f"from {e.module} import {e.name}" if e.name else f"import {e.module}" for e in ours]
    assert heavy_imports_of("\n".join(lines)) == ""
