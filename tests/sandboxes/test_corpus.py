"""Every notebook of the corpus ends as it says of itself, by every way to a box, and nothing of it is left behind."""

import json
import socket
from pathlib import Path

import nbformat
import pytest

from sandboxes.runner import MIMETYPES, START_WALL_SECONDS

from .corpus import Incident, is_like, is_said, lines_of, names

WAYS = ("cold", "warm", "plain_account")
ENDING_SECONDS = 2


def incidents():
    for name in names():
        incident = Incident.read(name)
        for way in WAYS:
            hole = incident.holes.get(way)
            marks = [pytest.mark.xfail(strict=True, reason=hole)] if hole else []
            yield pytest.param(way, incident, marks=marks, id=f"{name}-{way}")


@pytest.mark.parametrize(("way", "incident"), list(incidents()))
def test_a_notebook_ends_as_it_says(request, host, way, incident):
    for outcome in request.getfixturevalue(way)(incident):
        notebook = nbformat.from_dict(outcome.notebook)
        said = lines_of(notebook)
        assert outcome.status == incident.status, (outcome.detail, said)
        assert is_said(incident.says, said), said
        assert is_like(incident.detail, outcome.detail)
        assert "OPEN" not in "".join(said)
        starting = 0 if outcome.is_warm else START_WALL_SECONDS
        assert outcome.seconds <= incident.limits.wall_seconds + starting + ENDING_SECONDS
        assert outcome.left == []
        assert_is_fit_to_be_kept(notebook, incident)
    assert host.is_untouched()


def assert_is_fit_to_be_kept(notebook, incident):
    """It is a notebook, in size and kind, that can be stored and shown, whatever the kernel sent."""
    nbformat.validate(notebook)
    kept = json.dumps(notebook, ensure_ascii=False, allow_nan=False).encode()
    assert len(kept) < 4 * incident.limits.output_bytes + 100_000
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        assert set(output.get("data", {})) <= MIMETYPES
        texts = [*output.get("data", {}).values(), *output.get("traceback", [])]
        assert "\0" not in "".join([*texts, *(output.get(name, "") for name in ("text", "ename", "evalue"))])


def test_two_runs_at_the_same_time_did_meet(cold):
    """Else that they found nothing of each other would mean nothing."""
    spans = []
    for outcome in cold(Incident.read("meets_another_run")):
        last = lines_of(nbformat.from_dict(outcome.notebook))[-1]
        spans.append([float(word) for word in last.split()[2::2]])
    (first_from, first_to), (second_from, second_to) = spans
    assert min(first_to, second_to) - max(first_from, second_from) > 0.5


def test_a_plain_account_keeps_its_state_where_it_is_told_to(plain_account):
    plain_account(Incident.read("behaves"))
    assert not Path(f"/tmp/sandboxes-{plain_account.uid}").exists()


def test_what_notebooks_try_to_reach_can_be_reached_from_outside(host):
    assert host.is_untouched()
    assert Path(host.told["file"]).read_text() == "for everybody"
    for address in (host.told["socket"], f"\0{host.told['abstract']}"):
        with socket.socket(socket.AF_UNIX) as end:
            end.connect(address)
        assert not host.is_untouched()
    socket.create_connection(("127.0.0.1", host.told["port"])).close()
    assert not host.is_untouched()
    assert host.is_untouched()


def test_every_notebook_says_what_it_expects():
    for name in names():
        assert Incident.read(name).status
        assert set(Incident.read(name).holes) <= set(WAYS)


@pytest.mark.parametrize(
    ("patterns", "lines", "is_what_was_said"),
    [
        ([], [], True),
        ([], ["x"], False),
        (["a*"], ["a b"], True),
        (["a*"], ["b"], False),
        (["a"], ["a", "b"], False),
        (["...", "b"], ["a", "a", "b"], True),
        (["a", "..."], ["a"], True),
        (["a: refused *"], ["a: OPEN"], False),
        (["a.c"], ["abc"], False),
    ],
)
def test_lines_are_compared_with_what_was_expected(patterns, lines, is_what_was_said):
    assert is_said(patterns, lines) is is_what_was_said
