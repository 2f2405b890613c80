"""The verdict record: what was examined, by what, and what came of it, signed where the verdict was formed.

A grade is a row, and rows can be altered by whoever reaches the database. The record beside it is text signed by the
grading worker; a credential rests on a grade only where the record's signature holds and the record says the same as
the rows do: ``problem`` decides. Nothing here repairs anything: a grade whose record does not hold is graded again.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from grading import verdict_keys
from grading.grader import seed_of
from grading.models import ExerciseVersion, Grade, Judgement, Submission, Verdict
from sandboxes import environments

log = logging.getLogger(__name__)

FORMAT = "verdict-1"
_CHECK_FIELDS = ("id", "points", "max_points", "passed", "outcome", "examined")
_HERE = Path(__file__).resolve().parent
# What decides a verdict: a record names the state of all of it.
_EXAMINER = (
    *(_HERE / name for name in ("examiner.py", "grader.py", "notebooks.py", "scoring.py", "thai_fold.py")),
    _HERE / "inside",
    _HERE.parent / "sandboxes" / "inside",
)


def sign(grade: Grade, *, basis: str = "examined", judgements: Iterable[Judgement] = ()) -> bool:
    """Writes the record of a grade that this process has just formed or checked; False when it holds no key.

    ``basis``: "examined", "regraded", "judgement" (people's points on examined
    ones) or "restored" (a regrade was undone).
    An unsigned grade is a grade, and carries no credential.
    """
    try:
        signer = verdict_keys.signer()
    except verdict_keys.VerdictKeyUnavailable as error:
        log.error("verdict_not_signed: %s", error, extra={"submission": str(grade.submission_id)})
        return False
    text = canonical(facts(grade) | circumstances(grade, basis=basis, judgements=judgements))
    Verdict.objects.create(
        grade=grade, record=text, key_id=signer.key_id, signature=signer.sign(_signed_bytes(signer.key_id, text))
    )
    return True


def problem(grade: Grade) -> str:
    """Why no credential may rest on this grade: '' when its record holds, else a sentence for an operator.

    Raises ``VerdictKeyUnavailable`` when this process cannot check signatures at all.
    """
    verdict = Verdict.objects.filter(grade=grade).first()
    if verdict is None:
        return "it has no signed record"
    if not verdict_keys.is_signed(
        _signed_bytes(verdict.key_id, verdict.record), key_id=verdict.key_id, signature=verdict.signature
    ):
        known = verdict.key_id in verdict_keys.public_keys()
        return "the signature does not fit the record" if known else f"it is signed by an unknown key, {verdict.key_id}"
    record = json.loads(verdict.record)
    if record.get("format") != FORMAT:
        return f"the record is of an unknown format, {record.get('format')}"
    said = json.loads(canonical(facts(grade)))
    differing = [name for name, value in said.items() if record.get(name) != value]
    return f"the record says otherwise about: {', '.join(differing)}" if differing else ""


def problem_or_unknown(grade: Grade) -> str:
    """As ``problem``; a process that cannot check signatures finds none that holds."""
    try:
        return problem(grade)
    except verdict_keys.VerdictKeyUnavailable as error:
        return str(error)


def canonical(record: Mapping[str, Any]) -> str:
    """The one text of a record: sorted names, no spaces, no number that JSON has not."""
    return json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _signed_bytes(key_id: str, text: str) -> bytes:
    """With the purpose and the key's name in front: no other signature of any key can be passed off as this one."""
    return f"{FORMAT}\n{key_id}\n{text}".encode()


def facts(grade: Grade) -> dict[str, Any]:
    """What the rows say now; computed from contents, not from the hashes that lie beside them."""
    submission = Submission.objects.get(pk=grade.submission_id)
    return {
        "submission": str(submission.pk),
        "submission_sha256": hashlib.sha256(bytes(submission.notebook)).hexdigest(),
        "exercise": submission.exercise_id,
        "learner": submission.learner_id,
        "attempt": submission.attempt,
        "version": grade.version_id,
        "version_sha256": version_digest(grade.version_id),
        "round": grade.round,
        "origin": grade.origin,
        "score": float(grade.score),
        "max_score": float(grade.max_score),
        "late_percent": grade.late_percent,
        "run_status": grade.run_status,
        "isolated": grade.is_isolated,
        "waiting": grade.is_waiting,
        "checks": [_check_facts(check) for check in grade.checks],
        "found": [_check_facts(check) for check in grade.found],
    }


