"""Verifiers that are not ours: openbadgeslib, and Digital Bazaar's from npm. Both see what we publish, and no network.

The table of forgeries is written to docs/tampering.md by WRITE_TABLES=1; the test compares it with what is so now.
"""

import copy
import json
import os
import subprocess
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path

import jsonschema
import jwt as pyjwt
import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from openbadgeslib.ob3 import OB3LdpVerifier, OB3VerificationError
from openbadgeslib.ob3.verifier import OB3Verifier

from lms.certificates import printing
from lms.credentials import exporting, issuing, publishing, revoking, verifying
from lms.credentials.models import Credential, Issuer, StatusList
from tests.credentials.conftest import give_grade, make_achievement, standard
from tests.credentials.test_forgeries import FORGERIES

NODE = Path(__file__).resolve().parent.parent / "verifiers"
TABLE = Path(django_settings.BASE_DIR) / "docs" / "tampering.md"

pytestmark = pytest.mark.skipif(
    not (NODE / "node_modules").exists(), reason="npm's verifier is installed by `make install`"
)


@pytest.fixture
def issuer(db, key_file, settings):
    """At an address that others accept: https, without a port."""
    settings.PUBLIC_URL = "https://skills.example"
    call_command("make_issuer_key", "--issuer", "demo-institute", verbosity=0, stdout=StringIO())
    return Issuer.objects.get(slug="demo-institute")


class World:
    """What anybody can fetch from us: identities and status lists."""

    def __init__(self, client):
        self.client, self.asked = client, []

    def fetch(self, url, *args, **kwargs):
        self.asked.append(url)
        path = url.removeprefix("https://skills.example")
        response = self.client.get(path)
        if not url.startswith("https://skills.example/") or response.status_code != 200:
            raise OSError(f"{url}: {response.status_code}")
        return response.content

    def documents(self):
        """For npm's loader, which asks by the names that stand in the documents."""
        found = {}
        for issuer in Issuer.objects.all():
            path = reverse("credentials:issuer_did", args=[issuer.slug])
            identity = json.loads(self.fetch(f"https://skills.example{path}"))
            found[issuer.did] = identity
            for method in identity["verificationMethod"]:
                found[method["id"]] = {"@context": "https://w3id.org/security/multikey/v1", **method}
        for one in StatusList.objects.exclude(document=""):
            found[one.url] = json.loads(self.fetch(one.url))
        return found


@pytest.fixture
def world(client):
    return World(client)


def openbadgeslib(world, document, *, status=True):
    """Its answer: ``accepts``, or the reason why not."""
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    try:
        OB3LdpVerifier().verify(text, check_status=status, download=world.fetch, verify_status_list=False)
    except OB3VerificationError as error:
        return " ".join(str(error).split())
    return "accepts"


