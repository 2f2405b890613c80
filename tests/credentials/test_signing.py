"""The key file, the command that makes it, and the checks that speak up about it."""

import json
from io import StringIO

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.utils import timezone

from lms.credentials.checks import check_issuers, check_key_file
from lms.credentials.custody import FileCustody, KeyUnavailable, custody
from lms.credentials.models import Issuer, IssuerKey, KeyEvent

YEAR = timezone.now().year


def make(*args):
    out = StringIO()
    call_command("make_issuer_key", *args, stdout=out)
    return out.getvalue()


def test_the_command_makes_a_private_file_and_publishes_the_public_half(db, key_file):
    said = make()
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert key_file.parent.stat().st_mode & 0o777 == 0o700
    key = IssuerKey.objects.get()
    assert key.key_id == f"key-{YEAR}-01"
    assert key.url in said
    assert key.public_multikey.startswith("z6Mk")
    secret = json.loads(key_file.read_text())["keys"][0]["secretKeyMultibase"]
    assert secret not in said
    assert not IssuerKey.objects.filter(public_multikey=secret).exists()


def test_run_again_it_changes_nothing(db, key_file):
    make()
    before, rows = key_file.read_bytes(), list(IssuerKey.objects.values())
    make()
    assert key_file.read_bytes() == before
    assert list(IssuerKey.objects.values()) == rows
    assert Issuer.objects.count() == 1


def test_a_database_that_was_emptied_gets_the_same_key_again(db, key_file):
    make()
    key = IssuerKey.objects.get().public_multikey
    KeyEvent.objects.all().delete()
    IssuerKey.objects.all().delete()
    Issuer.objects.all().delete()
    make()
    assert IssuerKey.objects.get().public_multikey == key


def test_a_lost_file_is_replaced_by_a_key_with_another_id(db, key_file):
    make()
    key_file.unlink()
    make()
    assert list(IssuerKey.objects.order_by("pk").values_list("key_id", flat=True)) == [
        f"key-{YEAR}-01",
        f"key-{YEAR}-02",
    ]


def test_a_key_id_is_never_published_for_other_bytes(db, key_file):
    make()
    IssuerKey.objects.update(public_multikey="z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hwi")
    with pytest.raises(CommandError, match="never used twice"):
        make()


def test_several_issuers_share_a_file_and_no_key(db, key_file):
    make()
    make("--issuer", "other", "--name-th", "ข", "--name-en", "B")
    assert len({key.public_multikey for key in IssuerKey.objects.all()}) == 2
    assert len(FileCustody(key_file).signers("other")) == 1
    assert FileCustody(key_file).signers("nobody") == {}


def test_without_a_file_name_the_command_says_what_to_do(db, settings):
    settings.ISSUER_KEY_FILE = ""
    with pytest.raises(CommandError, match="--file"):
        call_command("make_issuer_key", "--file", "")


def test_a_process_without_the_variable_has_no_custody(settings):
    settings.ISSUER_KEY_FILE = ""
    with pytest.raises(KeyUnavailable, match="only the signing worker"):
        custody()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(db, key_file, mode):
    make()
    key_file.chmod(mode)
    with pytest.raises(KeyUnavailable, match="chmod 600"):
        custody().signers("demo-institute")
    with pytest.raises(CommandError, match="chmod 600"):
        make()
    assert [message.id for message in check_key_file(None)] == ["lms.E010"]
    assert "lms.E010" in {message.id for message in run_checks()}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"keys": 1}', '{"keys": [1]}', '{"keys": [{"issuer": "x"}]}', "\x00\xff"]
)
def test_a_file_that_is_no_key_file_is_refused(key_file, text):
    key_file.parent.mkdir()
    key_file.touch(mode=0o600)
    key_file.write_text(text, encoding="latin-1")
    with pytest.raises(KeyUnavailable, match="not a key file"):
        custody().signers("demo-institute")


def test_what_is_no_key_is_refused_without_repeating_it(key_file):
    key_file.parent.mkdir()
    key_file.touch(mode=0o600)
    entry = {"issuer": "demo-institute", "key_id": "k", "secretKeyMultibase": "zSECRET"}
    key_file.write_text(json.dumps({"keys": [entry]}))
    with pytest.raises(KeyUnavailable) as refusal:
        custody().signers("demo-institute")
    assert "SECRET" not in str(refusal.value)


def test_a_missing_file_says_how_to_make_one(key_file):
    with pytest.raises(KeyUnavailable, match="make_issuer_key"):
        custody().signers("demo-institute")


def test_the_deployment_check_speaks_up(db, key_file, settings):
    settings.ISSUER_KEY_PASSPHRASE_FILE = str(key_file.with_name("passphrase"))
    assert [m.id for m in check_issuers(None)] == ["lms.E010"]
    key_file.parent.mkdir()
    key_file.with_name("passphrase").write_text("a long passphrase")
    make()
    assert check_issuers(None) == []
    Issuer.objects.create(slug="keyless", name_th="ก", name_en="A")
    assert [m.id for m in check_issuers(None)] == ["lms.W010"]
    settings.PUBLIC_URL = "https://elsewhere.example"
    assert [m.id for m in check_issuers(None)] == ["lms.W010", "lms.W011", "lms.W011"]


@pytest.mark.parametrize(
    ("url", "did"),
    [
        ("http://127.0.0.1:8000", "did:web:127.0.0.1%3A8000:issuers:x"),
        ("https://skills.example.go.th", "did:web:skills.example.go.th:issuers:x"),
    ],
)
def test_an_issuer_is_named_by_the_address_of_the_site_and_keeps_that_name(db, settings, url, did):
    settings.PUBLIC_URL = url
    issuer = Issuer.objects.create(slug="x", name_th="ก", name_en="A")
    assert issuer.did == did
    settings.PUBLIC_URL = "https://moved.example"
    issuer.save()
    assert issuer.did == did
