"""`python -m sandboxes`, and that the room stands alone."""

import json
import subprocess
import sys

import nbformat
import pytest

from sandboxes.__main__ import main

from .conftest import CORPUS, KERNEL_PYTHON, PROJECT


def command(*arguments):
    return main(["--python", str(KERNEL_PYTHON), *map(str, arguments)])


def test_a_run_prints_status_and_usage_and_writes_the_notebook(python, capsys, tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("x\n1\n")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(open('data.csv').read())")])
    nbformat.write(notebook, tmp_path / "in.ipynb")
    code = command(tmp_path / "in.ipynb", "--file", data, "--output", tmp_path / "out.ipynb")
    assert code == 0
    assert "COMPLETED" in (said := capsys.readouterr().out)
    assert "memory" in said
    assert nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[0].outputs[0].text == "x\n1\n\n"


def test_a_bad_ending_has_its_own_exit_code_and_json(python, capsys):
    assert command(CORPUS / "never_ends.ipynb", "--limits", "wall_seconds=0.5", "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert said["status"] == "OUT_OF_TIME"
    assert said["usage"]["wall_seconds"] > 0.5


def test_an_error_is_shown_with_its_cell(python, capsys):
    assert command(CORPUS / "stops_with_an_error.ipynb", "--language", "th") == 1
    assert "cell 1: ZeroDivisionError: division by zero" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"hello", b"{}", b"[]", b'{"nbformat": 9}', b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_not_a_notebook_is_refused_in_one_line(capsys, tmp_path, content):
    path = tmp_path / "x.ipynb"
    path.write_bytes(content)
    assert command(path) == 2
    assert "is not a notebook" in (said := capsys.readouterr().err)
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere.ipynb"], "cannot be read"),
        ([], "name a notebook"),
        ([CORPUS / "behaves.ipynb", "--limits", "wall=1"], "no limit named"),
        ([CORPUS / "behaves.ipynb", "--file", "nowhere.csv"], "cannot be read"),
    ],
)
def test_a_wrong_command_is_refused_in_one_line(capsys, arguments, complaint):
    assert command(*arguments) == 2
    assert complaint in capsys.readouterr().err


def test_the_check_says_whether_a_sandbox_can_be_built(python, capsys, tmp_path):
    assert command("--check") == 0
    assert main(["--check", "--python", str(tmp_path / "python")]) == 3
    assert "no interpreter" in capsys.readouterr().err


def test_the_room_stands_without_the_framework():
    names = ("django", "wagtail", "celery", "lms", "courses", "grading")
    blocked = f"import sys\nfor name in {names}: sys.modules[name] = None\n"
    imports = "import sandboxes.__main__, sandboxes.runner, sandboxes.launcher, sandboxes.messages"
    subprocess.run([sys.executable, "-c", blocked + imports], check=True, cwd=PROJECT)


def test_the_launcher_needs_the_standard_library_only():
    code = "import sys; sys.path.insert(0, sys.argv[1]); import sandboxes.launcher"
    subprocess.run([sys.executable, "-I", "-S", "-c", code, str(PROJECT)], check=True)
