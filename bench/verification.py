"""`python -m bench.verification`: a thousand files and ten thousand numbers, verified as the worker does, then offline.

In a database of its own, thrown away afterwards. The files are of every kind (JSON, PNG, SVG, PDF, and what people
send that is none) and of five verdicts; each line of the result is compared with what was put in at that place. The
same files are then verified by the bundle in a network namespace without any network, where the machine allows one.
Prints JSON: seconds, files a second, peak memory.
"""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

SCRATCH = Path(tempfile.mkdtemp(prefix="bench-verification-"))
os.environ["VAR_DIR"] = str(SCRATCH)
os.environ["ISSUER_KEY_FILE"] = str(SCRATCH / "keys" / "issuer.json")
os.environ["SEAL_KEY_FILE"] = str(SCRATCH / "keys" / "seal.pem")
os.environ["LOG_LEVEL"] = "ERROR"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
for name in ("DATABASE_URL", "REDIS_URL"):
    os.environ.pop(name, None)

import django  # noqa: E402

django.setup()

from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from lms.accounts.models import User  # noqa: E402
from lms.certificates import printing  # noqa: E402
from lms.credentials import baking, issuing, publishing, revoking, seals  # noqa: E402
from lms.credentials.models import Achievement, Award, Credential, Issuer  # noqa: E402
from lms.credentials.numbers import to_number  # noqa: E402
from lms.verification import batching, bundles, results, uploads  # noqa: E402
from lms.verification.models import Batch  # noqa: E402

FILES, NUMBERS, PEOPLE = 1000, 10_000, 40
SVG = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'


def main() -> int:
    try:
        report = measure()
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)
    print(json.dumps(report, indent=1))
    return 0 if all(part["right"] for part in report.values()) else 1


def measure() -> dict[str, Any]:
    call_command("migrate", verbosity=0)
    people = fill()
    kinds = kinds_of(people)
    files = [(f"{place:04}-{name}", *kinds[name]) for place, name in zip(range(FILES), cycle(kinds), strict=False)]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, _verdict, data in files:
            target.writestr(name, data)
    report = {"files": batch("all.zip", archive.getvalue(), [(name, verdict) for name, verdict, _data in files])}
    numbers = [people[place % PEOPLE] if place % 10 else None for place in range(NUMBERS)]
    typed = [one.number if one else to_number(uuid.uuid4()) for one in numbers]
    wanted = [
        (str(n + 2), "unknown" if one is None else "revoked" if one.revoked_at else "valid")
        for n, one in enumerate(numbers)
    ]
    report["numbers"] = batch("all.csv", "\r\n".join(["number", *typed]).encode(), wanted)
    return report | {"offline": offline(files)}


def cycle(kinds: dict[str, Any]) -> Any:
    while True:
        yield from kinds


def fill() -> list[Credential]:
    call_command("make_issuer_key", "--issuer", "bench", verbosity=0, stdout=io.StringIO())
    seals.make_key(name="Bench")
    words = ("name", "description", "criteria")
    texts = {f"{word}_{language}": "ผู้ดูแลข้อมูล" for word in words for language in ("th", "en")}
    achievement = Achievement.objects.create(slug="bench", issuer=Issuer.objects.get(), hours=Decimal(15), **texts)
    boss, other = (User.objects.create_user(f"{n}@bench.example", None, given_name="ก") for n in "ab")
    for number in range(PEOPLE):
        person = User.objects.create_user(
            f"p{number}@bench.example", None, given_name="น้ำฝน", family_name=f"ที่{'๑' * (number % 7)}"[:3]
        )
        award = Award.objects.create(
            achievement=achievement, learner=person, grounds="x", requested_by=boss, decided_by=other,
            decision=Award.Decision.APPROVED, decided_at=timezone.now(),
        )  # fmt: skip
        issuing.issue_award(award)
    revoking._ask_to_publish = lambda: None  # there is no queue here
    for one in Credential.objects.all()[:8]:
        revoking.revoke(one, reason="issued_in_error")
    publishing.sign_due()
    return list(Credential.objects.order_by("pk"))


