"""What is read of sources, and what is remembered of it."""

import ast
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab.runs import essentials
from lab.runs.essentials import Memory

SOURCE = b"from . import saw\nimport json\n"


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path / "memory.json"


@pytest.fixture
def parsed(monkeypatch):
    """The sources that were parsed."""
    parse, seen = ast.parse, []

    def noting(source):
        seen.append(source)
        return parse(source)

    monkeypatch.setattr(ast, "parse", noting)
    return seen


def test_a_source_is_parsed_once_whichever_process_reads_it(path, parsed):
    first = Memory(path)
    answer = first.read(SOURCE, "tools")
    assert answer[1] == ["tools", "tools.saw", "json"]
    first.keep()
    again = Memory(path)
    assert again.read(SOURCE, "tools") == answer
    assert parsed == [SOURCE]
    written = path.stat().st_mtime_ns
    again.keep()
    assert path.stat().st_mtime_ns == written


def test_whatever_decides_what_is_read_is_told_apart(path, parsed, monkeypatch):
    memory = Memory(path)
    digest, _ = memory.read(SOURCE, "tools")
    assert memory.read(SOURCE, "shed") == (digest, ["shed", "shed.saw", "json"])
    assert memory.read(SOURCE + b"x = 1\n", "tools")[0] != digest
    monkeypatch.setattr(essentials, "_reader", lambda: (b"another Python", b""))
    memory.read(SOURCE, "tools")
    assert len(parsed) == 4


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
def test_a_file_that_is_no_memory_is_written_anew(path, content):
    path.write_bytes(content)
    memory = Memory(path)
    memory.read(SOURCE, "tools")
    memory.keep()
    assert Memory(path)._known.keys() == memory._known.keys() != set()


def test_nothing_is_kept_where_nothing_can_be_written(path):
    memory = Memory(path.with_name("missing") / path.name)
    assert memory.read(SOURCE, "tools")[1] == ["tools", "tools.saw", "json"]
    memory.keep()


def test_nothing_is_kept_where_python_keeps_no_bytecode(path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    memory = Memory(path)
    memory.read(SOURCE, "tools")
    memory.keep()
    assert not path.exists()


def test_the_latest_sources_are_remembered(path, monkeypatch):
    monkeypatch.setattr(essentials, "MOST", 2)
    memory = Memory(path)
    for number in range(3):
        memory.read(f"x = {number}".encode(), "")
    memory.keep()
    assert [*Memory(path)._known] == [*memory._known][1:]


def test_one_module_is_parsed_at_a_time(path, monkeypatch):
    """Python 3.11 cannot parse in two threads at once."""
    parse, at_work, most = ast.parse, [], []

    def slowly(source):
        at_work.append(source)
        most.append(len(at_work))
        time.sleep(0.05)
        at_work.remove(source)
        return parse(source)

    monkeypatch.setattr(ast, "parse", slowly)
    memory = Memory(path)
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda n: memory.read(f"x = {n}.5".encode(), ""), range(4)))
    assert most == [1, 1, 1, 1]
