"""Every way a notebook can end, in a real kernel; the corpus is in tests/notebooks, each file named for its crime."""

import asyncio
import base64
import gc
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from sandboxes.results import RunStatus, SandboxUnavailable
from sandboxes.runner import run_notebook

from .conftest import CORPUS, PROJECT, SMALL, box_processes, text_of

ENDINGS = {
    "behaves": (RunStatus.COMPLETED, {}),
    "stops_with_an_error": (RunStatus.CELL_ERROR, {}),
    "never_ends": (RunStatus.OUT_OF_TIME, {"wall_seconds": 1.0}),
    "sleeps_and_ignores_signals": (RunStatus.OUT_OF_TIME, {"wall_seconds": 1.0}),
    "eats_memory": (RunStatus.OUT_OF_MEMORY, {}),
    "eats_memory_through_files": (RunStatus.OUT_OF_MEMORY, {}),
    "asks_for_a_terabyte": (RunStatus.OUT_OF_MEMORY, {}),
    "prints_100_megabytes": (RunStatus.TOO_MUCH_OUTPUT, {"memory_bytes": 1 << 30}),
    "prints_for_ever": (RunStatus.TOO_MUCH_OUTPUT, {"memory_bytes": 1 << 30}),
    "prints_slowly_too_much": (RunStatus.TOO_MUCH_OUTPUT, {}),
    "floods_with_frames": (RunStatus.TOO_MUCH_OUTPUT, {}),
    "leaves_without_a_word": (RunStatus.KERNEL_DIED, {}),
    "kills_its_kernel": (RunStatus.KERNEL_DIED, {}),
    "crashes_the_interpreter": (RunStatus.KERNEL_DIED, {}),
    "is_a_fork_bomb": (RunStatus.OUT_OF_TIME, {"wall_seconds": 1.0}),
    "is_a_thread_bomb": (RunStatus.CELL_ERROR, {}),
    "leaves_processes_behind": (RunStatus.COMPLETED, {}),
    "talks_nonsense": (RunStatus.CELL_ERROR, {}),
    "clears_what_was_said": (RunStatus.COMPLETED, {}),
    "fills_the_disk": (RunStatus.COMPLETED, {}),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_every_crime_has_its_ending(run, name):
    status, limits = ENDINGS[name]
    result = run(name, **limits)
    assert result.status is status, result.detail
    nbformat.validate(result.notebook)
    kept = json.dumps(result.notebook).encode()
    assert len(kept) < 4 * SMALL.output_bytes


def test_outputs_are_filled_in_like_jupyter_does(run):
    result = run("behaves")
    _, second, third = result.notebook.cells
    assert text_of(result) == "สวัสดี\n"
    assert "text/html" in second.outputs[0].data
    assert third.outputs[0].data["text/plain"] == "42"
    assert [cell.execution_count for cell in result.notebook.cells] == [1, 2, 3]
    assert result.usage.output_bytes > 0
    assert result.usage.cpu_seconds > 0
    assert result.usage.max_memory_bytes > 10 << 20


def test_the_cells_after_an_error_run_unless_told_otherwise(run):
    assert "still runs" in text_of(run("stops_with_an_error"), cell=1)
    stopped = run("stops_with_an_error", stop_on_error=True)
    assert stopped.notebook.cells[1].outputs == []
    assert stopped.notebook.cells[0].outputs[0].ename == "ZeroDivisionError"


def test_outputs_that_came_with_the_file_are_gone_and_the_file_is_not_changed(python):
    notebook = nbformat.read(CORPUS / "behaves.ipynb", as_version=4)
    notebook.cells = notebook.cells[:1]
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="forged")]
    before = json.dumps(notebook)
    result = run_notebook(notebook, files={}, limits=SMALL, python=python)
    assert text_of(result) == "สวัสดี\n"
    assert json.dumps(notebook) == before


def test_nonsense_from_the_kernel_is_cleaned_or_passed_over(run):
    result = run("talks_nonsense")
    text = json.dumps([cell.outputs for cell in result.notebook.cells], ensure_ascii=False)
    text.encode()  # no lone surrogate is left
    assert "\\u0000" not in text
    assert "application/x-evil" not in text
    assert "still here" in text_of(result, cell=1)


def test_the_highest_limits_can_be_asked_for(run):
    assert run("clears_what_was_said", wall_seconds=3600.0, cpu_seconds=3600.0).status is RunStatus.COMPLETED