def kinds_of(people: list[Credential]) -> dict[str, tuple[str, bytes]]:
    """Files by name, each with the verdict it has to get."""
    good = next(one for one in people if not one.revoked_at)
    revoked = next(one for one in people if one.revoked_at)
    from lms.certificates import pictures  # noqa: PLC0415

    text, design = good.document, printing.design_of(good.achievement)
    texts = pictures.badge_texts(design, issuer="Bench", name_th="ก", name_en="a")
    stranger = json.loads(text)
    stranger["issuer"]["id"] = "did:web:elsewhere.example:issuers:x"
    return {
        "ดี.json": ("valid", text.encode()),
        "badge.png": ("valid", baking.bake_png(pictures.badge_png(texts, design.color), text)),
        "badge.svg": ("valid", baking.bake_svg(SVG, text).encode()),
        "certificate.pdf": ("valid", printing.sealed_pdf(good)),
        "revoked.json": ("revoked", revoked.document.encode()),
        "changed.json": ("tampered", text.replace('"15"', '"150"').encode()),
        "stranger.json": ("unknown_issuer", json.dumps(stranger).encode()),
        "empty.json": ("unreadable", b""),
        "photo.jpg": ("unreadable", b"\xff\xd8\xff" + os.urandom(20_000)),
        "revoked.svg": ("revoked", baking.bake_svg(SVG, revoked.document).encode()),
    }


def batch(name: str, data: bytes, wanted: list[tuple[str, str]]) -> dict[str, Any]:
    begun = time.perf_counter()
    items = uploads.many_in(SimpleUploadedFile(name, data))
    if items is None:
        raise SystemExit("the upload was not taken for many")
    started = batching.start(items)
    stored = time.perf_counter() - begun
    while Batch.objects.get(pk=started.pk).status == Batch.Status.WORKING:
        claimed = Batch.objects.claim(started.pk)
        if claimed is None:
            raise SystemExit("the batch cannot be claimed")
        batching.work(claimed)
    seconds = time.perf_counter() - begun
    lines = Batch.objects.get(pk=started.pk).results()
    table = list(csv.reader(io.StringIO(results.to_csv(lines, "en").decode("utf-8-sig"))))
    got = [(line["label"], line["verdict"]) for line in lines]
    return {
        "items": len(lines),
        "uploaded_bytes": len(data),
        "seconds_to_store": round(stored, 2),
        "seconds": round(seconds, 2),
        "per_second": round(len(lines) / seconds, 1),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "right": got == wanted and [(row[1], row[-1]) for row in table[1:]] == wanted,
    }


def offline(files: list[tuple[str, str, bytes]]) -> dict[str, Any]:
    """The same files by the command and a bundle, with no network at all."""
    bundle = SCRATCH / "bundle.zip"
    bundle.write_bytes(bundles.make())
    folder = SCRATCH / "files"
    folder.mkdir()
    for name, _verdict, data in files:
        (folder / name).write_bytes(data)
    key = Issuer.objects.get().keys.get().public_multikey
    alone = (
        ["unshare", "-rn"] if subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0 else []
    )
    command = [*alone, sys.executable, "manage.py", "verify_credential", *(str(folder / name) for name, *_ in files)]
    command += ["--bundle", str(bundle), "--offline", "--key", key]
    environment = {name: value for name, value in os.environ.items() if name != "VAR_DIR"} | {
        "VAR_DIR": str(SCRATCH / "elsewhere"),
        "ISSUER_KEY_FILE": "",
    }
    begun = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begun
    verdicts = [json.loads(line)["verdict"] for line in done.stdout.splitlines()]
    return {
        "items": len(verdicts),
        "without_network": bool(alone),
        "bundle_bytes": bundle.stat().st_size,
        "seconds": round(seconds, 2),
        "per_second": round(len(verdicts) / seconds, 1),
        "right": verdicts == [verdict for _name, verdict, _data in files],
    }


if __name__ == "__main__":
    sys.exit(main())