def npm(world, items, *, status=True):
    """Its answers by name, and the addresses it asked for in vain."""
    given = {"documents": world.documents(), "items": items, "status": status}
    done = subprocess.run(
        ["node", "verify.mjs"],
        cwd=NODE,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = json.loads(done.stdout)
    return said["results"], said["asked"]


def all_three(world, document):
    """Ours, openbadgeslib's and npm's word on one credential."""
    results, _ = npm(world, {"it": document})
    ours = verifying.verify_file(json.dumps(document).encode()).verdict
    return ours, openbadgeslib(world, document) == "accepts", results["it"]["verified"]


def test_what_we_issue_is_accepted_by_both(world, document):
    assert all_three(world, document) == ("valid", True, True)


# --- Each file that a holder can download -----------------------------------------------------------------------------


@pytest.fixture
def files(client, learner, credential, seal):
    """By kind, as they are downloaded; of JWT and PDF the second answer, after the workers have been by."""
    client.force_login(learner)

    def fetch(kind):
        return client.get(reverse(f"credentials:{kind}", args=[credential.number]))

    assert (fetch("jwt").status_code, fetch("pdf").status_code) == (202, 202)
    assert (exporting.make_waiting(), printing.make_waiting()) == (1, 1)
    found = {kind: fetch(kind) for kind in ("json", "png", "svg", "pdf", "jwt")}
    client.logout()
    assert all(response.status_code == 200 for response in found.values())
    return {kind: response.content for kind, response in found.items()}


def taken_out(kind, data, tmp_path):
    """The credential in a file, by programs of others: openbadgeslib reads pictures, poppler a PDF's attachment."""
    if kind == "png":
        return OB3Verifier.extract_token_from_png(data)
    if kind == "svg":
        return OB3Verifier.extract_token_from_svg(data)
    if kind == "pdf":
        path = tmp_path / "certificate.pdf"
        path.write_bytes(data)
        subprocess.run(["pdfdetach", "-save", "1", "-o", tmp_path / "out", path], check=True, timeout=60)
        return (tmp_path / "out").read_text(encoding="utf-8")
    return data.decode()


def others_on(world, issuer, text):
    """What openbadgeslib says of a JWT; of anything else what both say."""
    if text.startswith("{"):
        results, _ = npm(world, {"it": json.loads(text)})
        return {openbadgeslib(world, text), "accepts" if results["it"]["verified"] else results["it"]["error"]}
    verifier = OB3Verifier.for_issuer_did(issuer.did, download=world.fetch)
    try:
        verifier.verify(text, check_status=True, verify_status_list=False, download=world.fetch)
    except OB3VerificationError as error:
        return {" ".join(str(error).split())}
    return {"accepts"}


def test_each_file_is_read_and_verified_by_others_and_keeps_to_the_strict_schema(world, issuer, files, tmp_path):
    schema = json.loads(standard("ob-v3p0/ob_v3p0_achievementcredential_schema.json").read_bytes())
    for kind, data in files.items():
        text = taken_out(kind, data, tmp_path)
        assert others_on(world, issuer, text) == {"accepts"}, kind
        assert verifying.verify_file(data).verdict == "valid", kind
        if kind == "jwt":
            text = json.dumps(pyjwt.decode(text, options={"verify_signature": False}))
        else:
            assert text.encode() == files["json"], kind
        jsonschema.Draft201909Validator(schema).validate(json.loads(text))


def test_once_revoked_others_see_each_file_as_revoked(world, issuer, credential, files, tmp_path):
    revoking.revoke(credential, reason="rule_broken")
    publishing.sign_due()
    for kind, data in files.items():
        said = others_on(world, issuer, taken_out(kind, data, tmp_path))
        assert all("revo" in one for one in said), (kind, said)
        assert verifying.verify_file(data).verdict == "revoked", kind


def test_a_revoked_one_is_seen_as_revoked_by_both(world, credential, document):
    revoking.revoke(credential, reason="rule_broken")
    assert publishing.sign_due() == 1
    assert all_three(world, document) == ("revoked", False, False)
    assert "'revocation' is set" in openbadgeslib(world, document)
    assert npm(world, {"it": document})[0]["it"]["error"] == "revoked"
    # Only the status speaks against it: the signature still holds for both.
    assert openbadgeslib(world, document, status=False) == "accepts"
    assert npm(world, {"it": document}, status=False)[0]["it"]["verified"]


def test_a_replaced_one_is_revoked_for_both_and_the_new_one_accepted(world, credential, document):
    revoking.order(credential, reason="name_changed")
    revoking.carry_out_orders()
    publishing.sign_due()
    assert all_three(world, document) == ("superseded", False, False)
    new = Credential.objects.get(revoked_at=None)
    assert all_three(world, new.parsed()) == ("valid", True, True)


def test_after_a_rotation_old_and_new_are_accepted_by_both(world, document, issuer, exercises, other_learner):
    call_command("rotate_issuer_key", issuer.slug, "--wait-minutes", "0", stdout=StringIO())
    second = make_achievement(issuer, exercises[:1], slug="second")
    give_grade(other_learner, exercises[0])
    new = issuing.issue(second, other_learner)
    assert new.key.key_id.endswith("-02")
    for one in (document, new.parsed()):
        assert all_three(world, one) == ("valid", True, True)


def test_after_a_compromise_both_refuse_what_the_key_signed_and_accept_the_new_one(world, document, issuer):
    key = issuer.keys.get()
    call_command("compromise_issuer_key", issuer.slug, key.key_id, "--yes", stdout=StringIO())
    assert all_three(world, document) == ("superseded", False, False)
    assert all_three(world, Credential.objects.get(revoked_at=None).parsed()) == ("valid", True, True)


def test_a_list_that_has_run_out_makes_both_refuse_and_us_go_by_the_register(world, credential, document, monkeypatch):
    monkeypatch.setattr(publishing, "VALID_FOR", timedelta(seconds=-600))
    publishing.sign_list(credential.status_entry.list)
    assert all_three(world, document) == ("valid", False, False)


def test_an_expired_one_is_expired_for_all(world, issuer, exercises, learner, monkeypatch):
    achievement = make_achievement(issuer, exercises[:1], slug="short", valid_days=1)
    give_grade(learner, exercises[0])
    issuer.keys.update(begins_at=timezone.now() - timedelta(days=9))
    real = timezone.now
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: real() - timedelta(days=3))
        credential = issuing.issue(achievement, learner)
    publishing.sign_list(credential.status_entry.list)
    assert all_three(world, credential.parsed()) == ("expired", False, False)


