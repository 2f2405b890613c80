"""What was taken along gives the same verdicts as the register, and believes nobody it should not."""

import base64
import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.utils import timezone

from lms.credentials import issuing, proofs, verifying
from lms.credentials.models import Credential
from lms.verification import bundles, tasks
from lms.verification.models import OfflineBundle
from tests.credentials.conftest import make_achievement
from tests.verification.conftest import bundle_of, files_of


def test_the_bundle_gives_the_verdicts_of_the_register(people, trusted):
    bundle = bundle_of(trusted)
    for name, data in files_of(people).items():
        online, offline = verifying.verify_file(data), verifying.verify_file(data, bundle)
        assert (name, offline.verdict, offline.reason) == (name, online.verdict, online.reason)
        assert offline.message == online.message, name
    verdicts = {verifying.verify_file(data, bundle).verdict for data in files_of(people).values()}
    assert verdicts >= {"valid", "revoked", "superseded", "tampered", "unknown_issuer", "unreadable"}


def test_what_was_erased_is_unknown_and_what_came_later_cannot_be_checked(
    people, trusted, achievement, exercises, learner
):
    Credential.objects.filter(pk=people["valid"].pk).delete()
    erased = people["valid"].document.encode()
    tasks_bundle = bundles.load(bundles.make(timezone.now() + timedelta(minutes=1)), trusted)
    assert verifying.verify_file(erased, tasks_bundle).verdict == verifying.verify_file(erased).verdict == "unknown"
    other = make_achievement(achievement.issuer, exercises, slug="other")
    later = issuing.issue(other, learner)
    document = later.document.encode()
    old = bundles.Bundle.of(bundles._data(timezone.now() - timedelta(hours=1)) | {"known": ""}, "")
    assert (verifying.verify_file(document, old).verdict, verifying.verify_file(document, old).reason) == (
        "could_not_check",
        "newer_than_bundle",
    )


def test_a_bundle_that_is_out_of_date_says_nothing(people, trusted):
    data = bundles._data(timezone.now() - timedelta(days=8))
    answer = verifying.verify_file(people["valid"].document.encode(), bundles.Bundle.of(data, ""))
    assert (answer.verdict, answer.reason) == ("could_not_check", "bundle_expired")
    assert "ดาวน์โหลดชุดใหม่" in answer.message.th


@pytest.mark.parametrize("lists", ["none", "another issuer's", "forged"])
def test_without_a_status_list_that_holds_nothing_is_valid(people, trusted, lists):
    data = bundles._data(timezone.now())
    if lists == "none":
        data["statusLists"] = []
    elif lists == "another issuer's":
        data["statusLists"][0]["issuer"] = "did:web:elsewhere.example:issuers:x"
    else:
        data["statusLists"][0]["credentialSubject"]["encodedList"] = "uH4sIAAAAAAAA"
    answer = verifying.verify_file(people["valid"].document.encode(), bundles.Bundle.of(data, ""))
    assert answer.verdict == "could_not_check"


def rezip(content, **changes):
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name.replace(".", "_"), old.read(name)))
        for name in set(changes) - {name.replace(".", "_") for name in old.namelist()}:
            new.writestr(name, changes[name])
    return buffer.getvalue()


