"""What the three courses are, in both languages: facts, modules, lessons. The lessons' texts are in ``texts/``."""

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


@dataclass(frozen=True, slots=True)
class Course:
    slug: str
    code: str
    level: str  # of CoursePage.Level
    theory_hours: int
    practice_hours: int
    provider: Both
    title: Both
    summary: Both
    audience: Both
    outcomes: list[Both]
    modules: list[Module]
    areas: tuple[str, ...] = ()  # of courses.models.Area
    roles: tuple[str, ...] = ()  # of courses.models.RoleGroup

    @property
    def lessons(self) -> dict[str, int]:
        """Name of the text → minutes, in order."""
        return {name: minutes for module in self.modules for name, minutes in module.lessons.items()}


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
CO_PROVIDER = Both("สถาบันข้อมูลสาธิต ร่วมกับ มหาวิทยาลัยสาธิตริมโขง", "Demo Data Institute with Demo Rim Khong University")

GOVERNANCE = Course(
    slug="dg-101",
    areas=("participation",),
    roles=("management", "academic", "service", "others"),
    code="DG-101",
    level="foundation",
    theory_hours=4,
    practice_hours=2,
    provider=PROVIDER,
    title=Both("ธรรมาภิบาลข้อมูลภาครัฐขั้นพื้นฐาน", "Government Data Governance Fundamentals"),
    summary=Both(
        "รู้หน้าที่ของตนต่อข้อมูลของหน่วยงาน เขียนคำอธิบายชุดข้อมูลให้ครบ 14 รายการ จัดชั้นข้อมูลและตัดสินใจแบ่งปันอย่างมีเหตุผล "
        "ลดข้อมูลส่วนบุคคลก่อนเปิดเผย และเลือกสัญญาอนุญาตได้ถูกต้อง ใช้กรณีตัวอย่างและข้อมูลสังเคราะห์ทั้งหมด",
        "Know your duties towards your agency's data, describe a dataset in all 14 fields, classify it and decide on "
        "sharing with a reason, reduce personal data before release, and choose a licence. All cases are made up.",
    ),
    audience=Both(
        "ข้าราชการและเจ้าหน้าที่ของรัฐทุกสายงาน โดยเฉพาะผู้ที่สร้าง เก็บ ส่งต่อ หรือเผยแพร่ไฟล์ข้อมูล ไม่จำเป็นต้องเขียนโปรแกรมเป็น "
        "โน้ตบุ๊กทั้งสองเล่มมีคำแนะนำทีละขั้น",
        "All officials, above all those who make, keep, pass on or publish files. No programming is needed: "
        "both notebooks guide you step by step.",
    ),
    outcomes=[
        Both("บอกหน้าที่และวงจรชีวิตของข้อมูลในงานของตน", "name duties and life-cycle stages in their own work"),
        Both("เขียนคำอธิบายชุดข้อมูลที่ครบถ้วน", "write a complete dataset description"),
        Both("เลือกหมวดหมู่และระดับการแบ่งปันพร้อมเหตุผล", "choose category and sharing level with a reason"),
        Both("มองเห็นข้อมูลส่วนบุคคลและลดให้เหลือเท่าที่จำเป็น", "spot personal data and reduce it"),
        Both("พิจารณาสัญญาอนุญาตและความเปิดของชุดข้อมูล", "judge the licence and openness of a dataset"),
    ],
    modules=[
        Module(
            "a-m1-foundations",
            Both("รากฐาน", "Foundations"),
            Both(
                "เหตุใดหน่วยงานต้องมีธรรมาภิบาลข้อมูล ข้อมูลเดินทางอย่างไร และใครรับผิดชอบตรงไหน",
                "Why an agency needs data governance, how data travels, and who answers for what.",
            ),
            {"a1": 40, "a2": 40},
        ),
        Module(
            "a-m2-describing",
            Both("อธิบายและจัดชั้น", "Describing and classifying"),
            Both(
                "เขียนคำอธิบายชุดข้อมูล 14 รายการและพจนานุกรมข้อมูล แล้วตัดสินใจว่าแบ่งปันได้ถึงระดับใด",
                "Write the 14 fields and a data dictionary, then decide how far a dataset may be shared.",
            ),
            {"a3": 40, "a4": 40},
        ),
        Module(
            "a-m3-protecting-opening",
            Both("คุ้มครองและเปิดเผย", "Protecting and opening"),
            Both(
                "คุ้มครองข้อมูลส่วนบุคคลในไฟล์ประจำวัน และเปิดข้อมูลให้ผู้อื่นใช้ต่อได้จริง",
                "Protect personal data in everyday files, and open data so that others can really use it.",
            ),
            {"a5": 40, "a6": 40},
        ),
    ],
)

