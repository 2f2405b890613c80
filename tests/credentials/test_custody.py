"""Where keys are kept: each custody signs what the published key verifies, and says why when it cannot."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command

from lms.credentials import issuing, proofs, verifying
from lms.credentials.checks import check_issuers
from lms.credentials.custody import EncryptedFileCustody, FileCustody, KeyUnavailable, VaultCustody, custody
from lms.credentials.models import Issuer
from tests.credentials.conftest import give_grade, make_achievement


class Vault(ThreadingHTTPServer):
    """The part of the transit engine's API that is used, by its documentation, with keys that never leave it."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.keys, self.asked, self.spoil = {}, [], False


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, status, data=None):
        body = json.dumps({"data": data} if data is not None else {"errors": []}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.handle_request(None)

    def do_POST(self):
        self.handle_request(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def handle_request(self, body):
        self.server.asked.append((self.command, self.path))
        if self.headers["X-Vault-Token"] != "hvs.right":
            return self.answer(403)
        kind, _, name = self.path.removeprefix("/v1/transit/").partition("/")
        keys = self.server.keys
        if kind == "keys?list=true":
            return self.answer(200, {"keys": sorted(keys)}) if keys else self.answer(404)
        if kind == "keys" and body is not None:
            assert body == {"type": "ed25519", "exportable": False}
            keys.setdefault(name, Ed25519PrivateKey.generate())
            return self.answer(200, {})
        if name not in keys:
            return self.answer(404)
        if kind == "keys":
            public = base64.b64encode(keys[name].public_key().public_bytes_raw()).decode()
            return self.answer(200, {"type": "ed25519", "keys": {"1": {"public_key": public}}})
        data = base64.b64decode(body["input"]) + (b"x" if self.server.spoil else b"")
        signature = base64.b64encode(keys[name].sign(data)).decode()
        return self.answer(200, {"signature": f"vault:v{body['key_version']}:{signature}"})


@pytest.fixture
def vault(settings, tmp_path):
    server = Vault()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    token = tmp_path / "token"
    token.write_text("hvs.right\n")
    settings.ISSUER_KEY_VAULT = f"http://127.0.0.1:{server.server_port}/v1/transit"
    settings.ISSUER_KEY_VAULT_TOKEN_FILE = str(token)
    server.token = token
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def passphrase(settings, tmp_path):
    path = tmp_path / "passphrase"
    path.write_text("ทุ่งนา-สี่สิบสอง-กุญแจ")
    settings.ISSUER_KEY_PASSPHRASE_FILE = str(path)
    return path


@pytest.fixture(params=["file", "encrypted", "vault"])
def kind(request, key_file):
    if request.param != "file":
        request.getfixturevalue("passphrase" if request.param == "encrypted" else "vault")
    return request.param


def make_issuer():
    call_command("make_issuer_key", "--issuer", "demo-institute", stdout=StringIO())
    return Issuer.objects.get(slug="demo-institute")


def test_from_each_custody_the_whole_life_of_a_key_works(kind, db, exercises, learner):
    issuer = make_issuer()
    achievement = make_achievement(issuer, exercises)
    for exercise in exercises:
        give_grade(learner, exercise)
    credential = issuing.issue(achievement, learner)
    assert verifying.verify_file(credential.document.encode()).verdict == "valid"
    call_command("rotate_issuer_key", issuer.slug, "--wait-minutes", "0", stdout=StringIO())
    call_command("compromise_issuer_key", issuer.slug, credential.key.key_id, "--yes", stdout=StringIO())
    assert verifying.verify_file(credential.document.encode()).verdict == "superseded"
    custody().check()


def test_each_is_the_custody_that_the_environment_names(kind):
    expected = {"file": FileCustody, "encrypted": EncryptedFileCustody, "vault": VaultCustody}
    assert type(custody()) is expected[kind]


# --- Encrypted file ---------------------------------------------------------------------------------------------------


def test_an_encrypted_file_holds_nothing_readable(db, key_file, passphrase):
    issuer = make_issuer()
    assert key_file.stat().st_mode & 0o777 == 0o600
    text = key_file.read_text()
    assert list(json.loads(text)) == ["sealed"]
    assert "demo-institute" not in text
    assert "z" + "3u2" not in text
    first = issuer.keys.get().public_multikey
    call_command("make_issuer_key", "--issuer", "second", "--name-th", "ข", "--name-en", "B", stdout=StringIO())
    assert key_file.read_text() != text
    assert custody().signers("demo-institute")[issuer.keys.get().key_id].public_multikey == first


def test_under_another_passphrase_it_does_not_open(db, key_file, passphrase):
    make_issuer()
    passphrase.write_text("another passphrase")
    with pytest.raises(KeyUnavailable, match="another passphrase"):
        custody().signers("demo-institute")


def test_a_changed_file_does_not_open(db, key_file, passphrase):
    make_issuer()
    sealed = json.loads(key_file.read_text())
    text = base64.b64decode(sealed["sealed"]["text"])
    sealed["sealed"]["text"] = base64.b64encode(text[:-1] + bytes([text[-1] ^ 1])).decode()
    key_file.write_text(json.dumps(sealed))
    with pytest.raises(KeyUnavailable, match="damaged"):
        custody().signers("demo-institute")


@pytest.mark.parametrize("text", ["", "short"])
def test_a_passphrase_that_is_none_is_refused(db, key_file, passphrase, text):
    make_issuer()
    passphrase.write_text(text)
    with pytest.raises(KeyUnavailable, match="fewer than 12"):
        custody().check()


def test_a_passphrase_that_is_missing_is_said(db, key_file, passphrase):
    make_issuer()
    passphrase.unlink()
    with pytest.raises(KeyUnavailable, match="No such file"):
        custody().check()


def test_a_file_that_was_never_encrypted_is_not_taken_for_one(db, key_file, settings, passphrase):
    settings.ISSUER_KEY_PASSPHRASE_FILE = ""
    make_issuer()
    settings.ISSUER_KEY_PASSPHRASE_FILE = str(passphrase)
    with pytest.raises(KeyUnavailable, match="not a key file"):
        custody().check()


def test_the_deployment_check_prefers_encrypted_keys(db, key_file, passphrase, settings):
    make_issuer()
    assert check_issuers(None) == []
    settings.ISSUER_KEY_PASSPHRASE_FILE = ""
    assert "lms.W012" in [message.id for message in check_issuers(None)]


# --- Vault ------------------------------------------------------------------------------------------------------------


def test_vault_is_asked_to_sign_and_never_for_a_key(db, vault):
    make_issuer()
    (signer,) = custody().signers("demo-institute").values()
    signature = signer.sign(b"what is signed")
    proofs.from_multikey(signer.public_multikey).verify(signature, b"what is signed")
    assert not [path for _, path in vault.asked if "export" in path or "backup" in path]


def test_keys_of_other_issuers_are_not_offered(db, vault):
    make_issuer()
    assert custody().signers("demo") == {}
    assert custody().signers("other") == {}


def test_a_wrong_token_is_said_and_not_repeated(db, vault):
    vault.token.write_text("hvs.wrong")
    with pytest.raises(KeyUnavailable, match="403") as refusal:
        custody().check()
    assert "hvs" not in str(refusal.value)
    assert "lms.E010" in [message.id for message in check_issuers(None)]


def test_a_vault_that_is_down_is_said(db, vault, settings):
    settings.ISSUER_KEY_VAULT = "http://127.0.0.1:1/v1/transit"
    with pytest.raises(KeyUnavailable, match="cannot be asked"):
        custody().signers("demo-institute")


def test_a_signature_that_does_not_fit_never_reaches_a_document(db, vault):
    make_issuer()
    vault.spoil = True
    (signer,) = custody().signers("demo-institute").values()
    with pytest.raises(KeyUnavailable, match="does not fit"):
        signer.sign(b"what is signed")
