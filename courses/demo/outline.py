"""What course B is, in both languages: its facts, modules and lessons. The lessons' texts are in ``texts/``."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Both:
    """The same words in Thai and in English."""

    th: str
    en: str

    def __getitem__(self, language: str) -> str:
        return self.en if language == "en" else self.th


@dataclass(frozen=True, slots=True)
class Module:
    slug: str
    title: Both
    summary: Both
    lessons: dict[str, int]  # name of the text → minutes


HOME_TITLE = Both("ทักษะข้อมูลภาครัฐ", "Government Data Skills")
HOME_LEAD = Both(
    "เรียนรู้การใช้ข้อมูลภาครัฐด้วยการลงมือทำจริง ส่งโน้ตบุ๊กให้ระบบตรวจ แล้วรับวุฒิบัตรที่ใครก็ตรวจสอบได้",
    "Learn to work with government data by doing it: hand in notebooks, have them graded, "
    "and earn a credential that anyone can verify.",
)
CATALOG_TITLE = Both("หลักสูตร", "Courses")
CATALOG_INTRO = Both(
    "หลักสูตรสำหรับข้าราชการและเจ้าหน้าที่ของรัฐ เรียนได้ตามเวลาของตนเอง ทุกหลักสูตรมีแบบฝึกหัดบนข้อมูลที่ใกล้เคียงงานจริง",
    "Courses for civil servants, taken in your own time. Every course has exercises on data close to real work.",
)

PROVIDER = Both("สถาบันข้อมูลสาธิต", "Demo Data Institute")
COURSE_CODE = "DA-201"
COURSE_SLUG = "da-201"
THEORY_HOURS, PRACTICE_HOURS = 5, 10
COURSE_TITLE = Both("วิเคราะห์ข้อมูลเปิดภาครัฐด้วย Python", "Open Government Data Analysis with Python")
COURSE_SUMMARY = Both(
    "อ่านไฟล์ภาษาไทยให้ถูกต้อง ทำความสะอาดเลขไทยและวันที่ พ.ศ. หารายการซ้ำ สรุปตามปีงบประมาณ "
    "แล้วเขียนคำตอบที่ตรวจสอบได้ ใช้ข้อมูลคำร้องสังเคราะห์ของ อปท. สมมุติ 56 แห่ง",
    "Read Thai files correctly, clean Thai digits and Buddhist-era dates, find duplicates, summarise by fiscal year, "
    "and write an answer that can be checked. All on synthetic requests to 56 fictional local bodies.",
)
AUDIENCE = Both(
    "นักวิเคราะห์นโยบายและแผน นักวิชาการ เจ้าหน้าที่บริการประชาชน และเจ้าหน้าที่เทคโนโลยีสารสนเทศ "
    "ที่ใช้โปรแกรมตารางคำนวณเป็น ไม่จำเป็นต้องเคยเขียนโปรแกรมมาก่อน",
    "Policy analysts, academic, service and technology staff who can use a spreadsheet. "
    "No programming experience is needed.",
)
OUTCOMES = [
    Both("อ่านไฟล์ภาษาไทยได้ทุกรหัสอักขระที่พบบ่อยโดยไม่เสียข้อมูล", "load Thai files of every common encoding safely"),
    Both("แปลงเลขไทย จำนวนเงิน และวันที่ พ.ศ. ได้ถูกต้อง", "clean Thai digits, amounts and Buddhist-era dates"),
    Both("หารายการซ้ำและค่าที่เป็นไปไม่ได้", "find duplicates and impossible values"),
    Both("สรุปตามปีงบประมาณและพื้นที่", "summarise by fiscal year and place"),
    Both("เชื่อมกับข้อมูลอ้างอิงและคำนวณอัตรา", "join reference data and compute rates"),
    Both("เขียนคำตอบพร้อมข้อจำกัดของข้อมูล", "state an answer together with its limits"),
]

MODULES = [
    Module(
        "m1-reading",
        Both("อ่านข้อมูลให้ถูกต้อง", "Reading data correctly"),
        Both(
            "รู้จักโน้ตบุ๊กและตาราง แล้วอ่านไฟล์ภาษาไทยโดยไม่ให้อักขระหรือศูนย์นำหน้าเสียหาย",
            "Get to know notebooks and tables, and read Thai files without damage to letters or leading zeros.",
        ),
        {"b1": 40, "b2": 40},
    ),
    Module(
        "m2-cleaning",
        Both("ทำความสะอาดและตรวจความถูกต้อง", "Cleaning and validity"),
        Both(
            "แปลงเลขไทยและวันที่ พ.ศ. จัดการค่าที่หายไป รายการซ้ำ และค่าที่เป็นไปไม่ได้",
            "Convert Thai digits and Buddhist-era dates; handle missing values, duplicates and impossible values.",
        ),
        {"b3": 50, "b4": 40},
    ),
    Module(
        "m3-answers",
        Both("สรุปและตอบคำถาม", "Summaries and answers"),
        Both(
            "จัดกลุ่มตามปีงบประมาณ เชื่อมข้อมูลอ้างอิง และเขียนคำตอบที่ผู้บริหารใช้ตัดสินใจได้",
            "Group by fiscal year, join reference data, and write an answer that executives can decide by.",
        ),
        {"b5": 50, "b6": 40, "b7": 40},
    ),
]
LANGUAGES = ("th", "en")