ANALYSIS = Course(
    slug="da-201",
    areas=("participation", "justice"),
    roles=("academic", "service", "technology"),
    code="DA-201",
    level="intermediate",
    theory_hours=5,
    practice_hours=10,
    provider=PROVIDER,
    title=Both("วิเคราะห์ข้อมูลเปิดภาครัฐด้วย Python", "Open Government Data Analysis with Python"),
    summary=Both(
        "อ่านไฟล์ภาษาไทยให้ถูกต้อง ทำความสะอาดเลขไทยและวันที่ พ.ศ. หารายการซ้ำ สรุปตามปีงบประมาณ "
        "แล้วเขียนคำตอบที่ตรวจสอบได้ ใช้ข้อมูลคำร้องสังเคราะห์ของ อปท. สมมุติ 56 แห่ง",
        "Read Thai files correctly, clean Thai digits and Buddhist-era dates, find duplicates, summarise by fiscal "
        "year, and write an answer that can be checked. All on synthetic requests to 56 fictional local bodies.",
    ),
    audience=Both(
        "นักวิเคราะห์นโยบายและแผน นักวิชาการ เจ้าหน้าที่บริการประชาชน และเจ้าหน้าที่เทคโนโลยีสารสนเทศ "
        "ที่ใช้โปรแกรมตารางคำนวณเป็น ไม่จำเป็นต้องเคยเขียนโปรแกรมมาก่อน",
        "Policy analysts, academic, service and technology staff who can use a spreadsheet. "
        "No programming experience is needed.",
    ),
    outcomes=[
        Both("อ่านไฟล์ภาษาไทยได้ทุกรหัสอักขระที่พบบ่อยโดยไม่เสียข้อมูล", "load Thai files of every common encoding safely"),
        Both("แปลงเลขไทย จำนวนเงิน และวันที่ พ.ศ. ได้ถูกต้อง", "clean Thai digits, amounts and Buddhist-era dates"),
        Both("หารายการซ้ำและค่าที่เป็นไปไม่ได้", "find duplicates and impossible values"),
        Both("สรุปตามปีงบประมาณและพื้นที่", "summarise by fiscal year and place"),
        Both("เชื่อมกับข้อมูลอ้างอิงและคำนวณอัตรา", "join reference data and compute rates"),
        Both("เขียนคำตอบพร้อมข้อจำกัดของข้อมูล", "state an answer together with its limits"),
    ],
    modules=[
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
    ],
)

COMMUNICATION = Course(
    slug="di-301",
    areas=("participation", "agriculture"),
    roles=("executive", "management", "academic"),
    code="DI-301",
    level="advanced",
    theory_hours=3,
    practice_hours=6,
    provider=CO_PROVIDER,
    title=Both("การสื่อสารข้อมูลและโครงงานนวัตกรรม", "Data Visualisation and Innovation Capstone"),
    summary=Both(
        "เลือกกราฟให้ตรงคำถาม วาดกราฟภาษาไทยที่อ่านออก ใช้มาตราส่วนอย่างซื่อตรง เขียนบันทึกหนึ่งหน้าที่ผู้บริหารใช้ตัดสินใจได้ "
        "แล้วทำโครงงานข้อมูลที่ตรวจสอบได้และนำไปใช้ต่อได้",
        "Choose a chart for a question, draw legible Thai charts, keep scales honest, write a one-page brief that "
        "executives can decide by, and build a data product that can be checked and reused.",
    ),
    audience=Both(
        "หัวหน้างานและทีมข้ามสายงาน 1 ถึง 4 คน ที่ผ่านหลักสูตร DA-201 หรือวิเคราะห์ข้อมูลด้วย pandas ได้แล้ว",
        "Supervisors and mixed teams of one to four, after DA-201 or with a working knowledge of pandas.",
    ),
    outcomes=[
        Both("เลือกกราฟให้เหมาะกับคำถาม", "choose a chart for a question"),
        Both("วาดกราฟภาษาไทยที่อ่านออกและเข้าถึงได้", "draw legible, accessible Thai charts"),
        Both(
            "เขียนชื่อกราฟ แหล่งข้อมูล ข้อจำกัด และข้อความทดแทนภาพ",
            "write title, source, caveat and text alternative",
        ),
        Both("สร้างและชี้แจงผลงานข้อมูลขนาดเล็ก", "build and defend a small data product"),
    ],
    modules=[
        Module(
            "c-m1-charts",
            Both("กราฟที่อ่านออกและซื่อตรง", "Charts that are legible and honest"),
            Both(
                "จากคำถามสู่กราฟ ตัวอักษรไทย สี มาตราส่วน อัตรา และความไม่แน่นอน",
                "From question to chart; Thai text, colour, scales, rates and uncertainty.",
            ),
            {"c1": 40, "c2": 40, "c3": 40},
        ),
        Module(
            "c-m2-capstone",
            Both("เล่าเรื่องและโครงงาน", "Story and capstone"),
            Both(
                "บันทึกหนึ่งหน้าสำหรับผู้บริหาร และวิธีทำโครงงานอย่างมีจริยธรรม",
                "A brief of one page, and how to do a capstone with ethics and a licence.",
            ),
            {"c4": 30, "c5": 30},
        ),
    ],
)

COURSES = [GOVERNANCE, ANALYSIS, COMMUNICATION]
LANGUAGES = ("th", "en")

# The course that most of the site's tests walk through.
COURSE_CODE, COURSE_SLUG, COURSE_TITLE, MODULES = (
    ANALYSIS.code,
    ANALYSIS.slug,
    ANALYSIS.title,
    ANALYSIS.modules,
)
THEORY_HOURS, PRACTICE_HOURS = ANALYSIS.theory_hours, ANALYSIS.practice_hours
