"""The capstone of the demonstration: its brief with three prompts, and the rubric that its projects are judged by."""

from courses.capstones.models import Capstone
from courses.demo.exercises import PROJECT
from grading.models import Exercise

BRIEF = {
    "th": (
        "<p>ใช้เวลาราวสี่ชั่วโมง เลือกโจทย์หนึ่งข้อ ทำคนเดียวหรือช่วยกันเป็นทีมไม่เกินสี่คน ทุกคนส่งโน้ตบุ๊กของตนเอง "
        "และไม่ทบทวนงานของทีมเดียวกัน</p><ol>"
        "<li><b>เจ้าหน้าที่เพิ่มหนึ่งคน</b> คำร้องถึงองค์กรปกครองส่วนท้องถิ่นสมมุติ 56 แห่ง "
        "ควรเพิ่มเจ้าหน้าที่หนึ่งคนที่ใดจึงช่วยประชาชนได้มากที่สุด</li>"
        "<li><b>ประชาชนควรเห็นอะไร</b> กรมธรรม์รถยนต์สมมุติ ควรเผยแพร่ข้อมูลเปิดชุดใด พร้อมคำอธิบายครบ 14 รายการ</li>"
        "<li><b>เผยแพร่อย่างปลอดภัย</b> ทะเบียนกลุ่มเกษตรกรสมมุติ เผยแพร่สิ่งที่มีประโยชน์โดยกลุ่มที่เล็กที่สุดไม่น้อยกว่า 5 คน</li></ol>"
        "<p>ผลงานคือโน้ตบุ๊กที่รันซ้ำได้ ผลลัพธ์ที่เผยแพร่ได้ กราฟ และบันทึกหนึ่งหน้า</p>"
    ),
    "en": (
        "<p>About four hours. Choose one prompt. Work alone or as a team of up to four; everybody sends a notebook "
        "of their own, and nobody reviews within the team.</p><ol>"
        "<li><b>One more officer.</b> Requests to 56 fictional local bodies: where would one more officer help "
        "most?</li>"
        "<li><b>What should the public see?</b> Fictional motor policies: which open data set, with all 14 fields of "
        "its description?</li>"
        "<li><b>Published safely.</b> A register of fictional farmer groups: publish something useful in which no "
        "group is smaller than 5.</li></ol>"
        "<p>What you make is a notebook that runs again, a result that can be published, a chart, and one page of "
        "brief.</p>"
    ),
}
# (name, what to look at, levels from the lowest to the highest), in Thai and English.
CRITERIA = [
    (
        ("คุณค่าต่อหน่วยงาน", "Value to an agency"),
        ("มีผู้ที่จะตัดสินใจจากผลงานนี้หรือไม่", "Is there somebody who would decide by it?"),
        [
            ("ยังไม่ชัดว่าใครใช้", "Not yet clear who would use it"),
            ("รู้ว่าใครใช้ แต่ยังไม่รู้ว่าตัดสินใจเรื่องใด", "Clear who would use it, not what for"),
            ("ช่วยตัดสินใจได้เมื่อหาข้อมูลเพิ่มอีกเล็กน้อย", "Helps to decide with a little more information"),
            ("ผู้ใช้ตัดสินใจได้ทันทีจากผลงาน", "Users can decide by it at once"),
        ],
    ),
    (
        ("ความถูกต้อง", "Correctness"),
        ("ตัวเลขย้อนกลับไปถึงข้อมูลได้หรือไม่", "Can numbers be traced to the data?"),
        [
            ("มีขั้นที่ผิดหรือยังไม่ตรวจ", "Steps are wrong or unchecked"),
            ("ตรวจบางขั้น ยังมีค่าที่อธิบายไม่ได้", "Some steps are checked, some values unexplained"),
            ("ตรวจทุกขั้น บอกสิ่งที่ตัดออก", "Every step is checked, what was left out is said"),
            ("ทุกตัวเลขย้อนกลับไปถึงข้อมูลได้", "Every number can be traced to the data"),
        ],
    ),
    (
        ("ความชัดเจน", "Clarity"),
        ("คนนอกอ่านบันทึกและกราฟเข้าใจหรือไม่", "Does an outsider understand brief and chart?"),
        [
            ("ต้องให้ผู้ทำอธิบาย", "The author has to explain it"),
            ("เข้าใจเมื่ออ่านหลายรอบ", "Understood after several readings"),
            ("เข้าใจในรอบเดียว มีบางคำที่ควรอธิบาย", "Understood at once, but for some words"),
            ("คนนอกอ่านแล้วเล่าต่อได้ถูก", "An outsider can retell it correctly"),
        ],
    ),
    (
        ("จริยธรรมและข้อจำกัด", "Ethics and limits"),
        ("ใครอาจเสียประโยชน์ ข้อมูลขาดใครไป", "Who may lose by it, and whom does the data leave out?"),
        [
            ("ไม่กล่าวถึง", "Not mentioned"),
            ("กล่าวถึงอย่างกว้าง", "Mentioned in general"),
            ("บอกผู้ที่ข้อมูลมองไม่เห็น", "Says whom the data does not see"),
            ("บอกผู้ที่อาจเสียประโยชน์และวิธีลด", "Says who may lose, and how that is reduced"),
        ],
    ),
    (
        ("ใช้ซ้ำได้", "Reuse"),
        ("หน่วยงานอื่นนำไปใช้ได้หรือไม่", "Could another agency use it?"),
        [
            ("รันได้เฉพาะเครื่องตนเอง", "Runs on one computer only"),
            ("รันซ้ำได้ แต่ต้องแก้หลายแห่ง", "Runs again with many changes"),
            ("รันซ้ำได้กับไฟล์รูปแบบเดียวกัน", "Runs again with files of the same form"),
            ("หน่วยงานอื่นเปลี่ยนไฟล์แล้วใช้ได้ พร้อมสัญญาอนุญาต", "Another agency changes the file and uses it; licensed"),
        ],
    ),
]


def load() -> bool:
    """Makes the capstone where there is none; whether it did. What its authors changed stays."""
    exercise = Exercise.objects.get(slug=PROJECT)
    if Capstone.objects.filter(exercise=exercise).exists():
        return False
    capstone = Capstone(exercise=exercise, brief_th=BRIEF["th"], brief_en=BRIEF["en"])
    capstone.criteria = [
        ("criterion", {"name": _two(name), "asks": _two(asks), "weight": 1, "levels": [_two(one) for one in levels]})
        for name, asks, levels in CRITERIA
    ]
    capstone.save()
    return True


def _two(texts: tuple[str, str]) -> dict[str, str]:
    return dict(zip(("th", "en"), texts, strict=True))
