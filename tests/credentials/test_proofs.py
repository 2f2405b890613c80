import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lms.credentials import contexts, proofs
from lms.credentials.custody import FileSigner
from tests.credentials.conftest import standard

EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"


@pytest.fixture
def open_badges_vector():
    return json.loads(standard("ob-v3p0/eddsa-rdfc-2022-vector.json").read_bytes())


@pytest.fixture
def w3c(monkeypatch):
    """The W3C vectors use a context of examples, which is never trusted outside of this test."""
    folder = standard("w3c-vc-di-eddsa")
    examples = json.loads(standard("credentials-examples-v2.jsonld").read_bytes())
    monkeypatch.setitem(contexts.CONTEXTS, EXAMPLES, examples)
    return folder


def test_the_contexts_are_the_published_texts():
    published = standard("credentials-v2.jsonld").read_bytes()
    assert json.loads(published) == contexts.CONTEXTS[contexts.VC_2]
    later = json.loads(standard("ob-v3p0/context-3.0.3.2026-06.json").read_bytes())
    assert later == contexts.CONTEXTS[contexts.OPEN_BADGES_3]


def test_the_open_badges_vector_is_reproduced_to_the_byte(open_badges_vector):
    vector = open_badges_vector
    options = vector["proofOptions"]
    assert proofs.hash_data(vector["unsigned"], options).hex() == vector["proofHashHex"] + vector["documentHashHex"]
    signer = FileSigner(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["privateKeySeedHex"])))
    signed = proofs.add_proof(
        vector["unsigned"],
        signer=signer,
        verification_method=options["verificationMethod"],
        created=options["created"],
    )
    assert signed["proof"] == [options | {"proofValue": vector["proofValue"]}]
    assert signer.public_multikey == vector["publicKeyMultibase"]
    assert proofs.has_valid_proof(signed, vector["publicKeyMultibase"])


def test_the_w3c_vectors_are_reproduced_to_the_byte(w3c):
    folder = w3c / "eddsa-rdfc-2022"
    signed = json.loads((folder / "signedDataInt.json").read_bytes())
    key = json.loads((w3c / "keyPair.json").read_bytes())
    proof = signed["proof"]
    unsigned = {name: value for name, value in signed.items() if name != "proof"}
    canonical = proofs.canonicalize(unsigned)
    assert canonical.decode() == (folder / "canonDocDataInt.txt").read_text()
    assert hashlib.sha256(canonical).hexdigest() == (folder / "docHashDataInt.txt").read_text().strip()
    assert proofs.hash_data(signed, proof).hex() == (folder / "combinedHashDataInt.txt").read_text().strip()
    assert proofs.from_base58(proof["proofValue"]).hex() == (folder / "sigHexDataInt.txt").read_text().strip()
    assert proofs.has_valid_proof(signed | {"proof": [proof]}, key["publicKeyMultibase"])
    assert not proofs.has_valid_proof(signed | {"proof": [proof], "name": "x"}, key["publicKeyMultibase"])


def test_both_published_revisions_of_the_context_give_the_same_canonical_form(document, monkeypatch):
    ours = proofs.canonicalize(document)
    earlier = json.loads(standard("ob-v3p0/context-3.0.3.2024-03.json").read_bytes())
    assert earlier != contexts.CONTEXTS[contexts.OPEN_BADGES_3]
    monkeypatch.setitem(contexts.CONTEXTS, contexts.OPEN_BADGES_3, earlier)
    monkeypatch.setattr(proofs, "_local", type("Fresh", (), {})())
    assert proofs.canonicalize(document) == ours


def test_linked_blank_nodes_are_refused_before_they_cost_anything():
    clique = [{"@id": f"_:n{i}", "https://e.example/p": [{"@id": f"_:n{j}"} for j in range(9)]} for i in range(9)]
    with pytest.raises(proofs.CannotCanonicalize):
        proofs.canonicalize({"@graph": clique})


def test_a_context_that_is_not_ours_is_not_fetched():
    with pytest.raises(Exception, match=r"context|Could not"):
        proofs.canonicalize({"@context": "https://attacker.example/c.json", "id": "urn:x:y"})


@pytest.mark.parametrize("text", ["z", "z0", "zl", "z1l", "zé", "z" + "z" * 500])
def test_what_is_not_base58_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        proofs.from_multikey(text)


def test_base58_keeps_leading_zeros():
    for data in (b"\0\0abc", b"\0", b"", b"\xff" * 64):
        assert proofs.from_base58(proofs.to_base58(data)) == data


def test_a_signature_of_another_length_is_no_signature(document, issuer):
    key = issuer.keys.get().public_multikey
    assert proofs.has_valid_proof(document, key)
    signature = proofs.from_base58(document["proof"][0]["proofValue"])
    for forged in (signature + b"\0", signature[:-1], b"\0" * 64, b"\xff" * 64):
        document["proof"][0]["proofValue"] = proofs.to_base58(forged)
        assert not proofs.has_valid_proof(document, key)


def test_the_malleable_twin_of_a_signature_is_refused(document, issuer):
    """Ed25519: S and S + L satisfy the same equation; only the smaller one is a signature (RFC 8032)."""
    order = 2**252 + 27742317777372353535851937790883648493
    signature = proofs.from_base58(document["proof"][0]["proofValue"])
    twin = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    document["proof"][0]["proofValue"] = proofs.to_base58(twin)
    assert not proofs.has_valid_proof(document, issuer.keys.get().public_multikey)
