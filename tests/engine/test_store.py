"""The store keeps what it was given, or says that it has nothing: never something else."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bnn_lib.engine.events import RecentErrors
from bnn_lib.engine.shipped import shipped_path, shipped_result
from bnn_lib.engine.store import ResultStore
from bnn_lib.errors import InvalidData

KEY, OTHER = "a" * 32, "b" * 32


def key(number: int) -> str:
    return f"{number:032x}"


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return ResultStore(tmp_path / "results", max_bytes=1_000_000)


def file_of(store: ResultStore, which: str = KEY) -> Path:
    return store._path(which)


def age(store: ResultStore, which: str, seconds: float) -> None:
    path = file_of(store, which)
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def test_what_was_put_is_there_after_a_restart(store: ResultStore, tmp_path: Path):
    assert store.get(KEY) is None
    assert store.put(KEY, b"result")
    assert ResultStore(tmp_path / "results", 1_000_000).get(KEY) == b"result"
    assert store.get(OTHER) is None
    assert store.warning is None


def test_a_later_result_replaces_an_earlier_one(store: ResultStore):
    store.put(KEY, b"one")
    store.put(KEY, b"two")
    assert store.get(KEY) == b"two"


@pytest.mark.parametrize(
    "bad",
    ["", "../../etc/passwd", "a" * 7, "A" * 32, "a" * 129, "a/b" * 10, "a" * 31 + "\n", "ä" * 32, None, 7],
)
def test_only_a_hash_becomes_a_path(store: ResultStore, bad: object):
    for method in (store.get, store.remove, lambda k: store.put(k, b"")):
        with pytest.raises(InvalidData, match="allowed: 8 to 128 hexadecimal digits"):
            method(bad)  # type: ignore[operator]


def test_every_truncation_counts_as_absent_and_is_removed(store: ResultStore):
    store.put(KEY, b"a result of some length")
    whole = file_of(store).read_bytes()
    for length in range(len(whole)):
        file_of(store).write_bytes(whole[:length])
        assert store.get(KEY) is None
        assert not file_of(store).exists()
    file_of(store).write_bytes(whole)
    assert store.get(KEY) == b"a result of some length"


def test_noise_counts_as_absent_and_is_reported(store: ResultStore, caplog: pytest.LogCaptureFixture):
    store.put(KEY, b"a result")
    whole = file_of(store).read_bytes()
    rng = random.Random(0)
    for _ in range(200):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(len(damaged))] ^= rng.randint(1, 255)
        file_of(store).write_bytes(damaged)
        assert store.get(KEY) is None
        assert not file_of(store).exists()
    assert "result damaged, removed" in caplog.text


def test_a_damaged_result_leaves_the_others_alone(store: ResultStore):
    store.put(KEY, b"one")
    store.put(OTHER, b"two")
    file_of(store).write_bytes(b"")
    assert store.get(KEY) is None
    assert store.get(OTHER) == b"two"


def test_the_least_recently_used_leave_first(tmp_path: Path):
    store = ResultStore(tmp_path, max_bytes=5 * 1100)
    for number in range(5):
        store.put(key(number), bytes(1000))
        age(store, key(number), 1000 - number)
    assert store.get(key(0)) is not None  # now it is the newest
    store.put(key(5), bytes(1000))
    kept = [number for number in range(6) if store.get(key(number)) is not None]
    assert kept == [0, 2, 3, 4, 5]
    assert store.size() <= 5 * 1100


def test_many_results_stay_within_the_limit(tmp_path: Path):
    store = ResultStore(tmp_path, max_bytes=20_000)
    rng = random.Random(1)
    for number in range(300):
        assert store.put(key(number), bytes(rng.randint(0, 5000)))
        assert store.size() <= 20_000
    assert store.get(key(299)) is not None


def test_a_result_larger_than_the_store_is_kept_in_memory(tmp_path: Path):
    store = ResultStore(tmp_path, max_bytes=1000)
    store.put(OTHER, b"small")
    assert not store.put(KEY, bytes(2000))
    assert store.get(KEY) == bytes(2000)
    assert store.get(OTHER) == b"small"


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path):
    (tmp_path / "notes.txt").write_bytes(bytes(5000))
    store = ResultStore(tmp_path, max_bytes=1000)
    store.put(KEY, b"x")
    store.put(OTHER, bytes(900))
    assert (tmp_path / "notes.txt").stat().st_size == 5000


def test_temporary_files_of_dead_writers_go(tmp_path: Path):
    store = ResultStore(tmp_path, max_bytes=10_000)
    old, new = tmp_path / f".{KEY}.1.x.tmp", tmp_path / f".{KEY}.2.y.tmp"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    store.put(KEY, b"whole")
    assert not old.exists()
    assert new.exists()  # its writer may be at work


def test_a_full_disk_loses_nothing_and_is_said(store: ResultStore, monkeypatch: pytest.MonkeyPatch):
    store.put(KEY, b"before")
    with monkeypatch.context() as patch:

        def full(path: Path, content: bytes) -> int:
            with path.open("wb") as file:
                file.write(content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patch.setattr(Path, "write_bytes", full)
        assert not store.put(OTHER, b"after")
        assert store.warning is not None
        assert store.warning.startswith("Results cannot be saved on the server (No space left on device)")
        assert store.get(OTHER) == b"after"
        assert store.get(KEY) == b"before"
        assert [path.name for path in file_of(store).parent.iterdir()] == [file_of(store).name]
    assert store.put(OTHER, b"later")  # there is room again
    assert store.warning is None
    assert store.get(OTHER) == b"later"


def test_a_really_full_disk(tmp_path: Path):
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    try:
        store = ResultStore(tmp_path, max_bytes=1_000_000)
        assert store.put(KEY, bytes(30_000))
        assert not store.put(OTHER, bytes(60_000))
        assert "No space left on device" in str(store.warning)
        assert store.get(KEY) == bytes(30_000)
        assert store.get(OTHER) == bytes(60_000)
        assert store.put(key(1), b"small")
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Without root's right to write anywhere."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


def test_a_read_only_folder_keeps_results_in_memory(shared_folder: Path, unprivileged: None):
    if os.geteuid() == 65534:  # the folder is root's: make what is there already as root
        os.seteuid(0)
    ResultStore(shared_folder, 100_000).put(KEY, b"before")
    shared_folder.chmod(0o555)
    if os.getuid() == 0:
        os.seteuid(65534)
    store = ResultStore(shared_folder, 100_000)
    assert store.get(KEY) == b"before"
    assert not store.put(OTHER, b"after")
    assert "Permission denied" in str(store.warning)
    assert store.get(OTHER) == b"after"
    assert ResultStore(shared_folder, 100_000).get(OTHER) is None


def test_a_file_where_the_folder_should_be(tmp_path: Path):
    (tmp_path / "results").write_text("not a folder")
    store = ResultStore(tmp_path / "results", 100_000)
    assert store.get(KEY) is None
    assert not store.put(KEY, b"x")
    assert store.warning is not None
    assert store.get(KEY) == b"x"
    assert (tmp_path / "results").read_text() == "not a folder"
    assert store.size() == 0


def test_a_folder_that_cannot_be_listed_is_not_filled(shared_folder: Path, unprivileged: None):
    """Its size is not known, so nothing may be added: that would be without a limit."""
    if os.geteuid() == 65534:
        os.seteuid(0)
    results = shared_folder / "results"
    results.mkdir()
    results.chmod(0o333)
    if os.getuid() == 0:
        os.seteuid(65534)
    store = ResultStore(results, 100_000)
    assert not store.put(KEY, b"x")
    assert store.get(KEY) == b"x"
    assert store.size() == 0


def test_what_the_operations_page_tells_of_it_has_no_path(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "a folder").write_text("not a folder")
    store, errors = ResultStore(tmp_path / "a folder", 100_000), RecentErrors()
    shipped_path(tmp_path, KEY, 1).mkdir()
    errors.listen()
    try:
        store.get(KEY)  # each meets an error of the file system
        store.put(KEY, b"x")
        store.remove(KEY)
        shipped_result(tmp_path, KEY, 1)
    finally:
        errors.cease()
    told = [error.text for error in errors.recent()]
    assert len(told) >= 4
    for line in told:
        assert "folder" not in line.replace("folder=(see the log)", "")
        assert str(tmp_path) not in line
    assert {"Not a directory", "Is a directory"} <= {line.rpartition("error=")[2] for line in told}
    assert "/a folder" in caplog.text  # which the host reads


def test_memory_is_bounded_too(tmp_path: Path):
    (tmp_path / "results").write_text("not a folder")
    store = ResultStore(tmp_path / "results", 100_000, memory_bytes=5000)
    for number in range(10):
        store.put(key(number), bytes(1000))
    assert [store.get(key(number)) is not None for number in range(10)] == [False] * 5 + [True] * 5


WRITER = """
import sys
from pathlib import Path
from bnn_lib.engine.store import ResultStore
store = ResultStore(Path(sys.argv[1]), 60_000)
for turn in range(150):
    number = turn % 10
    key = f"{number:032x}"
    assert store.put(key, bytes([number]) * (500 + 900 * number)), store.warning
    for other in range(10):
        found = store.get(f"{other:032x}")
        assert found in (None, bytes([other]) * (500 + 900 * other)), other
print("ok")
"""


def test_processes_share_a_folder(tmp_path: Path, root: Path):
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [
        subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for writer in writers:
        out, err = writer.communicate(timeout=120)
        assert (writer.returncode, out) == (0, "ok\n"), err
        assert "damaged" not in err
    assert not list(tmp_path.glob(".*.tmp"))


def test_results_of_another_version_are_not_seen(tmp_path: Path) -> None:
    old, new = (ResultStore(tmp_path, 10**6, version=version) for version in ("1: jax 0.10", "1: jax 0.12"))
    old.put("ab" * 16, b"old")
    assert new.get("ab" * 16) is None
    new.put("ab" * 16, b"new")
    assert (old.get("ab" * 16), new.get("ab" * 16)) == (b"old", b"new")
