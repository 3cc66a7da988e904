"""What a benchmark has measured is in its folder before it measures on."""

import os
import signal
import subprocess
import sys

import pandas as pd
import pytest

from benchmarks import results


def test_a_measurement_is_on_disk_as_soon_as_it_is_added(tmp_path):
    path = tmp_path / "results" / "runs.csv"
    measured = results.Measurements(path)
    for repeat in (1, 2):
        measured.add(repeat=repeat, what="main, 5 seeds", wall=0.1 + repeat)
        pd.testing.assert_frame_equal(pd.read_csv(path), measured.table)


def test_a_killed_benchmark_leaves_what_it_has_measured(tmp_path):
    code = (
        "import os, pathlib, signal; from benchmarks import results;"
        f"folder = pathlib.Path({str(tmp_path)!r});"
        "runs = results.Measurements(folder / 'runs.csv'); runs.add(wall=1.5);"
        "results.write_summary(folder, 'one run'); runs.add(wall=2.5);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code], env=os.environ, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert pd.read_csv(tmp_path / "runs.csv")["wall"].tolist() == [1.5, 2.5]
    text = (tmp_path / "summary.md").read_text("utf-8")
    assert text == f"{results.machine()}\n\none run"


def test_a_measurement_with_other_columns_is_refused(tmp_path):
    measured = results.Measurements(tmp_path / "runs.csv")
    measured.add(wall=1.5, cpu=1.0)
    with pytest.raises(ValueError, match="the columns wall, cpu, got cpu, wall"):
        measured.add(cpu=1.0, wall=1.5)
    assert len(pd.read_csv(tmp_path / "runs.csv")) == 1


def test_an_earlier_benchmark_is_replaced(tmp_path):
    for wall in (1.5, 2.5):
        results.Measurements(tmp_path / "runs.csv").add(wall=wall)
    assert pd.read_csv(tmp_path / "runs.csv")["wall"].tolist() == [2.5]


def test_the_processor_has_the_name_that_linux_gives_it(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("flags\t: avx512f\nmodel name\t: A: B\nmodel name\t: A: B\n")
    assert results.processor(cpuinfo) == "A: B"
    assert results.processor(tmp_path / "missing")


def test_numbers_of_a_table_have_three_digits():
    table = pd.DataFrame({"what": ["a"], "wall": [0.12345], "memory": [1234.6]})
    assert results.markdown(table).splitlines()[2] == "| a | 0.123 | 1235 |"
