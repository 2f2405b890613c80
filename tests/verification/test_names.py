"""Is it this person's? The page of a number answers yes or no, and not for ever."""

import pytest

from lms.verification import limits, naming


def ask(client, credential, name, prefix=""):
    return client.post(f"{prefix}/verify/{credential.number}/name/", {"name": name})


def answer_of(response):
    for answer in ("yes", "no", "too_often"):
        if f"name-answer-{answer}" in response.text:
            return answer
    return ""


@pytest.mark.parametrize(
    ("name", "answer"), [("น้ำฝน ใจดี", "yes"), ("นางสาวน้ำฝนใจดี", "yes"), ("สมชาย ใจดี", "no"), ("<b>", "no")]
)
def test_the_answer_is_yes_or_no_and_shows_no_name_but_the_one_asked(stranger, credential, name, answer):
    response = ask(stranger, credential, name)
    assert response.status_code == 200
    assert answer_of(response) == answer
    assert response["X-Robots-Tag"].startswith("noindex")
    assert "<b>" not in response.text
    if answer == "no":
        assert "น้ำฝน" not in response.text


def test_in_english(stranger, credential):
    assert "Yes:" in ask(stranger, credential, "น้ำฝน ใจดี", "/en").text
    assert "No:" in ask(stranger, credential, "x", "/en").text


@pytest.mark.parametrize("name", ["", " ", "\0", "x" * 201, "\u200b"])
def test_what_is_no_name_is_explained_or_is_nobody(stranger, credential, name):
    response = ask(stranger, credential, name)
    assert response.status_code in {200, 422}
    assert answer_of(response) in {"", "no"}


def test_names_of_one_number_are_tried_a_few_times_only_from_wherever(client, credential):
    answers = [
        answer_of(client.post(f"/verify/{credential.number}/name/", {"name": "x"}, REMOTE_ADDR=f"192.0.2.{n}"))
        for n in range(limits.NAMES_OF_ONE_NUMBER.most + 2)
    ]
    assert answers == ["no"] * limits.NAMES_OF_ONE_NUMBER.most + ["too_often"] * 2
    assert answer_of(ask(client, credential, "น้ำฝน ใจดี")) == "too_often"


def test_where_nobody_counts_no_name_is_compared(stranger, credential, monkeypatch):
    monkeypatch.setattr(limits.cache, "incr", lambda *args, **kwargs: 1)
    monkeypatch.setattr(limits.cache, "get", lambda *args, **kwargs: None)
    assert answer_of(ask(stranger, credential, "น้ำฝน ใจดี")) == "too_often"
    monkeypatch.setattr(limits.cache, "add", lambda *args, **kwargs: 1 / 0)
    assert answer_of(ask(stranger, credential, "น้ำฝน ใจดี")) == "too_often"


def test_the_counters_say_whose_number_it_was_to_nobody(stranger, credential, monkeypatch):
    keys = []
    real = limits.cache.add
    monkeypatch.setattr(limits.cache, "add", lambda key, *args: keys.append(key) or real(key, *args))
    ask(stranger, credential, "x")
    assert keys
    assert not any(credential.number in key or "127.0.0.1" in key for key in keys)


def test_a_number_without_a_credential_has_no_name_to_compare(stranger, credential):
    from uuid import uuid4

    from lms.credentials.numbers import to_number

    for number in (to_number(uuid4()), "nonsense"):
        assert stranger.post(f"/verify/{number}/name/", {"name": "x"}).status_code == 302
    assert stranger.get(f"/verify/{credential.number}/name/").status_code == 302


def test_all_spellings_are_compared_whatever_the_first_says(monkeypatch):
    compared = []
    real = naming.hmac.compare_digest
    monkeypatch.setattr(naming.hmac, "compare_digest", lambda a, b: compared.append(1) or real(a, b))
    salt = {"identityType": "emailAddress", "salt": "00" * 8}
    held = {"credentialSubject": {"identifier": [{"identityType": "name", "identityHash": "ดร.ก ข"}, salt]}}
    naming.is_same_person(held, "ดร.ก ข")
    assert len(compared) == 4


def test_the_page_of_a_number_has_a_sentence_for_the_file_that_names_nobody(stranger, credential):
    page = stranger.get(f"/verify/{credential.number}/").text
    note = page.split('id="file-note">')[1].split("<")[0]
    assert credential.number in note
    assert "รับเป็นหลักฐานได้" in note
    assert "สถาบันข้อมูลสาธิต" in note
    assert "น้ำฝน" not in note
