"""The credentials of tests/credentials, for whoever verifies them."""

import json

import pytest

from lms.credentials import baking, issuing, publishing, revoking
from lms.credentials.models import Credential
from lms.verification import bundles, tasks
from lms.verification.models import Batch, OfflineBundle
from tests.credentials.conftest import *  # noqa: F403 - fixtures
from tests.credentials.conftest import (
    _fresh_counters,  # noqa: F401 - a star leaves it out
    give_grade,
)


@pytest.fixture(autouse=True)
def announced(monkeypatch):
    """No queue in a test: what would be announced is listed."""
    sent = []
    monkeypatch.setattr(tasks, "send", lambda task, args, *, queue: sent.append((task, args, queue)))
    return sent


@pytest.fixture
def finish():
    """Does what the worker does, until nothing is left to do."""

    def finish(batch):
        while Batch.objects.get(pk=batch.pk).status == Batch.Status.WORKING:
            tasks.verify_batch(str(batch.pk))
        return Batch.objects.get(pk=batch.pk)

    return finish


# --- For bundles ---------------------------------------------------------------------------------------------------

SVG = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'


@pytest.fixture
def people(achievement, exercises, learner, other_learner, instructor, hr_officer):
    """Credentials: two valid, one revoked, one replaced."""
    found = {}
    for name, person in {
        "valid": learner,
        "revoked": other_learner,
        "superseded": instructor,
        "valid too": hr_officer,
    }.items():
        for exercise in exercises:
            give_grade(person, exercise)
        found[name] = issuing.issue(achievement, person)
    revoking.revoke(found["revoked"], reason="issued_in_error")
    revoking.order(found["superseded"], reason="corrected")
    revoking.carry_out_orders(10)
    return {name: Credential.objects.get(pk=one.pk) for name, one in found.items()}


@pytest.fixture
def trusted(people, settings, tmp_path):
    settings.BUNDLE_KEYS_FILE = tmp_path / "bundles.public.json"
    publishing.sign_due()
    assert tasks.make_bundle()
    return bundles.keys_on_file()


def bundle_of(trusted):
    return bundles.load(bytes(OfflineBundle.objects.first().content), trusted)


def changed(credential, **changes):
    return json.dumps(json.loads(credential.document) | changes).encode()


def files_of(people):
    """Files of every kind of verdict, by a name."""
    good = people["valid"]
    stranger = json.loads(good.document)
    stranger["issuer"]["id"] = "did:web:elsewhere.example:issuers:x"
    files = {name: one.document.encode() for name, one in people.items()}
    return files | {
        "as a picture": baking.bake_svg(SVG, good.document).encode(),
        "changed": good.document.replace('"15"', '"150"').encode(),
        "a member more": changed(good, more="x"),
        "twice a member": good.document.replace('{"@context"', '{"name":"x","@context"', 1).encode(),
        "somebody else's": json.dumps(stranger).encode(),
        "pretty": json.dumps(json.loads(good.document), indent=2).encode(),
        "no JSON": b"{",
        "nothing": b"",
        "deep": b'{"a":' * 40 + b"1" + b"}" * 40,
        "another JSON": b"{}",
    }
