"""Small exercises for tests, written as an author would, and how to grade answers to them."""

import json
from pathlib import Path

from django.conf import settings

from grading import examiner, notebooks
from sandboxes.limits import Limits

LIMITS = Limits(wall_seconds=20, cpu_seconds=15, memory_bytes=512 << 20)
PYTHON = Path(settings.KERNEL_PYTHON)
PEOPLE = ("th", "en")


def cell(code, grade_id="", kind="code", **marks):
    metadata = {}
    if grade_id:
        flags = {"grade": False, "solution": False, "locked": True, "task": False, "schema_version": 3}
        metadata = {"nbgrader": flags | {"grade_id": grade_id} | marks}
    made = {"cell_type": kind, "metadata": metadata, "source": code.strip("\n"), "id": grade_id or "x"}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def setup(code, grade_id="setup"):
    return cell(code, grade_id)


def answer(grade_id, code):
    return cell(f"### BEGIN SOLUTION\n{code.strip()}\n### END SOLUTION", grade_id, solution=True, locked=False)


def check(grade_id, code, points=1, hidden="", hint=""):
    lines = [f"# hint(th): คำใบ้ {hint}\n# hint(en): {hint}"] if hint else []
    lines.append(code.strip("\n"))
    lines += [f"### BEGIN HIDDEN TESTS\n{hidden.strip()}\n### END HIDDEN TESTS"] if hidden else []
    return cell("\n".join(lines), grade_id, grade=True, points=points)


def document(*cells):
    for number, made in enumerate(cells):
        made["id"] = made["metadata"].get("nbgrader", {}).get("grade_id") or f"plain-{number}"
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def as_bytes(notebook):
    return json.dumps(notebook, ensure_ascii=False).encode()


def source(*cells):
    return notebooks.read_source(as_bytes(document(*cells)))


def answered(authored, **answers):
    """The release of ``authored`` with these answers; ``_`` in a name stands for ``-``."""
    handed_in = notebooks.release(authored)
    for made in handed_in.cells:
        given = answers.get(made.metadata.get("nbgrader", {}).get("grade_id", "").replace("-", "_"))
        made.source = made.source if given is None else given
    return handed_in


def examine(authored, *, files=None, hidden_files=None, limits=LIMITS, seed=None, **answers):
    """What the examiner finds: {check id: (outcome, share)}. Real sandboxes."""
    assembled = notebooks.assemble(authored, answered(authored, **answers))
    examined = examiner.examine(
        source=authored,
        assembled=assembled,
        files=files or {},
        hidden_files=hidden_files or {},
        limits=limits,
        python=PYTHON,
        seed=seed,
    )
    return {check_id: (finding.outcome, finding.share) for check_id, finding in examined.findings.items()}


def outcomes(*args, **kwargs):
    return {check_id: outcome for check_id, (outcome, _) in examine(*args, **kwargs).items()}
