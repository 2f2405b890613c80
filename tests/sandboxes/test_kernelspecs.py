"""What Jupyter is told of the declared environments, and that it finds it."""

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from sandboxes import environments, kernelspecs
from sandboxes.provisioner import SandboxProvisioner

from .conftest import PROJECT

TWO = """
[environments.python]
display_name = "ไพทอน 3"
python = "/opt/python/bin/python"
preload = ["numpy"]
[environments.r]
language = "R"
argv = ["/usr/bin/R", "--args", "{connection_file}"]
"""


@pytest.fixture
def declare(tmp_path, monkeypatch):
    file = tmp_path / "environments.toml"
    monkeypatch.setenv("SANDBOXES_ENVIRONMENTS", str(file))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    file.write_text(TWO)
    return file.write_text


def files_below(folder):
    return {path: (path.read_bytes(), path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}


def test_the_entry_point_leads_to_our_provisioner():
    (point,) = entry_points(group="jupyter_client.kernel_provisioners", name=kernelspecs.PROVISIONER)
    assert point.load() is SandboxProvisioner


def test_every_environment_gets_a_specification_that_jupyter_finds(declare, tmp_path):
    assert kernelspecs.main(["--install", str(tmp_path / "jupyter")]) == 0
    found = KernelSpecManager(ensure_native_kernel=False).get_all_specs()
    python, r = found["sandbox-python"]["spec"], found["sandbox-r"]["spec"]
    assert python["display_name"] == "ไพทอน 3"
    assert python["argv"] == list(environments.KERNEL_ARGV)
    assert python["interrupt_mode"] == "message"
    assert python["metadata"]["kernel_provisioner"] == {
        "provisioner_name": "sandbox-provisioner",
        "config": {"environment": "python"},
    }
    assert (r["language"], r["display_name"]) == ("R", "r")


def test_writing_them_again_changes_nothing_and_what_is_declared_no_more_is_gone(declare, tmp_path):
    folder = tmp_path / "jupyter"
    foreign = folder / "kernels" / "sandbox-foreign" / "kernel.json"
    foreign.parent.mkdir(parents=True)
    foreign.write_text('{"argv": ["x"], "display_name": "not ours", "language": "x"}')
    kernelspecs.main(["--install", str(folder)])
    first = files_below(folder)
    kernelspecs.main(["--install", str(folder)])
    assert files_below(folder) == first
    assert len(first) == 3
    declare("[environments.r]\nargv = ['/usr/bin/R', '{connection_file}']\n")
    kernelspecs.main(["--install", str(folder)])
    assert {path.parent.name for path in files_below(folder)} == {"sandbox-foreign", "sandbox-r"}
    assert {path.name for path in (folder / "kernels").iterdir()} == {"sandbox-foreign", "sandbox-r"}


def test_the_list_tells_how_kernels_start(declare, capsys):
    assert kernelspecs.main(["--list"]) == 0
    python, r = capsys.readouterr().out.splitlines()
    assert python.startswith("sandbox-python\tไพทอน 3\t/opt/python/bin/python\tstarts from a zygote")
    assert r == "sandbox-r\tr\t/usr/bin/R\tstarts cold"


def test_what_is_wrong_is_said_in_one_line(declare, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert kernelspecs.main(["--install", str(tmp_path / "file")]) == 2
    assert "Not a directory" in capsys.readouterr().err
    declare("")
    assert kernelspecs.main(["--list"]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_it_is_a_command(declare, tmp_path):
    command = [sys.executable, "-m", "sandboxes", "kernelspecs", "--install", tmp_path / "jupyter"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    written = [json.loads(Path(line).read_text()) for line in done.stdout.splitlines()]
    assert [specification["language"] for specification in written] == ["python", "R"]
