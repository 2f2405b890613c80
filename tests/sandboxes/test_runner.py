"""What a run gives back; that every notebook of the corpus ends as it should is in test_corpus."""

import asyncio
import base64
import gc
import json
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from sandboxes import runner
from sandboxes.results import RunStatus, SandboxUnavailable
from sandboxes.runner import run_notebook

from .conftest import text_of
from .corpus import CORPUS, SMALL


def test_outputs_are_filled_in_like_jupyter_does(run):
    result = run("behaves")
    _, second, third = result.notebook.cells
    assert text_of(result) == "สวัสดี\n"
    assert "text/html" in second.outputs[0].data
    assert third.outputs[0].data["text/plain"] == "42"
    assert [cell.execution_count for cell in result.notebook.cells] == [1, 2, 3]
    assert result.usage.output_bytes > 0
    assert result.usage.cpu_seconds > 0
    assert result.usage.max_memory_bytes > 1 << 20


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


def test_figures_have_thai_letters_and_no_warning(run):
    result = run("draws_in_thai")
    assert result.status is RunStatus.COMPLETED, result.notebook.cells[0].outputs
    (figure,) = [o.data for o in result.notebook.cells[0].outputs if o.output_type == "display_data"]
    assert base64.b64decode(figure["image/png"]).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["never_ends_its_line", "says_a_million_lists"])
def test_a_flood_stays_with_its_maker(run, name):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run(name)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 < 100 << 20


@pytest.mark.parametrize("part", [b'"",[', b'"', b'"\\"', b"[]", b"{},", b'"a":0,'])
def test_a_message_of_many_small_parts_is_not_read_and_costs_little(part):
    line = b'["display_data",{"x":[' + part * 1_000_000
    tracemalloc.start()
    try:
        assert runner._message(line) is None
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_text_of_many_signs_is_read():
    text = "[{," * 300_000
    assert runner._message(json.dumps(["stream", {"text": text}]).encode()) == ("stream", {"text": text})


def test_a_kernel_that_cannot_start_is_our_failure_and_leaves_nothing(python, monkeypatch):
    monkeypatch.setenv("SANDBOXES_SOCKET", "/nowhere")  # forked from a zygote it would need no more than that
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
