import subprocess
from pathlib import Path

from lms.certificates import pictures, printing
from lms.certificates.models import Design, Signatory


def test_tmp(credential):
    out = Path("/tmp/c2/look")
    out.mkdir(exist_ok=True)
    for lang in ("both", "en", "th"):
        Design.objects.all().delete()
        d = Design.objects.create(
            achievement=credential.achievement,
            language=lang,
            has_thai_digits=lang == "th",
            color="#4b2a6b" if lang == "th" else "#0b4f63",
        )
        Signatory.objects.create(
            design=d,
            name_th="นายตัวอย่าง สมมติ",
            name_en="Mr. Tuayang Sommot",
            office_th="ผู้อำนวยการสถาบันข้อมูลสาธิต",
            office_en="Director, Demo Data Institute",
        )
        import time

        t = time.time()
        data = printing.sealed_pdf(credential)
        print(lang, len(data), time.time() - t)
        (out / f"{lang}.pdf").write_bytes(data)
        subprocess.run(["pdftoppm", "-r", "70", "-png", str(out / f"{lang}.pdf"), str(out / lang)], check=True)
    a = credential.achievement
    texts = pictures.badge_texts(d, issuer=a.issuer.name_th, name_th=a.name_th, name_en=a.name_en)
    (out / "badge.png").write_bytes(pictures.badge_png(texts, d.color))
    (out / "badge.svg").write_text(pictures.badge_svg(texts, d.color))
    (out / "og.png").write_bytes(
        pictures.share_picture(
            texts, d.color, name_th=a.name_th, name_en=a.name_en, issuer=a.issuer.name_th, holder="นางสาวน้ำฝน ใจดี"
        )
    )
