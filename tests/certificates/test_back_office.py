"""Designs in the back office: who may, what is refused, what is stored, what is previewed."""

import io

import pytest
from django.core.files.images import ImageFile
from django.urls import reverse
from PIL import Image as Picture
from wagtail.images.models import Image

from lms.certificates import printing
from lms.certificates.models import Design, LogoAttestation
from lms.credentials.models import IssuerKey
from tests.conftest import make_person


@pytest.fixture
def operator(db):
    from django.contrib.auth.models import Group

    from lms.accounts.roles import ensure_roles

    ensure_roles()
    person = make_person("operator@example.go.th", "ผู้ดูแล")
    person.groups.add(Group.objects.get(name="Operators"))
    return person


@pytest.fixture
def logo(db):
    buffer = io.BytesIO()
    Picture.new("RGB", (300, 100), "#123456").save(buffer, "PNG")
    return Image.objects.create(title="ตรา", file=ImageFile(io.BytesIO(buffer.getvalue()), name="logo.png"))


def form_of(achievement, **more):
    texts = {field: Design._meta.get_field(field).default for field in ("title_th", "title_en", "opening_th")}
    texts |= {field: Design._meta.get_field(field).default for field in ("opening_en", "statement_th", "statement_en")}
    formset = {"signatories-TOTAL_FORMS": "0", "signatories-INITIAL_FORMS": "0"}
    formset |= {"signatories-MIN_NUM_FORMS": "0", "signatories-MAX_NUM_FORMS": "2"}
    basics = {"achievement": achievement.pk, "language": "both", "color": "#0b4f63", "badge_text_th": ""}
    return texts | formset | basics | more


ADD = "wagtailsnippets_certificates_design:add"


def test_designs_are_written_by_operators_only(client, achievement, learner, instructor, hr_officer, operator):
    for person in (learner, instructor, hr_officer):
        client.force_login(person)
        assert client.post(reverse(ADD), form_of(achievement)).status_code in {302, 403}
        assert not Design.objects.exists()
    client.force_login(operator)
    assert client.get(reverse(ADD)).status_code == 200
    assert client.post(reverse(ADD), form_of(achievement)).status_code == 302
    assert Design.objects.get().achievement == achievement


def test_a_logo_needs_a_confirmation_and_the_confirmation_is_stored(client, achievement, operator, logo):
    client.force_login(operator)
    refused = client.post(reverse(ADD), form_of(achievement, logo=logo.pk))
    assert refused.status_code == 200
    assert "การใช้ตราต้องมีคำยืนยันนี้" in refused.content.decode()
    assert not Design.objects.exists()
    client.post(reverse(ADD), form_of(achievement, logo=logo.pk, is_logo_attested="on"))
    attestation = LogoAttestation.objects.get()
    assert attestation.attested_by == operator
    assert attestation.picture_hash == logo.get_file_hash()
    assert "ครุฑ" in attestation.statement
    assert Design.objects.get().attested_logo == logo


def test_a_logo_that_nobody_attested_is_not_printed(achievement, logo, credential, monkeypatch):
    design = Design.objects.create(achievement=achievement, logo=logo, is_logo_attested=True)
    assert design.attested_logo is None
    LogoAttestation.objects.create(design=design, picture_hash=logo.get_file_hash(), statement="…")
    with_logo = printing.sealed_pdf(credential)
    LogoAttestation.objects.update(picture_hash="of another picture")
    assert b"/Image" in with_logo
    assert b"/Image" not in printing.sealed_pdf(credential)


@pytest.mark.parametrize(
    "text", ["รับรองโดย สคช.", "Certified by TPQI", "ได้รับการรับรองจาก ก.พ.", "is accredited by the ministry"]
)
def test_a_design_cannot_claim_somebody_elses_certification(client, achievement, operator, text):
    client.force_login(operator)
    assert client.post(reverse(ADD), form_of(achievement, statement_en=text)).status_code == 200
    assert not Design.objects.exists()


def test_a_design_is_previewed_and_is_a_sample_until_somebody_can_sign(client, achievement, operator):
    client.force_login(operator)
    design = Design.objects.create(achievement=achievement)
    preview = reverse("wagtailsnippets_certificates_design:preview_on_edit", args=[design.pk])
    assert client.post(preview, form_of(achievement, title_th="เกียรติบัตร")).json()["is_valid"]
    text = client.get(preview, {"mode": "certificate"}).content.decode()
    assert "เกียรติบัตร" in text
    assert "นางสาวน้ำฝน ตัวอย่างนาม" in text
    assert 'class="sample"' not in text
    IssuerKey.objects.update(retired_at="2026-01-01T00:00:00Z")
    assert "ตัวอย่าง</p>" in client.get(preview, {"mode": "certificate"}).content.decode()
    assert client.get(preview, {"mode": "badge"}).content.startswith(b"<svg")
    assert Design.objects.get().title_th == "วุฒิบัตร"  # a preview saves nothing


def test_an_uploaded_picture_is_made_new_before_it_is_printed(logo):
    from lms.certificates import pictures

    data = pictures.logo(logo)
    assert Picture.open(io.BytesIO(data)).format == "PNG"
