"""What `manage.py check --deploy` says about sandboxes, on this machine as it is."""

from pathlib import Path

import pytest
from django.test import override_settings

from lms.checks import check_sandboxes


def ids():
    return [message.id for message in check_sandboxes(None)]


def test_with_a_service_all_is_well(kernels):
    assert ids() == []


def test_without_a_service_the_cost_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("SANDBOXES_SOCKET", str(tmp_path / "none.sock"))
    assert ids() == ["lms.W020"]


@pytest.mark.parametrize("python", ["/nowhere/bin/python", "/etc/passwd"])
def test_where_no_sandbox_can_be_built_the_reason_is_said(monkeypatch, tmp_path, python):
    monkeypatch.setenv("SANDBOXES_SOCKET", str(tmp_path / "none.sock"))
    with override_settings(KERNEL_PYTHON=Path(python)):
        (message,) = check_sandboxes(None)
    assert message.id == "lms.E020"
    assert "no interpreter for notebooks" in message.msg