def test_what_was_said_cannot_be_unsaid(run):
    assert text_of(run("clears_what_was_said")) == "said\nsaid too\n"


def test_too_much_output_keeps_the_beginning(run):
    result = run("prints_slowly_too_much")
    assert 1000 < len(text_of(result)) <= SMALL.output_bytes


def test_the_host_cannot_be_seen(run):
    seen, environment = map(eval, text_of(run("looks_around")).splitlines())
    assert seen["/etc/shadow"] == seen["/sys"] == seen["/var"] == seen["/home"] == "FileNotFoundError"
    assert all(isinstance(seen[path], str) for path in ("/proc/1/environ", "/root", "/run"))
    assert not [name for name in environment if "SECRET" in name or "DJANGO" in name or "DATABASE" in name]


def test_there_is_no_network(run):
    said = text_of(run("calls_home")).splitlines()
    assert len(said) == 4
    assert all(line.startswith("closed") for line in said)


def test_figures_have_thai_letters_and_no_warning(run):
    result = run("draws_in_thai")
    assert result.status is RunStatus.COMPLETED, result.notebook.cells[0].outputs
    (figure,) = [o.data for o in result.notebook.cells[0].outputs if o.output_type == "display_data"]
    assert base64.b64decode(figure["image/png"]).startswith(b"\x89PNG")


def test_a_second_kernel_sees_nothing_of_the_first(run):
    assert text_of(run("leaves_a_note")) == "noted\n"
    assert text_of(run("looks_for_a_note")) == "[False, False, False]\n"


def test_writing_is_limited_over_all_folders_together(run):
    said, written = text_of(run("fills_the_disk")).rsplit(maxsplit=1)
    assert said == "No space left on device"
    assert int(written) <= SMALL.disk_bytes


def test_a_flood_stays_with_its_maker(run):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run("floods_with_frames")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 < 100 << 20


def test_a_kernel_that_cannot_start_is_our_failure_and_leaves_nothing(python):
    notebook = nbformat.read(CORPUS / "behaves.ipynb", as_version=4)
    with pytest.raises(SandboxUnavailable):
        run_notebook(notebook, files={}, limits=SMALL.with_(memory_bytes=17 << 20), python=python)


def test_runs_side_by_side_keep_apart_and_hold_on_to_nothing(python):
    def run_number(number):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"print({number})")])
        return run_notebook(notebook, files={}, limits=SMALL, python=python)

    run_number(0)
    gc.collect()  # what earlier tests left to be collected is not to be counted
    open_files = len(list(Path("/proc/self/fd").iterdir()))
    with ThreadPoolExecutor(3) as threads:
        results = list(threads.map(run_number, range(6)))
    assert [text_of(result) for result in results] == [f"{number}\n" for number in range(6)]
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) <= open_files


def test_a_notebook_can_be_run_where_an_event_loop_is_running(run):
    async def inside():
        return run("clears_what_was_said").status

    assert asyncio.run(inside()) is RunStatus.COMPLETED


def test_a_plain_account_gets_the_same_box_from_a_user_namespace(python):
    if os.geteuid() != 0:
        pytest.skip("the other tests already run as a plain account")
    account = 54321
    code = f"""
import nbformat, os
from pathlib import Path
from sandboxes.limits import Limits
from sandboxes.runner import run_notebook
for name in ("looks_around", "eats_memory", "is_a_fork_bomb", "prints_100_megabytes"):
    notebook = nbformat.read(Path({str(CORPUS)!r}) / (name + ".ipynb"), as_version=4)
    limits = Limits(wall_seconds=3, memory_bytes=(1 << 30) if "prints" in name else (200 << 20))
    result = run_notebook(notebook, files={{}}, limits=limits, python=Path({str(python)!r}))
    print(os.getuid(), name, result.status)
    if name == "looks_around":
        print(result.notebook.cells[0].outputs[0].text)
"""
    done = subprocess.run(
        [sys.executable, PROJECT / "tests" / "sandboxes" / "plain_account.py", str(PROJECT), code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "new namespaces" in done.stderr:
        pytest.skip(f"this machine gives plain accounts no user namespace: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert f"{account} looks_around COMPLETED" in lines
    assert f"{account} eats_memory OUT_OF_MEMORY" in lines
    assert f"{account} is_a_fork_bomb OUT_OF_TIME" in lines
    assert f"{account} prints_100_megabytes TOO_MUCH_OUTPUT" in lines
    assert "'/etc/shadow': 'FileNotFoundError'" in done.stdout
    assert not box_processes(account)
