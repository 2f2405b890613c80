"""The preloaded parent of kernels: imports what notebooks use, once, then forks one child for each run.

It runs with the interpreter of a kernel environment, in an outer box: no network, read-only files, no secret, nothing
of any exercise or learner. It never sees what a run is about: the order to fork carries a socket and nothing else,
and only the child reads from that. Each child makes a box of its own and locks itself down (`first_process`) before
it reads one byte of a learner's work, serves one run and never comes back here.

Standard library and the environment's own packages only; and the tools it is told to prepare, which are our programs
for boxes: they are imported here and used in children alone.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import ctypes
import gc
import hashlib
import importlib
import importlib.util
import json
import os
import runpy
import signal
import socket
import sys
import tempfile
import threading
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import Any, NoReturn

from sandboxes import channel, first_process, lockdown

CONTROL_FD = 3
WARM_UP_SECONDS = 30.0
SYS_CLONE = 56  # x86-64
HUGE_PAGE, MADV_COLLAPSE = 2 << 20, 25
# The reference count of an object that lives for ever, and the versions of CPython that read it so (PEP 683).
IMMORTAL, KNOWN_IMMORTAL = 0xFFFFFFFF, ((3, 12), (3, 13))
TOOLS = "/tools"
OWN_MODULES = ("sandboxes", "sandboxes.channel", "sandboxes.first_process", "sandboxes.lockdown", "sandboxes.zygote")
_prepared: dict[str, Any] = {}  # tools that were imported before the first fork


def main() -> NoReturn:
    """Load, say that we are ready, then fork on every order until nobody can order any more."""
    control = socket.socket(fileno=CONTROL_FD)
    with Path(TOOLS, "zygote.json").open(encoding="utf-8") as stream:
        told = json.load(stream)
    _leave_no_way_in()
    _preload(told["preload"])
    _preload(_modules_of_a_throwaway_kernel(told["kernel"], told["warm_up"]))
    codes = _compile(told["tools"])
    _prepare(told["prepare"], told["tools"], codes, told["warm_up"])
    _share_memory()
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise SystemExit("a preloaded library has started a thread: forking would copy its locks and not the thread")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the Linux kernel reaps
    channel.send(control, {"event": "ready"})
    while True:
        try:
            order, fds = channel.receive(control)
        except channel.Closed:
            os._exit(0)
        if order.get("op") == "fork" and len(fds) == 1:
            _fork(fds[0], codes, told["namespaces"])
        for fd in fds:
            os.close(fd)


def _fork(fd: int, codes: dict[str, types.CodeType], namespaces: int) -> None:
    """Fork the first process of a box, already in the process namespace it is to be the first of."""
    before, in_parent, in_child = (
        getattr(ctypes.pythonapi, f"PyOS_{name}") for name in ("BeforeFork", "AfterFork_Parent", "AfterFork_Child")
    )
    before()
    # clone(2) by itself: fork(2) would need a process in between, which costs as much again.
    pid = lockdown.libc.syscall(SYS_CLONE, namespaces | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        in_child()
        _be_first_process(fd, codes)
    in_parent()
    if pid < 0:
        print(f"fork: {os.strerror(ctypes.get_errno())}", file=sys.stderr, flush=True)


def _be_first_process(fd: int, codes: dict[str, types.CodeType]) -> NoReturn:
    try:
        lockdown.close_all_but([0, 1, 2, fd])
        first_process.main(socket.socket(fileno=fd), lambda argv: _run_python(argv, codes))
    finally:
        os._exit(1)


# ── In the child ──


def _run_python(argv: Sequence[str], codes: dict[str, types.CodeType]) -> int:
    """Do what the interpreter does with these arguments, in this process; returns the exit code."""
    _begin_anew(argv)
    _draw_new_random_numbers()
    _choose_how_figures_are_drawn(argv)
    _use_compiled_tools(codes)
    _keep_what_is_prepared(argv, codes)
    code: Any = None
    try:
        _execute(list(argv[1:]))
    except SystemExit as leave:
        code = leave.code
    except BaseException as error:
        error.__traceback__ = _without_ours(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        code = 1
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    return _finish((code or 0) & 0xFF)


def _begin_anew(argv: Sequence[str]) -> None:
    """Leave behind what was the zygote's, and be as an interpreter is when it begins."""
    atexit._clear()
    for name in OWN_MODULES:
        sys.modules.pop(name, None)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)  # an exception, not the end
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.orig_argv = list(argv)


def _without_ours(trace: types.TracebackType | None) -> types.TracebackType | None:
    while trace is not None and trace.tb_frame.f_globals is globals():
        trace = trace.tb_next
    return trace


def _finish(code: int) -> int:
    """Wait for the program's threads, run what it wants run at its end, flush; returns the exit code after that."""
    for finish in (threading._shutdown, atexit._run_exitfuncs):  # type: ignore[attr-defined]
        with contextlib.suppress(BaseException):
            finish()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except (OSError, ValueError):
            code = code or 120
    return code


