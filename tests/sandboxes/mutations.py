"""Is every measure of the sandbox held by a test? `python -m tests.sandboxes.mutations [WORD …]`, as root.

Each measure is taken out of a copy of the project, and the test that is to notice is run there. Prints a table of
those whose name has one of the words in it, and exits with 1 when a test passed without its measure. Takes minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandboxes import lockdown

PROJECT = Path(__file__).resolve().parents[2]
# Measures that keep a box off the machine are taken out of boxes in a zygote's tree only: the others are in ours.
FORKED = 'job["root"] == "/newroot"'


@dataclass(frozen=True)
class Measure:
    """What is taken out, and who is to notice.

    ``changes``: a file below `sandboxes/`, a text that is in it once, and what stands there without the measure.
    ``test``: a node id below `tests/sandboxes/`, with an expression for `-k` after it.
    """

    name: str
    test: str
    changes: Sequence[tuple[str, str, str]]


def _measure(name: str, test: str, *change: str) -> Measure:
    file, before, after = change
    return Measure(name, test, [(file, before, after)])


def _namespace(name: str, flag: str) -> Measure:
    flag = f"lockdown.CLONE_NEW{flag}\n"
    return _measure(f"namespace: {name}", _FIRST, "first_process.py", flag, f"(0 if {FORKED} else {flag.strip()})\n")


def _without(name: str, test: str, file: str, statement: str) -> Measure:
    return _measure(name, test, file, statement, "pass")


_FIRST = "test_zygote.py::test_the_first_process_is_the_first_in_namespaces_of_its_own"
_FILES = "test_zygote.py::test_a_child_has_its_streams_and_what_was_passed_and_no_other_file"
_RIGHT = "test_zygote.py::test_the_children_of_a_zygote_hold_no_right_at_all"
_COLD_GROUPS = "test_zygote.py::test_a_box_that_starts_cold_belongs_to_no_group_of_the_service"
_SIBLINGS = "test_zygote.py::test_a_child_can_neither_see_nor_reach_its_siblings_nor_the_zygote"
_REFUSED = "test_zygote.py::test_a_box_that_cannot_be_locked_is_refused_before_anything_of_the_learner_is_read"
_NOBODY = "test_zygote.py::test_a_zygote_is_nobody_outside_its_own_namespaces"
_MOUNTS = "test_probe.py::test_only_mounts_of_the_policy_are_there -k program"
_DRAWS = "test_zygote.py::test_two_children_draw_different_random_numbers"
_LEFT = "test_service.py::test_many_notebooks_run_well_and_badly_leave_nothing"
_WORN = "test_zygote.py::test_a_worn_zygote_is_replaced_by_one_with_other_hashes_at_other_addresses"
_GENERATORS = "test_zygote.py::test_no_generator_of_random_numbers_is_there_before_a_run_but_those_that_begin_anew"
_POISON = "test_zygote.py::test_nothing_is_imported_from_where_somebody_could_write"
_ACCOUNT = "test_service.py::test_a_plain_account_s_"

MEASURES = (
    # 1. Secrets
    _measure(
        "1 secrets: the zygote's environment is its own",
        "test_zygote.py::test_secrets_of_the_service_are_in_no_zygote_and_in_no_child",
        *("first_process.py", "os.execve(argv[0], argv, env)", "os.execve(argv[0], argv, {**os.environ, **env})"),
    ),
    _measure(
        "1 secrets: the zygote is a program of its own, not a fork of the service",
        "test_zygote.py::test_secrets_of_the_service_are_in_no_zygote_and_in_no_child",
        "first_process.py",
        "        os.execve(argv[0], argv, env)",
        "        import sys, pathlib\n"
        "        if 'run_zygote' in argv[-1]:\n"
        "            packages = pathlib.Path(argv[0]).parent.parent.glob('lib/python3*/site-packages')\n"
        "            sys.path[:0] = map(str, packages)\n"
        "            from sandboxes import zygote; zygote.main()\n"
        "        os.execve(argv[0], argv, env)",
    ),
    _measure(
        "1 secrets: what was once the service is closed to its zygote (plain account)",
        f"{_ACCOUNT}zygote_cannot_read_the_process_that_was_once_the_service",
        *("first_process.py", "        lockdown.hide_memory()\n", ""),
    ),
    # 2. File descriptors
    _measure(
        "2 descriptors: closed but for the program's",
        _FILES,
        *("lockdown.py", "    close_all_but([*wanted, last])\n", ""),
    ),
    _measure(
        "2 descriptors: the life line does not outlast the lock-down of a program that is alone",
        _FILES,
        "first_process.py",
        '{"event": "started"})\n    control.close()\n',
        '{"event": "started"})\n',
    ),
    _measure(
        "2 descriptors: a zygote closes what comes with an order",
        "test_zygote.py::test_a_zygote_has_its_order_socket_and_no_other",
        *("zygote.py", "        for fd in fds:\n            os.close(fd)\n", ""),
    ),
    _measure(
        "2 descriptors: the launcher of a zygote has none of the service's",
        "test_zygote.py::test_the_launcher_of_a_zygote_has_nothing_of_the_service_open",
        "service.py",
        "fds = [os.dup(fd) for fd in fds]\n            lockdown.close_all_but([0, 1, 2, control.fileno(), *fds])\n",
        "fds = [os.dup(fd) for fd in fds]\n",
    ),
    # 3. One run per child
    _without(
        "3 one run: what the zygote wants done at its end is forgotten",
        "test_zygote.py::test_what_the_zygote_would_do_at_its_end_is_not_done_at_the_end_of_a_child",
        *("zygote.py", "atexit._clear()"),
    ),
    Measure(
        "3 one run: a child ends where its program does",
        "test_zygote.py::test_a_child_runs_once_and_never_comes_back_to_the_zygote",
        [
            (
                "first_process.py",
                '    os._exit(run_python(job["argv"]))',
                '    run_python(job["argv"])\n    raise ZeroDivisionError',
            ),
            (
                "first_process.py",
                "    except BaseException as error:\n        # Base",
                "    except ArithmeticError:\n        return\n    except BaseException as error:\n        # Base",
            ),
            (
                "zygote.py",
                "    finally:\n        os._exit(1)",
                "    finally:\n        print('back', flush=True)\n        os._exit(1)",
            ),
        ],
    ),
    # 4. Processes and namespaces
    _measure("namespace: processes", _FIRST, "service.py", '"namespaces": lockdown.CLONE_NEWPID', '"namespaces": 0'),
    _namespace("files", "NS"),
    _namespace("network", "NET"),
    _namespace("communication", "IPC"),
    _namespace("name", "UTS"),
    _namespace("control groups", "CGROUP"),
    _measure(
        "4 processes: the first process reaps orphans",
        "test_zygote.py::test_the_first_process_reaps_what_is_left_alone",
        *("first_process.py", "os.waitpid(-1, os.WNOHANG)", "os.waitpid(program, os.WNOHANG)"),
    ),
    _without(
        "4 processes: a zygote keeps no dead child",
        "test_zygote.py::test_a_zygote_keeps_no_dead_child",
        *("zygote.py", "signal.signal(signal.SIGCHLD, signal.SIG_IGN)"),
    ),
    # 5. Order, and failing closed
    _measure(
        "5 order: nothing of the learner is read before the lock-down",
        _REFUSED,
        "first_process.py",
        "        _lock_down(job, control)\n",
        '        os.read(fds[job["fds"].index("payload")], 1)\n        _lock_down(job, control)\n',
    ),
    _measure(
        "5 order: a step that fails is the end of the box",
        f"{_REFUSED} -k warm",
        "first_process.py",
        "        _lock_down(job, control)\n",
        "        try:\n            _lock_down(job, control)\n        except lockdown.StepFailed:\n"
        f"            if not {FORKED}: raise\n",
    ),
    _measure(
        "5 order: a call that fails is a step that fails",
        "test_lockdown.py::test_a_call_that_is_refused_is_a_step_that_failed",
        *("lockdown.py", "    if answer < 0:\n", "    if answer < -1:\n"),
    ),
    _without(
        "5 order: in its control groups first",
        "test_zygote.py::test_a_child_is_in_its_control_groups_before_it_holds_anything_of_the_learner",
        *("launcher.py", "self.groups.add(self.pid)"),
    ),
    # 6. Threads
    _measure(
        "6 threads: a zygote with more than one does not begin",
        "test_zygote.py::test_a_library_that_starts_a_thread_is_refused_plainly_and_its_environment_starts_cold",
        *("zygote.py", ".iterdir())) != 1:", ".iterdir())) < 1:"),
    ),
    _measure(
        "6 threads: libraries of numbers start none",
        "test_zygote.py::test_a_zygote_has_one_thread",
        *("isolation.py", '    "OPENBLAS_NUM_THREADS": "1",\n', '    "OPENBLAS_NUM_THREADS": "3",\n'),
    ),
    # 7. Random numbers and hashes
    _without("7 random: numpy begins anew", _DRAWS, "zygote.py", "random.seed(int.from_bytes(os.urandom(4)))"),
    _measure("7 random: Python begins anew", _DRAWS, "zygote.py", "        in_child()\n", ""),
    _measure(
        "7 random: a zygote is replaced after so many children",
        f"{_WORN} -k forks",
        *("service.py", "return self.forks >= MAX_FORKS or", "return"),
    ),
    _measure(
        "7 random: a zygote is replaced after so much time",
        f"{_WORN} -k age",
        *("service.py", " or time.monotonic() > self.started_at + MAX_AGE_SECONDS", ""),
    ),
    _measure(
        "7 random: no generator of numpy's is loaded beforehand",
        f"{_GENERATORS} -k python",
        "zygote.py",
        "        importlib.import_module(name)\n\n\ndef _modules",
        "        importlib.import_module(name)\n"
        "    if 'numpy' in sys.modules:\n"
        "        sys.kept = sys.modules['numpy'].random.default_rng()\n\n\ndef _modules",
    ),
    _measure(
        "7 random: no generator of Python's is loaded beforehand",
        f"{_GENERATORS} -k light",
        "zygote.py",
        "        importlib.import_module(name)\n\n\ndef _modules",
        "        importlib.import_module(name)\n    import random\n    sys.kept = random.Random()\n\n\ndef _modules",
    ),
    # 8. Siblings
    _measure(
        "8 siblings: system calls are filtered",
        _SIBLINGS,
        "first_process.py",
        '        if job["seccomp"] is not None:\n            lock',
        "        if False:\n            lock",
    ),
    _measure(
        "8 siblings: system calls are filtered (alone)",
        _SIBLINGS,
        "first_process.py",
        '    os.umask(0o022)\n    if job["seccomp"] is not None:',
        "    if False:",
    ),
    _measure(
        "8 siblings: a user id of its own",
        _SIBLINGS,
        "launcher.py",
        "uid=0 if is_zygote and not self.is_root else self.slot.uid",
        "uid=0 if is_zygote and not self.is_root else self.slot.uid if is_zygote else 60999",
    ),
    _measure(
        "8 siblings: memory is hidden (plain account)",
        f"{_ACCOUNT}forked_runs_have_no_right_and_no_neighbour",
        "lockdown.py",
        '    call("undumpable", libc.prctl, PR_SET_DUMPABLE, 0, 0, 0, 0)',
        "    pass",
    ),
    _measure(
        "8 siblings: others are hidden in /proc",
        "test_probe.py::test_no_process_of_others_is_there -k program",
        "isolation.py",
        "hidepid=invisible,",
        "",
    ),
    _measure(
        "8 siblings: of the machine nothing is in /proc",
        "test_probe.py::test_only_files_of_the_policy_are_there -k program",
        "isolation.py",
        ",subset=pid",
        "",
    ),
    # 9. Poisoned preloads
    _measure(
        "9 poison: nothing of a folder that can be written is imported",
        _POISON,
        "zygote.py",
        "if path and not path.startswith(TOOLS)",
        "if path",
    ),
    _measure(
        "9 poison: what the service's Python was told is not for zygotes",
        "test_zygote.py::test_how_python_was_set_up_for_the_service_means_nothing_to_a_zygote",
        *("first_process.py", "os.execve(argv[0], argv, env)", "os.execve(argv[0], argv, {**os.environ, **env})"),
    ),
    # 10. Privilege
    _measure(
        "10 privilege: a zygote is root of its own namespace only",
        _NOBODY,
        "first_process.py",
        '        if job["user"] == "ask":\n            _enter_user_namespace(control)\n',
        '        channel.send(control, {"event": "map"})\n        channel.receive(control)\n',
    ),
    _measure(
        "10 privilege: a zygote can gain no right",
        _NOBODY,
        "first_process.py",
        "        lockdown.no_new_privileges()\n        return",
        "        return",
    ),
    _measure(
        "10 privilege: capabilities are given up (plain account)",
        f"{_ACCOUNT}forked_runs_have_no_right_and_no_neighbour",
        "lockdown.py",
        '    call("drop capabilities", libc.syscall, SYS_CAPSET, header, nothing)\n',
        "",
    ),
    _measure(
        "10 privilege: the bounding set is emptied",
        _RIGHT,
        "lockdown.py",
        '            call("drop bounding set", libc.prctl, PR_CAPBSET_DROP, capability, 0, 0, 0)',
        "            pass",
    ),
    _measure(
        "10 privilege: no right can be gained",
        _RIGHT,
        "lockdown.py",
        '    call("no new privileges", libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)',
        "    pass",
    ),
    _measure(
        "10 privilege: groups are given up",
        _COLD_GROUPS,
        "lockdown.py",
        "        os.setgroups([])\n        os.setresgid(uid",
        "        os.setresgid(uid",
    ),
    _measure("10 privilege: of a zygote's groups as well", _NOBODY, "first_process.py", "    os.setgroups([])\n", ""),
    # Files
    _measure(
        "files: read-only",
        _MOUNTS,
        "lockdown.py",
        "bind(path, root + path, MS_RDONLY | MS_NODEV)",
        "bind(path, root + path, MS_NODEV)",
    ),
    _measure(
        "files: the root is read-only",
        _MOUNTS,
        "lockdown.py",
        "MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)",
        "MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NODEV)",
    ),
    _measure(
        "files: no program of others' rights",
        _MOUNTS,
        "lockdown.py",
        "MS_BIND | MS_REMOUNT | MS_NOSUID | flags",
        "MS_BIND | MS_REMOUNT | flags",
    ),
    _measure(
        "files: nothing that was written can be executed",
        _MOUNTS,
        "lockdown.py",
        "bind(str(folder), root + name, MS_NODEV | MS_NOEXEC)",
        "bind(str(folder), root + name, MS_NODEV)",
    ),
    _measure(
        "files: Landlock",
        "test_probe.py::test_only_the_scratch_folders_can_be_written -k program",
        "first_process.py",
        '    lockdown.restrict_files([*job["scratch"], *job["devices"], "/dev/pts"], readable)',
        "    pass",
    ),
    _measure(
        "files: the old root is let go of",
        "test_probe.py::test_only_mounts_of_the_policy_are_there -k program-warm",
        "lockdown.py",
        '    call("leave the old root", libc.umount2, b"/old", MNT_DETACH)\n    Path("/old").rmdir()\n',
        "",
    ),
    # Limits
    _measure(
        "limits: per process",
        "test_isolation.py::test_open_files_are_limited",
        "first_process.py",
        '    lockdown.limit_resources(job["rlimits"])\n',
        "",
    ),
    _measure(
        "limits: per process, forked",
        "test_first_process.py::test_a_forked_program_has_the_limits_of_a_process",
        "first_process.py",
        '    lockdown.limit_resources(job["rlimits"])\n',
        "",
    ),
    _without(
        "limits: first to go when memory is short",
        "test_first_process.py::test_a_forked_program_has_the_limits_of_a_process",
        "first_process.py",
        "lockdown.die_first()",
    ),
    _measure(
        "limits: memory",
        "test_first_process.py::test_a_forked_program_is_held_to_its_limits -k memory",
        "cgroups.py",
        'self._limit("memory", "memory.max" if self.is_v2 else "memory.limit_in_bytes", size)',
        "pass",
    ),
    _measure(
        "limits: processor time",
        "test_first_process.py::test_a_forked_program_is_held_to_its_limits -k cpu",
        "launcher.py",
        "if is_limited and cpu_seconds > self.limits.cpu_seconds:",
        "if False:",
    ),
    _measure(
        "limits: time",
        "test_first_process.py::test_a_forked_program_is_held_to_its_limits -k wall",
        "launcher.py",
        "if time.monotonic() >= deadline:",
        "if False:",
    ),
    _without(
        "limits: processes",
        "test_cgroups.py::test_a_box_gets_its_limits_beside_the_service",
        "cgroups.py",
        'self._limit("pids", "pids.max", count)',
    ),
    Measure(
        "limits: one core",
        "test_cgroups.py::test_a_box_with_four_busy_processes_has_one_core",
        [
            ("cgroups.py", 'self._limit("cpu", "cpu.cfs_quota_us", CPU_PERIOD_MICROSECONDS)', "pass"),
            (
                "cgroups.py",
                'self._limit("cpu", "cpu.max", f"{CPU_PERIOD_MICROSECONDS} {CPU_PERIOD_MICROSECONDS}")',
                "pass",
            ),
        ],
    ),
    _measure(
        "limits: kernels give way",
        "test_cgroups.py::test_a_kernel_gives_way_to_graded_and_displayed_runs",
        "launcher.py",
        "gives_way=self.is_kernel",
        "gives_way=False",
    ),
    _measure(
        "limits: a controller that refuses is no box",
        "test_cgroups.py::test_where_a_controller_refuses_no_box_is_built_and_the_reason_is_said",
        "cgroups.py",
        '            raise SandboxUnavailable(f"control group: {name}: {error.strerror}") from error',
        "            del error",
    ),
    # Life lines
    _measure(
        "life line: of whoever asked, warm",
        "test_first_process.py::test_when_whoever_asked_is_killed_the_box_ends -k warm",
        "launcher.py",
        '            if self.control in ready:\n                return "killed"\n',
        "",
    ),
    _measure(
        "life line: of a launcher",
        "test_service.py::test_when_a_launcher_is_killed_its_box_ends_and_that_is_our_failure",
        "first_process.py",
        "        if control in ready:\n            return\n",
        "",
    ),
    _measure(
        "life line: of the service, to what it keeps warm",
        "test_first_process.py::test_when_the_service_is_killed_every_forked_box_ends",
        "launcher.py",
        "else (self.process, self.first, self.control)",
        "else (self.process, self.first, *([self.control] if is_limited else []))",
    ),
    # What is left
    _without("left: control groups are taken away", _LEFT, "launcher.py", "self.groups.remove()"),
    _without("left: what watched a box is closed", _LEFT, "launcher.py", "os.close(self.process)"),
    # User ids
    _measure(
        "user ids: one holder",
        "test_slots.py::test_an_id_has_one_holder",
        "slots.py",
        "fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "pass",
    ),
    _measure(
        "user ids: not while anything runs under it",
        "test_slots.py::test_an_id_under_which_something_still_runs_is_not_given_out",
        "slots.py",
        "_uids_in_use() if os.geteuid() == 0 else frozenset[int]()",
        "frozenset[int]()",
    ),
)


@contextmanager
def copy_of_the_project() -> Iterator[Path]:
    """What git knows of the project, as it is now, in a folder that other accounts may pass through."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=PROJECT, capture_output=True, check=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        source, target = PROJECT / name, folder / name
        if source.is_file() and not source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def take_out(measure: Measure, folder: Path) -> None:
    """Change the copy. Raises `ValueError` when what is to be taken out is not there exactly once."""
    for file, before, after in measure.changes:
        path = folder / "sandboxes" / file
        text = path.read_text()
        if text.count(before) != 1:
            raise ValueError(f"{before!r} is {text.count(before)} times in {file}")
        path.write_text(text.replace(before, after))