def _check_facts(check: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: check.get(name) for name in _CHECK_FIELDS}
    # A database may hand 2.0 back as 2.
    return known | {name: float(check[name]) for name in ("points", "max_points")}


def version_digest(version_id: int) -> str:
    """Over everything a version is: its notebook, the data files, hidden ones too, and the limits of a run."""
    version = ExerciseVersion.objects.get(pk=version_id)
    parts = [
        {
            "name": file.name,
            "is_hidden": file.is_hidden,
            "sha256": hashlib.sha256(bytes(file.content)).hexdigest(),
        }
        for file in version.files.order_by("name")
    ]
    whole = {
        "source": hashlib.sha256(bytes(version.source)).hexdigest(),
        "files": parts,
        "limits": {name: float(number) for name, number in version.limits.items()},
    }
    return hashlib.sha256(canonical(whole).encode()).hexdigest()


def circumstances(grade: Grade, *, basis: str, judgements: Iterable[Judgement]) -> dict[str, Any]:
    """What no row can repeat later: by what, when and on whose word."""
    submission = grade.submission
    times = {"submitted_at": submission.submitted_at, "started_at": submission.started_at, "signed_at": timezone.now()}
    return {
        "format": FORMAT,
        "basis": basis,
        "exercise_slug": submission.exercise.slug,
        "version_number": grade.version.number,
        "environment": environment(),
        "examiner": examiner_digest(),
        "seed": seed_of(submission.pk),
        "times": {name: moment and moment.isoformat() for name, moment in times.items()},
        "judgements": [
            {
                "id": one.pk,
                "check": one.check_id,
                "points": float(one.points),
                "kind": one.kind,
                "reviewer": one.reviewer_id,
            }
            for one in judgements
        ],
    }


@lru_cache(maxsize=1)
def environment() -> dict[str, str]:
    """In which kernel environment this process has notebooks run: its name, and the hash of what is installed there."""
    try:
        known = environments.load().values()
    except ValueError:
        known = {}.values()
    name = next((one.name for one in known if one.python == settings.KERNEL_PYTHON), "")
    lock = Path(settings.KERNEL_LOCK_FILE)
    digest = hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else ""
    return {"name": name, "lock_sha256": digest}


@lru_cache(maxsize=1)
def examiner_digest() -> str:
    """Over the code that forms a verdict, both sides of the wire."""
    digest = hashlib.sha256()
    for place in _EXAMINER:
        for path in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            digest.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def sign_reviewed() -> int:
    """Signs the rounds that people's decisions made, where they are what they must be; returns how many.

    Such a round is written by the web server, which holds no key. Here it is made anew from the last signed round and
    the decisions that stand; a row that says anything else stays unsigned.
    """
    waiting = Grade.objects.current().filter(origin=Grade.Origin.REVIEWED, verdict=None).select_related("submission")
    return sum(_sign_reviewed(grade) for grade in waiting[:500])


def _sign_reviewed(grade: Grade) -> bool:
    before = Grade.objects.filter(submission=grade.submission_id, round__lt=grade.round, verdict__isnull=False)
    basis = before.order_by("-round").first()
    judgements = list(Judgement.objects.standing().filter(submission=grade.submission_id))
    if basis is None or problem(basis):
        return False
    expected = basis.reviewed(judged={one.check_id: one.points for one in judgements}, late_percent=grade.late_percent)
    names = ("score", "max_score", "checks", "found", "is_isolated", "is_waiting", "run_status")
    if grade.version_id != basis.version_id or any(getattr(grade, name) != expected[name] for name in names):
        log.error("verdict_refused: a reviewed round is not what it must be", extra={"grade": grade.pk})
        return False
    return sign(grade, basis="judgement", judgements=judgements)
