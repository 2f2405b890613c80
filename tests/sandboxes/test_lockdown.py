"""What the steps of the lock-down do by themselves; boxes as a whole are looked at elsewhere."""

import pytest

from sandboxes import lockdown


def test_a_call_that_is_refused_is_a_step_that_failed():
    with pytest.raises(lockdown.StepFailed, match="mount /nowhere/at/all: No such file or directory"):
        lockdown.mount("none", "/nowhere/at/all", "tmpfs")


def test_a_filter_that_is_none_is_a_step_that_failed():
    with pytest.raises(lockdown.StepFailed, match="seccomp: "):
        lockdown.filter_calls(b"\xff" * 64)


def test_a_limit_by_an_unknown_name_is_not_passed_over():
    with pytest.raises(AttributeError):
        lockdown.limit_resources({"RLIMIT_DRAGONS": 1})
