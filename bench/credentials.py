"""`python -m bench.credentials`: issuing and verifying per second of one core, beside openbadgeslib, in one run.

Both sides get the same documents and the same key, offline, and go in turn. What is counted is this process's CPU
time, so that whatever else the machine does shows little; the clock's figure stands beside it. The rows with a
register use a database of their own, in a folder that is removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import django

# Before anything of ours is imported: settings are read once.
FOLDER = tempfile.mkdtemp(prefix="bench-credentials-")
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "lms.settings",
    "VAR_DIR": FOLDER,
    "DATABASE_URL": "",
    "ISSUER_KEY_FILE": f"{FOLDER}/issuer.json",
    "VERDICT_KEY_FILE": f"{FOLDER}/verdicts.json",
    "PUBLIC_URL": "https://skills.example",
}
django.setup()

from cryptography.hazmat.primitives import serialization  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from openbadgeslib.ob3 import OB3LdpVerifier  # noqa: E402
from openbadgeslib.ob3.ldp import add_data_integrity_proof  # noqa: E402

from grading import verdicts  # noqa: E402
from grading.models import Exercise, ExerciseVersion, Grade, Submission  # noqa: E402
from lms.accounts.models import User  # noqa: E402
from lms.credentials import (  # noqa: E402
    documents,
    issuing,
    jwts,
    profile,
    proofs,
    publishing,
    signing,
    verifying,
)
from lms.credentials.models import Achievement, Credential, Issuer, Requirement, StatusList  # noqa: E402


@dataclass
class Row:
    """One thing that is measured: how often a second of one core, and of the clock, in each round."""

    label: str
    act: Callable[[int], Any]
    by_cpu: list[float] = field(default_factory=list)
    by_clock: list[float] = field(default_factory=list)

    def measure(self, times: int) -> None:
        cpu, clock = time.process_time(), time.monotonic()
        for number in range(times):
            self.act(number)
        self.by_cpu.append(times / (time.process_time() - cpu))
        self.by_clock.append(times / (time.monotonic() - clock))


def make_site() -> None:
    """An empty database and the keys."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    call_command("migrate", verbosity=0)
    call_command("make_verdict_key", verbosity=0)
    call_command("make_issuer_key", "--issuer", "demo-institute", verbosity=0)


def rows(how_many: int) -> list[Row]:
    """What is measured, on ``how_many`` credentials that are issued first."""
    issuer = Issuer.objects.get()
    key, signer = signing.signer_for(issuer)
    people = make_people(issuer, how_many)
    issued = [issue(person) for person in people]
    for one in StatusList.objects.all():
        publishing.sign_list(one)
    texts = [credential.document for credential in issued]
    unsigned = [jwts.without_proof(json.loads(text)) for text in texts]
    created = documents.timestamp(issued[0].issued_at)
    private: Any = signer
    pem = private._key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = proofs.from_multikey(key.public_multikey).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    published = {one.url: one.document.encode() for one in StatusList.objects.all()}
    identity = json.dumps(issuer.did_document()).encode()

    def download(url: str, *_args: Any, **_options: Any) -> bytes:
        return published.get(url, identity)

    theirs = OB3LdpVerifier(pubkey_pem=public, issuer_did=issuer.did)

    def sign(number: int) -> None:
        signing.sign(unsigned[number], key=key, signer=signer, created=created)

    def ours_alone(number: int) -> None:
        document = profile.read(texts[number].encode())
        assert not profile.problem(document)  # noqa: S101 - a wrong answer ends the run
        assert proofs.has_valid_proof(document, key.public_multikey)  # noqa: S101

    def ours_whole(number: int) -> None:
        assert verifying.verify_file(texts[number].encode()).verdict == "valid"  # noqa: S101

    def theirs_whole(number: int) -> None:
        OB3LdpVerifier().verify(texts[number], check_status=True, download=download, verify_status_list=False)

    def issued_again(number: int) -> None:
        Credential.objects.filter(pk=issued[number].pk).delete()
        issued[number] = issue(people[number])
        texts[number] = issued[number].document

    return [
        Row(
            "sign: ours, strict profile checked before and after",
            lambda n: signing.sign(unsigned[n], key=key, signer=signer, created=created),
        ),
        Row("sign: openbadgeslib", lambda n: add_data_integrity_proof(unsigned[n], pem, key.url)),
        Row("verify profile and signature: ours", ours_alone),
        Row("verify form and signature: openbadgeslib", lambda n: theirs.verify(texts[n])),
        Row("verify with issuer and status: ours, by the register", ours_whole),
        Row("verify with issuer and status: openbadgeslib, from memory", theirs_whole),
        Row("verify a number of ours", lambda n: verifying.verify_number(issued[n].number)),
        Row("issue whole: evidence checked, signed, registered, e-mail written", issued_again),
    ]


def make_people(issuer: Any, how_many: int) -> list[Any]:
    """Learners who have earned the one achievement there is."""

    exercise = Exercise.objects.create(slug="bench", title_th="สร้างบัญชีข้อมูล", title_en="Build a data inventory")
    version = ExerciseVersion.objects.create(exercise=exercise, number=1, source=b"{}", sha256="0" * 64, max_score=6)
    texts = {name: f"{name} ข้อความ" * 10 for name in ("description_th", "description_en", "criteria_th", "criteria_en")}
    achievement = Achievement.objects.create(
        slug="bench", issuer=issuer, name_th="ผู้ดูแลข้อมูลภาครัฐ", name_en="Data Steward", hours="15.0", **texts
    )
    Requirement.objects.create(achievement=achievement, exercise=exercise)
    people = []
    for number in range(how_many):
        person = User.objects.create(email=f"bench{number}@example.go.th", given_name="น้ำฝน", family_name="ใจดี")
        submission = Submission.objects.create(
            exercise=exercise,
            version=version,
            learner=person,
            attempt=1,
            notebook=b"{}",
            filename="a.ipynb",
            sha256="ab" * 32,
            status=Submission.Status.GRADED,
        )
        grade = Grade.objects.create(
            submission=submission, version=version, score=6, max_score=6, run_status="COMPLETED", is_isolated=True
        )
        verdicts.sign(grade)
        people.append(person)
    return people


def issue(person: Any) -> Any:

    return issuing.issue(Achievement.objects.select_related("issuer").get(), person)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.credentials", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--times", type=int, default=100, help="of each thing in a round")
    options = parser.parse_args()
    try:
        make_site()
        measured = rows(options.times)
        for _ in range(options.rounds):
            for row in measured:
                row.measure(options.times)
    finally:
        shutil.rmtree(FOLDER)
    print(f"| {options.rounds} rounds of {options.times} | a second of one core: median (least, most) | by the clock |")
    print("| --- | --- | --- |")
    for row in measured:
        middle, least, most = statistics.median(row.by_cpu), min(row.by_cpu), max(row.by_cpu)
        print(f"| {row.label} | {middle:.0f} ({least:.0f}, {most:.0f}) | {statistics.median(row.by_clock):.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
