import os
from pathlib import Path

import pytest

from sandboxes.limits import KernelLimits, Limits
from sandboxes.service import Service
from sandboxes.workbench import server


def test_limits_are_read_from_one_line_of_text():
    limits = Limits.parse("wall_seconds=20, memory_bytes=500000000")
    assert (limits.wall_seconds, limits.memory_bytes) == (20.0, 500_000_000)
    assert limits.files == Limits().files


def test_no_text_means_the_defaults():
    assert Limits.parse("") == Limits()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("wall_second=3", "no limit named 'wall_second'"),
        ("wall_seconds", "name=value"),
        ("wall_seconds=soon", "not a number"),
        ("wall_seconds=1,wall_seconds=2", "twice"),
        ("wall_seconds=nan", "between"),
        ("wall_seconds=inf", "between"),
        ("memory_bytes=1e9", "not a number"),
        ("memory_bytes=1024", "between"),
        ("processes=-1", "between"),
    ],
)
def test_a_wrong_limit_is_named(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        Limits.parse(text)


@pytest.mark.parametrize("values", [{"files": "12"}, {"files": True}, {"memory_bytes": 1e9}, {"wall_seconds": None}])
def test_a_limit_of_the_wrong_type_is_refused(values):
    with pytest.raises(ValueError, match="must be a"):
        Limits.from_dict(values)


def test_limits_survive_the_way_through_json():
    limits = Limits(wall_seconds=2.5, processes=9)
    assert Limits.from_dict(limits.as_dict()) == limits


def test_a_kernel_that_a_person_works_with_may_stay_for_hours_and_no_graded_run_may():
    assert KernelLimits.from_dict({"wall_seconds": 4 * 3600.0}).wall_seconds == 4 * 3600
    assert KernelLimits().with_(wall_seconds=7200.0) != Limits()
    with pytest.raises(ValueError, match=r"between 0\.1 and 86400"):
        KernelLimits(wall_seconds=90_000.0)
    with pytest.raises(ValueError, match=r"between 0\.1 and 3600"):
        Limits.parse("wall_seconds=3601")


def test_runs_and_kernels_are_promised_less_than_the_machine_has_together():
    runs = Service({}, path=Path("/nowhere")).memory_bytes
    kernels = server._parser().get_default("kernels") * server.MEMORY_FOR_ONE
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert runs + kernels < machine


def test_what_an_operator_says_of_runs_and_kernels_is_what_counts():
    assert Service({}, path=Path("/nowhere"), memory_bytes=1 << 50).memory_bytes == 1 << 50
    assert server._parser().parse_args(["--kernels", "1000"]).kernels == 1000
