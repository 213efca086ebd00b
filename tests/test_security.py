"""Lines of the security checklist (docs/security.md) that need no server: what the code may do at all."""

from __future__ import annotations

import ast
import io
import os
import pickle
import re
import tomllib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnn_lib.dashboard.notices import plain
from bnn_lib.datasets import read_table
from bnn_lib.engine.arrays import from_bytes
from bnn_lib.engine.picture import MAGIC, Picture
from bnn_lib.engine.sealed import seal
from bnn_lib.engine.store import ResultStore
from bnn_lib.errors import InvalidData
from bnn_lib.posterior import load_posterior

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted([ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "bnn_lib").rglob("*.py")])
RIM = [path for path in SOURCES if path.parts[-2] == "pages" or "dashboard" in path.parts]

# Whatever can run code that it reads.
UNPICKLERS = {"pickle", "_pickle", "cloudpickle", "dill", "marshal", "shelve", "joblib", "yaml", "jsonpickle"}
EVALUATORS = {"eval", "exec", "compile", "__import__", "execfile"}
READERS = {"read_pickle", "read_hdf", "read_sql", "load_pickle", "from_pickle"}


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def dangers(text: str) -> list[str]:
    """What in a module's source could run what it is given to read."""
    tree, found = ast.parse(text), []
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [name for name in names if name.split(".")[0] in UNPICKLERS]
    for call, name in calls(tree):
        if name in EVALUATORS or name.split(".")[-1] in READERS:
            found.append(name)
        if name in ("np.load", "numpy.load"):
            keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
            found += [] if keywords.get("allow_pickle") == "False" else [name]
        found += [name for keyword in call.keywords if keyword.arg == "shell"]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_that_is_read_is_run(path: Path):
    assert dangers(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "np.load(f)",
        "np.load(f, allow_pickle=True)",
        "eval(x)",
        "pd.read_pickle(f)",
        "subprocess.run(x, shell=True)",
    ],
)
def test_what_could_run_is_found(text: str):
    assert dangers(text)


class Bomb:
    """Unpickled, it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


def as_pickle(bomb: Bomb) -> bytes:
    return pickle.dumps(bomb)


def as_array(bomb: Bomb) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([bomb], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def as_archive(bomb: Bomb) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **{name: np.array([bomb], dtype=object) for name in ("header", "meta", "X")})
    return buffer.getvalue()


def as_sealed_archive(bomb: Bomb) -> bytes:
    return seal(MAGIC, zlib.compress(as_archive(bomb)))


LOADERS: dict[str, Callable[[bytes], Any]] = {
    "posterior": lambda content: load_posterior(io.BytesIO(content)),
    "arrays": from_bytes,
    "picture": Picture.from_bytes,
    "table": read_table,
}


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("pack", [as_pickle, as_array, as_archive, as_sealed_archive])
def test_a_pickle_is_refused_and_not_run(loader: str, pack: Callable[[Bomb], bytes], tmp_path: Path):
    content = pack(Bomb(tmp_path / "made"))
    with pytest.raises(InvalidData):
        LOADERS[loader](content)
    assert not (tmp_path / "made").exists()
    pickle.loads(as_pickle(Bomb(tmp_path / "made")))
    assert (tmp_path / "made").exists()  # it would have gone off


@given(st.one_of(st.text(max_size=200), st.sampled_from(["../x", "/etc/passwd", "a" * 8 + "/../b", "0" * 300])))
def test_no_text_but_a_hash_becomes_part_of_a_path(text: str):
    store = ResultStore(Path("/nonexistent/store"), 10)
    if re.fullmatch(r"[0-9a-f]{8,128}", text):
        assert store._path(text).parent == Path("/nonexistent/store")
    else:
        for method in (store.get, store.remove, lambda key: store.put(key, b"")):
            with pytest.raises(InvalidData):
                method(text)


OPENERS = {"open", "os.open", "io.open", "Path", "pathlib.Path", "shutil.copy", "os.remove", "os.listdir"}


@pytest.mark.parametrize("path", RIM, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_pages_open_only_files_of_their_own(path: Path):
    # `Path(__file__)`, and from there names that the code has, or a text that stands in the code: no text that a
    # visitor sent names a file.
    for call, name in calls(ast.parse(path.read_text(encoding="utf-8"))):
        if name in OPENERS:
            (argument,) = call.args
            assert isinstance(argument, ast.Constant) or ast.unparse(argument) == "__file__", ast.unparse(call)


@given(st.text(max_size=100))
def test_what_a_link_says_is_quoted_as_it_is(text: str):
    text = text.replace("\u2060", "")  # which keeps an address from becoming a link
    escaped = plain(text).replace("\u2060", "")
    # Every sign that Markdown or HTML acts upon has a backslash before it, so nothing is acted upon.
    assert re.sub(r"\\(.)", r"\1", escaped) == " ".join(text.split())
    assert not re.search(r"(?<!\\)(?:\\\\)*[<>\[\]`*_$]", escaped)


@pytest.mark.parametrize("path", RIM, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_page_lets_a_text_act(path: Path):
    # What is written with `st.html` Streamlit cleans of scripts; what is in it besides is escaped by its writer,
    # which tests/server/test_forged.py looks at.
    text = path.read_text("utf-8")
    for danger in ("unsafe_allow_html", "unsafe_allow_javascript", "components.v1", "st.iframe"):
        assert danger not in text


def test_the_servers_settings_are_the_careful_ones():
    with (ROOT / ".streamlit" / "config.toml").open("rb") as file:
        settings = tomllib.load(file)
    assert settings["server"]["enableXsrfProtection"] is True
    assert settings["server"]["enableCORS"] is True
    assert settings["server"]["maxWidgetStateSize"] <= 5
    assert settings["client"]["showErrorDetails"] == "none"
    assert settings["browser"]["gatherUsageStats"] is False
    assert "enableStaticServing" not in settings["server"]
    assert "enableAgentApi" not in settings["server"]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "bnn_lib" / "dashboard").rglob("*.js")), ids=lambda path: path.name
)
def test_components_write_text_and_no_html(path: Path):
    code = path.read_text("utf-8")
    for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert danger not in code
    assert not re.search(r"https?://(?!www\.w3\.org/)", code)  # nothing is loaded from elsewhere
