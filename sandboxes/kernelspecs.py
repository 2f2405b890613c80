"""Kernel specifications: by these Jupyter finds the declared environments and starts their kernels in boxes.

`python -m sandboxes kernelspecs --install DIR` writes one `kernel.json` for each environment below DIR, which is laid
out as a Jupyter data path: name it in `JUPYTER_PATH`, and nbclient, Jupyter Server and whatever else starts kernels
through jupyter_client offers them. Each names our provisioner, which must be installed where that program runs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sandboxes import environments
from sandboxes.environments import Environment

# The entry point of `provisioner.SandboxProvisioner`.
PROVISIONER = "sandbox-provisioner"
# So that none hides a kernel that Jupyter has already: that one would start without a box.
PREFIX = "sandbox-"


def kernel_name(environment: Environment) -> str:
    """Return the name by which Jupyter starts kernels of an environment."""
    return PREFIX + environment.name


def specification(environment: Environment) -> dict[str, Any]:
    """Return what its `kernel.json` says; ``argv`` is for people to read, the provisioner goes by the declaration."""
    provisioner = {"provisioner_name": PROVISIONER, "config": {"environment": environment.name}}
    return {
        "argv": list(environment.argv),
        "display_name": environment.display_name,
        "language": environment.language,
        "interrupt_mode": "message",  # no signal reaches into a box
        "metadata": {"kernel_provisioner": provisioner},
    }


def install(declared: Iterable[Environment], data_path: Path) -> list[Path]:
    """Write the specifications below ``data_path``; returns their files.

    What was written there for an environment that is declared no more is removed. Raises `OSError`.
    """
    kernels = data_path / "kernels"
    wanted = {kernels / kernel_name(environment) / "kernel.json": environment for environment in declared}
    for file in kernels.glob(f"{PREFIX}*/kernel.json"):
        if file not in wanted and _is_ours(file):
            file.unlink()
            file.parent.rmdir()
    for file, environment in wanted.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps(specification(environment), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        draft.replace(file)  # so that nobody ever reads half of one
    return list(wanted)


def _is_ours(file: Path) -> bool:
    try:
        said = json.loads(file.read_text(encoding="utf-8"))["metadata"]["kernel_provisioner"]["provisioner_name"]
    except (ValueError, LookupError, TypeError):
        return False
    return bool(said == PROVISIONER)


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit code: 0 done, 2 the command, the declaration or the folder was wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m sandboxes kernelspecs",
        description="Let Jupyter start kernels of the declared environments (SANDBOXES_ENVIRONMENTS) in sandboxes.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--install", type=Path, metavar="DIR", help="write them below DIR, to be named in JUPYTER_PATH")
    what.add_argument("--list", action="store_true", help="show them")
    options = parser.parse_args(arguments)
    try:
        declared = environments.load().values()
        if options.install:
            for file in install(declared, options.install):
                print(file)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.list:
        for environment in declared:
            start = "from a zygote, where the service runs" if environment.has_zygote else "cold"
            print(f"{kernel_name(environment)}\t{environment.display_name}\t{environment.python}\tstarts {start}")
    return 0