def can_run(argv: Sequence[str]) -> bool:
    """Is this a way to start Python that a zygote knows? More options, or a program on standard input, are not."""
    words = argv[2:] if argv[1:2] == ["-I"] else argv[1:]
    return len(words) > 1 if words[:1] in (["-c"], ["-m"]) else bool(words) and not words[0].startswith("-")


def _execute(arguments: list[str]) -> None:
    """Run ``[-I] -c SOURCE …``, ``[-I] -m MODULE …`` or ``[-I] FILE …`` as the program of this process."""
    is_isolated = arguments[0] == "-I"
    kind, *rest = arguments[is_isolated:]
    first = {"-c": "", "-m": str(Path.cwd())}.get(kind, str(Path(kind).resolve().parent))
    sys.path[:1] = [] if is_isolated else [first]
    sys.modules["__main__"] = main_module = types.ModuleType("__main__")
    vars(main_module)["__builtins__"] = builtins
    if kind == "-m":
        sys.argv = ["-m", *rest[1:]]
        runpy._run_module_as_main(rest[0])  # type: ignore[attr-defined]
        return
    source: str | bytes
    if kind == "-c":
        sys.argv, source, name = ["-c", *rest[1:]], rest[0], "<string>"
    else:
        sys.argv, source, name = [kind, *rest], Path(kind).read_bytes(), str(Path(kind).absolute())
        main_module.__file__ = name
    main_module.__loader__ = loader = SourceFileLoader("__main__", name)
    exec(loader.source_to_code(source, name), vars(main_module))  # noqa: S102 (as python does)


def _draw_new_random_numbers() -> None:
    """Every child would draw the numbers its siblings draw; `random` sees to itself."""
    random = sys.modules.get("numpy.random")
    if random is not None:
        random.seed(int.from_bytes(os.urandom(4)))


def _choose_how_figures_are_drawn(argv: Sequence[str]) -> None:
    """Say now what matplotlib looks for at its import, which was before there was a kernel to show figures in."""
    matplotlib = sys.modules.get("matplotlib")
    is_kernel = list(argv[1:3]) == ["-m", "ipykernel_launcher"]
    backend = os.environ.get("MPLBACKEND") or ("module://matplotlib_inline.backend_inline" if is_kernel else None)
    if matplotlib is not None and backend is not None:
        matplotlib.rcParams["backend"] = backend
        # At its own import it looks for the kernel it is to work for.
        sys.modules.pop("matplotlib_inline.backend_inline", None)


def _use_compiled_tools(codes: dict[str, types.CodeType]) -> None:
    """Where a tool is byte for byte what was compiled before, use that."""
    compile_source = SourceFileLoader.source_to_code

    def source_to_code(self: Any, data: Any, path: Any, **options: Any) -> Any:
        known = codes.get(_key(str(path), data)) if isinstance(data, bytes) else None
        return known or compile_source(self, data, path, **options)

    SourceFileLoader.source_to_code = source_to_code  # type: ignore[method-assign]


def _keep_what_is_prepared(argv: Sequence[str], codes: dict[str, types.CodeType]) -> None:
    """Keep prepared tools for a program that was sent the very same ones; of any other it is to find nothing.

    Nor of itself as a module. Where one of them is not the same, none is kept: those that import it would go on with
    the old one.
    """
    sent = dict(_sent_to(argv[1]))
    is_same = all(_key(path, data) in codes for path, data in sent.values())
    for name, module in _prepared.items():
        if not is_same or name not in sent or name == Path(argv[1]).stem:
            getattr(module, "forget", lambda: None)()
            del sys.modules[name]


def _sent_to(program: str) -> Iterator[tuple[str, tuple[str, bytes]]]:
    """Yield the names of prepared tools that lie beside a program, with their paths and what they are."""
    if Path(program).parent == Path(TOOLS):
        for name in _prepared:
            with contextlib.suppress(FileNotFoundError):  # what cannot be read ends the program: nothing is mixed
                path = f"{TOOLS}/{name}.py"
                yield name, (path, Path(path).read_bytes())


def _key(path: str, data: bytes) -> str:
    return f"{path} {hashlib.sha256(data).hexdigest()}"


# ── Before the first child ──


def _leave_no_way_in() -> None:
    """Only what is read-only in the outer box may be imported from."""
    sys.path[:] = ["", *(path for path in sys.path if path and not path.startswith(TOOLS))]
    for path in sys.path[1:]:
        if os.access(path, os.W_OK) and not os.statvfs(path).f_flag & os.ST_RDONLY:
            raise SystemExit(f"{path} can be written and would be imported from")
    os.chdir("/cwd")


def _preload(modules: Sequence[str]) -> None:
    for name in modules:
        importlib.import_module(name)


def _modules_of_a_throwaway_kernel(argv: Sequence[str], code: str) -> list[str]:
    """Start a kernel in a child, have it run ``code``, and return what it had to import for that.

    Much is imported only when it is first used; loaded here, it is loaded for every run to come.
    """
    known = set(sys.modules)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _warm_up(list(argv), code, lambda names: os.write(writing, "\n".join(names).encode()))
    os.close(writing)
    with os.fdopen(reading) as stream:
        said = stream.read()
    os.waitpid(child, 0)
    return [name for name in said.splitlines() if name not in known and _can_be_imported(name)]