def passes(test: str, folder: Path) -> tuple[bool, str]:
    """Run a test in the copy; returns whether it passed, and what was said. Raises `ValueError` where none is run."""
    where, _, chosen = test.partition(" -k ")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", "--timeout", "100"]
    command += [f"tests/sandboxes/{where}", *(["-k", chosen] if chosen else [])]
    kernel = os.environ.get("KERNEL_PYTHON", PROJECT / ".venv-kernel" / "bin" / "python")
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "KERNEL_PYTHON": str(kernel), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        preexec_fn=_leave_the_machine_alone,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise ValueError(f"the test cannot be run: {done.stdout[-2000:]}")
    return done.returncode == 0, done.stdout


def _leave_the_machine_alone() -> None:
    """A box without its walls must reach neither the real mounts nor the real name of the machine."""
    lockdown.unshare(lockdown.CLONE_NEWNS | lockdown.CLONE_NEWUTS)
    lockdown.mount("none", "/", None, lockdown.MS_REC | lockdown.MS_PRIVATE)


def main(words: Sequence[str]) -> int:
    """Try the measures with one of the words in their names, or all; returns the exit code."""
    chosen = [measure for measure in MEASURES if not words or any(word in measure.name for word in words)]
    log = Path(os.environ.get("MUTATIONS_LOG", os.devnull))
    missed = 0
    for measure in chosen:
        began_at = time.monotonic()
        with copy_of_the_project() as folder:
            try:
                take_out(measure, folder)
                is_missed, said = passes(measure.test, folder)
                with log.open("a") as stream:
                    stream.write(f"\n\n##### {measure.name}\n{said}")
                result = "NOT NOTICED" if is_missed else "failed as it should"
            except ValueError as error:
                result = f"NOT TRIED: {error}"
        missed += result != "failed as it should"
        print(f"{measure.name} | {measure.test} | {result} | {time.monotonic() - began_at:.0f} s", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