# --- The table --------------------------------------------------------------------------------------------------------


def forged(document):
    made = {}
    for name, (forge, _) in FORGERIES.items():
        result = forge(copy.deepcopy(document))
        made[name] = result if isinstance(result, dict) else None
    return {name: result for name, result in made.items() if result is not None}


def ours(document):
    answer = verifying.verify_file(json.dumps(document, ensure_ascii=False).encode())
    return f"{answer.verdict}" + (f" ({answer.reason})" if answer.reason else "")


HEAD = """# Forgeries, and what three verifiers say

Each row is one credential of ours, changed in one way. *Ours* is the verdict of this product with its reason;
*openbadgeslib* and *@digitalbazaar/vc* (npm, with its eddsa-rdfc-2022 suite and its status list check) are others'. All
three are offline, with the issuer's identity and status lists at hand. Written and compared by
`tests/credentials/test_others.py`; poison and bombs have to be answered within two seconds.

An acceptance in the last column is no secret: the signature covers what JSON-LD makes of a document, not its text (W3C
Data Integrity, "Validating Contexts" leaves this check to the application). It is why a strict profile comes first.

| change | ours | openbadgeslib | @digitalbazaar/vc |
| --- | --- | --- | --- |
"""


def test_more_than_sixty_forgeries_side_by_side(world, credential, document):
    forgeries = forged(document)
    assert len(forgeries) >= 60
    results, asked = npm(world, forgeries)
    rows = []
    for name, one in forgeries.items():
        began = time.monotonic()
        mine = ours(one)
        assert time.monotonic() - began < 2, name
        assert mine.split()[0] == FORGERIES[name][1], name
        lib = "accepts" if openbadgeslib(world, one) == "accepts" else "refuses"
        dig = "**accepts**" if results[name]["verified"] else "refuses"
        rows.append(f"| {name.replace('_', ' ')} | {mine} | {lib} | {dig} |")
    text = (
        HEAD
        + "\n".join(rows)
        + f"\n\n{len(rows)} changes, {sum('**' in row for row in rows)} of them accepted by npm's.\n"
    )
    if os.environ.get("WRITE_TABLES"):
        TABLE.write_text(text, encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == text
    # Theirs asked for strangers' contexts and got nothing; ours asked nobody.
    assert all(not url.startswith("https://skills.example/") for url in asked)