def test_a_bundle_that_was_changed_or_is_by_a_stranger_is_not_believed(people, trusted):
    content = bytes(OfflineBundle.objects.first().content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        body = archive.read("bundle.json")
    key = Ed25519PrivateKey.generate()
    own = proofs.to_multikey(key.public_key().public_bytes_raw())
    forged = [{"key": "x", "publicKeyMultibase": own, "signature": proofs.to_base58(key.sign(bundles._message(body)))}]
    as_ours = [forged[0] | {"publicKeyMultibase": trusted[0]}]
    for bad in (
        rezip(content, bundle_json=body.replace(b'"withdrawn":{', b'"withdrawn":{"x":{},', 1)),
        rezip(content, signatures_json=json.dumps(forged)),
        rezip(content, signatures_json=json.dumps(as_ours)),
        rezip(content, signatures_json="[1, null, {}]"),
        rezip(content, signatures_json="{"),
        rezip(content, extra="x"),
        content[:-30],
        b"",
    ):
        with pytest.raises(bundles.Untrusted):
            bundles.load(bad, trusted)
    with pytest.raises(bundles.Untrusted):
        bundles.load(content, [])


def test_a_bundle_names_nobody(people, trusted):
    with zipfile.ZipFile(io.BytesIO(bytes(OfflineBundle.objects.first().content))) as archive:
        text = (archive.read("bundle.json") + archive.read("verify.html")).decode()
    assert base64.b64encode("น้ำฝน".encode()).decode() not in text
    for one in people.values():
        for secret in (one.learner.given_name, one.learner.email, one.number, str(one.pk)):
            assert secret not in text


def test_one_is_made_a_day_and_those_out_of_date_go(people, trusted):
    assert not tasks.make_bundle()
    OfflineBundle.objects.update(
        made_at=timezone.now() - timedelta(days=8), expires_at=timezone.now() - timedelta(days=1)
    )
    assert tasks.make_bundle()
    assert OfflineBundle.objects.count() == 1


def test_without_a_key_none_is_made_and_the_page_says_so(stranger, people, settings):
    settings.ISSUER_KEY_FILE = ""
    assert not tasks.make_bundle()
    assert "ยังไม่มีชุดข้อมูล" in stranger.get("/verify/offline/").text
    for name in ("bundle.zip", "verify.html"):
        assert stranger.get(f"/verify/offline/{name}").status_code == 404


def test_anybody_fetches_the_bundle_and_the_page(stranger, trusted):
    page = stranger.get("/verify/offline/")
    assert trusted[0] in page.text
    content = stranger.get("/verify/offline/bundle.zip").content
    assert bundles.load(content, trusted).signed_by == trusted[0]
    html = stranger.get("/verify/offline/verify.html")
    assert html["Content-Disposition"].startswith("attachment")
    assert "default-src 'none'" in html.content.decode()


# --- The command ------------------------------------------------------------------------------------------------


@pytest.fixture
def on_disk(people, trusted, tmp_path):
    files = {}
    for number, (name, data) in enumerate(files_of(people).items()):
        files[name] = tmp_path / f"{number}.json"
        files[name].write_bytes(data)
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(bytes(OfflineBundle.objects.first().content))
    return files, bundle


def run(capsys, *arguments):
    try:
        call_command("verify_credential", *map(str, arguments))
        code = 0
    except SystemExit as ended:
        code = ended.code
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]


def test_the_command_says_one_line_a_file_and_ends_with_one_if_any_is_not_valid(capsys, on_disk):
    files, bundle = on_disk
    code, lines = run(capsys, files["valid"])
    assert (code, [line["verdict"] for line in lines]) == (0, ["valid"])
    code, online = run(capsys, *files.values(), "/no/such/file")
    assert code == 1
    assert [line["file"] for line in online] == [*map(str, files.values()), "/no/such/file"]
    code, offline = run(capsys, *files.values(), "/no/such/file", "--bundle", bundle)
    assert code == 1
    assert [line["verdict"] for line in offline] == [line["verdict"] for line in online]
    assert offline[0]["status"]["as_of"] == offline[0]["bundle"]["made"]


def test_offline_the_command_needs_neither_database_nor_network(on_disk, trusted, tmp_path):
    """In a process of its own whose database is not there, and which may open no socket."""
    files, bundle = on_disk
    code = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise OSError('no network')\n"
        "socket.socket.connect = refuse\n"
        "from django.core.management import execute_from_command_line as run\n"
        "run(['manage.py', *sys.argv[1:]])"
    )
    env = {"PATH": "/usr/bin", "DJANGO_SETTINGS_MODULE": "lms.settings", "VAR_DIR": str(tmp_path / "var")}
    env |= {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "SECRET_KEY": "x" * 50,
        "REDIS_URL": "redis://127.0.0.1:1",
    }
    command = [sys.executable, "-c", code, "verify_credential", *map(str, files.values()), "--bundle", str(bundle)]
    done = subprocess.run([*command, "--offline", "--key", trusted[0]], env=env, capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"file"')]
    assert done.returncode == 1, done.stderr
    assert [line["verdict"] for line in lines] == [
        str(verifying.verify_file(path.read_bytes()).verdict) for path in files.values()
    ]
    untrusted = subprocess.run([*command, "--offline"], env=env, capture_output=True, text=True)
    assert "--key" in untrusted.stderr
    assert untrusted.returncode == 1


def test_the_command_without_a_bundle_is_never_offline(on_disk):
    files, _ = on_disk
    with pytest.raises(Exception, match="--bundle"):
        call_command("verify_credential", str(files["valid"]), "--offline")