def _can_be_imported(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, AttributeError, ValueError):
        return False


def _warm_up(argv: list[str], code: str, report: Callable[[list[str]], Any]) -> NoReturn:
    """In a child of its own: a whole kernel with its threads, talked to from another thread."""
    folder = tempfile.mkdtemp()
    connection: dict[str, Any] = {
        f"{name}_port": port for port, name in enumerate(("shell", "iopub", "stdin", "control", "hb"), 1)
    }
    connection |= {"transport": "ipc", "ip": f"{folder}/k", "key": "", "signature_scheme": "hmac-sha256"}
    Path(folder, "connection.json").write_text(json.dumps(connection))

    def talk() -> None:
        try:
            _have_executed(f"{folder}/k", code)
        finally:
            report(list(sys.modules))
            os._exit(0)

    threading.Thread(target=talk, daemon=True).start()
    signal.alarm(int(WARM_UP_SECONDS))
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    _execute([word.format(connection_file=f"{folder}/connection.json") for word in argv[1:]])
    os._exit(0)


def _have_executed(address: str, code: str) -> None:
    import zmq  # noqa: PLC0415 (of the kernel environment, and never in the zygote itself)
    from jupyter_client.session import Session  # noqa: PLC0415

    session = Session(key=b"")
    with zmq.Context() as context, context.socket(zmq.DEALER) as shell, context.socket(zmq.SUB) as iopub:
        shell.connect(f"ipc://{address}-1")
        iopub.subscribe(b"")
        iopub.connect(f"ipc://{address}-2")
        for kind, content in (
            ("kernel_info_request", {}),
            ("execute_request", {"code": code, "silent": False, "store_history": True, "user_expressions": {}}),
        ):
            session.send(shell, kind, content)
            shell.recv_multipart()


def _compile(tools: dict[str, str]) -> dict[str, types.CodeType]:
    """Compile the programs that are sent into boxes; by their path in there and their very bytes."""
    codes = {}
    for name, text in tools.items():
        path, data = f"{TOOLS}/{name}", text.encode()
        codes[_key(path, data)] = compile(data, path, "exec", dont_inherit=True)
    return codes


def _prepare(names: Sequence[str], tools: Mapping[str, str], codes: Mapping[str, types.CodeType], warm_up: str) -> None:
    """Import tools and those that they import, as programs in boxes will; do what these would do first, if anything."""
    companions = _Companions(
        {Path(name).stem: codes[_key(f"{TOOLS}/{name}", text.encode())] for name, text in tools.items()}
    )
    sys.meta_path.insert(0, companions)
    try:
        for name in names:
            getattr(importlib.import_module(name), "prepare", lambda _: None)(warm_up)
    finally:
        sys.meta_path.remove(companions)


class _Companions(MetaPathFinder, Loader):
    """Finds the tools that are to be beside a program in its box, where they are not yet."""

    def __init__(self, codes: Mapping[str, types.CodeType]) -> None:
        self._codes = codes

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name in self._codes else None

    def exec_module(self, module: types.ModuleType) -> None:
        name = module.__name__
        _prepared[name], module.__file__ = module, self._codes[name].co_filename
        exec(self._codes[name], vars(module))  # noqa: S102 (of our own)


def _share_memory() -> None:
    """Keep what is loaded in pages that children go on sharing with us.

    A page is copied as soon as one object on it is written to, and using an object writes its reference count: so all
    that is there now is made immortal, and is left out of garbage collection.
    """
    gc.collect()
    if sys.implementation.name == "cpython" and sys.version_info[:2] in KNOWN_IMMORTAL:
        for thing in _everything():
            ctypes.c_uint32.from_address(id(thing)).value = IMMORTAL
    gc.freeze()
    _gather_pages()


def _gather_pages() -> None:
    """Have our memory in huge pages where it can be: a fork copies one entry for each page, huge or not.

    A child that writes to one gets a copy of the small page concerned. Without such pages (before Linux 6.1, or where
    they are turned off) nothing changes.
    """
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights, _, _, _, *name = line.split(maxsplit=5)
        if rights == "rw-p" and (not name or name == ["[heap]"]):
            start, end = (int(address, 16) for address in span.split("-"))
            first, last = -(-start // HUGE_PAGE) * HUGE_PAGE, end // HUGE_PAGE * HUGE_PAGE
            if first < last:
                lockdown.libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), MADV_COLLAPSE)


def _everything() -> list[Any]:
    """Return every object that can be reached from those the garbage collector knows."""
    found = gc.get_objects()
    seen = set(map(id, found))
    start = 0
    while start < len(found):
        batch = found[start : start + 2000]
        start += len(batch)
        # Compiled code is no container to the collector: what it computes with is counted up and down as it runs.
        codes = [thing for thing in batch if type(thing) is types.CodeType]
        inside = [part for code in codes for part in (code.co_consts, *code.co_consts, code.co_names, *code.co_names)]
        for thing in [*gc.get_referents(*batch), *inside]:
            if id(thing) not in seen:
                seen.add(id(thing))
                found.append(thing)
    return found


if __name__ == "__main__":
    main()
