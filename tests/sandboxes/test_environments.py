"""What may be declared, and the sentences that say what is wrong."""

from pathlib import Path

import pytest

from sandboxes import environments
from sandboxes.isolation import plan
from sandboxes.limits import Limits
from sandboxes.results import SandboxUnavailable

PYTHON = '[environments.python]\npython = "bin/python"\n'


@pytest.fixture
def load(tmp_path):
    def load_text(text):
        file = tmp_path / "environments.toml"
        file.write_text(text)
        return environments.load(file)

    return load_text


def test_the_default_file_declares_the_environment_of_the_exercises():
    declared = environments.load(environments.DEFAULT_FILE)["python"]
    assert declared.python.name == "python"
    assert declared.has_zygote
    assert declared.limits.wall_seconds > Limits().wall_seconds
    assert all(path.exists() for path in declared.tools)


def test_what_is_not_said_has_a_default(load, tmp_path):
    declared = load(PYTHON)["python"]
    assert declared.python == tmp_path / "bin" / "python"
    assert declared.argv == environments.KERNEL_ARGV
    assert declared.display_name == "python"
    assert not declared.has_zygote
    assert declared.limits == Limits()
    assert declared.read_only == ()


def test_paths_are_relative_to_the_file_or_absolute(load, tmp_path):
    declared = load(PYTHON + 'read_only = ["../data", "/etc/R"]\ntools = ["inside"]')["python"]
    assert declared.read_only == (tmp_path.parent / "data", Path("/etc/R"))
    assert declared.tools == (tmp_path / "inside",)


def test_a_kernel_of_another_language_is_known_by_its_program(load, tmp_path):
    declared = load('[environments.r]\nlanguage = "R"\nargv = ["/usr/bin/R", "{connection_file}"]\n')["r"]
    assert declared.python == Path("/usr/bin/R")
    assert declared.argv == ("/usr/bin/R", "{connection_file}")
    near = load('[environments.x]\nargv = ["bin/x", "{connection_file}"]\n')["x"]
    assert near.python == tmp_path / "bin" / "x"
    assert near.argv[0] == str(tmp_path / "bin" / "x")


def test_the_file_in_use_can_be_another(load, tmp_path, monkeypatch):
    load("[environments.mine]\npython = 'python'\n")
    monkeypatch.setenv("SANDBOXES_ENVIRONMENTS", str(tmp_path / "environments.toml"))
    assert list(environments.load()) == ["mine"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "must hold tables"),
        ("environments = 1", "must hold tables"),
        (f"{PYTHON}[other]\n", "and nothing else"),
        ("[environments.", "is not TOML"),
        ("[environments]\npython = 1", "must be a table"),
        ("[environments.python]\n", "needs the path of its interpreter"),
        ("[environments.python]\npython = 1", "needs the path of its interpreter"),
        ("[environments.'../python']\npython = 'p'", "is no name of an environment"),
        (f"{PYTHON}color = 'red'", "unknown fields: color"),
        (f"{PYTHON}name = 'red'", "unknown fields: name"),
        (f"{PYTHON}display_name = 3", "display_name must be text"),
        (f"{PYTHON}preload = 'numpy'", "preload must be a list of words"),
        (f"{PYTHON}prepare = ['cells']", "'cells', which is to be prepared, is not among its tools"),
        (f"{PYTHON}read_only = [1]", "read_only must be a list of words"),
        (f"{PYTHON}limits = 3", "limits must be a table"),
        (f"{PYTHON}limits = {{ lives = 9 }}", "no limit named 'lives'"),
        (f"{PYTHON}argv = []", "connection_file"),
        (f"{PYTHON}argv = ['python', '-m', 'kernel']", "connection_file"),
        ("[environments.r]\nargv = ['R', '{connection_file}']", "the path of a program"),
        ("[environments.r]\nargv = ['/usr/bin/R', '{connection_file}']\npreload = ['x']", "only Python programs"),
        (f"{PYTHON}[environments.other]\npython = './bin/python'\n", "'python' and 'other' have the same interpreter"),
    ],
)
def test_a_wrong_declaration_is_refused_with_a_sentence_that_names_the_file(load, tmp_path, text, sentence):
    with pytest.raises(ValueError, match=sentence) as refused:
        load(text)
    assert str(tmp_path / "environments.toml") in str(refused.value)


def test_a_file_that_is_not_there_is_said_plainly(tmp_path):
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        environments.load(tmp_path / "nothing.toml")


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/", "one of its own"), ("/etc", "one of its own"), ("/tmp", "one of its own"), ("/nowhere", "is not there")],
)
def test_a_box_does_not_show_what_would_hide_its_own_or_is_not_there(python, path, reason):
    with pytest.raises(SandboxUnavailable, match=reason):
        plan(
            argv=["python"],
            python=python,
            limits=Limits(),
            env={},
            uid=60000,
            root="/x",
            user="take",
            read_only=[path],
        )
