"""The data sets of the demonstration in the library: the very files that its exercises give out, described."""

from dataclasses import dataclass

from courses.datasets import using
from courses.datasets.models import Dataset, DatasetFile
from courses.demo import content
from courses.models.facets import Area
from grading.models import DataFile, ExerciseVersion

AREA, KIND = Area, Dataset.Type


@dataclass(frozen=True, slots=True)
class Described:
    slug: str
    title: str
    title_en: str
    notes: str
    topic: str
    kind: str
    files: tuple[str, ...]
    every: str = "ไม่มีการปรับปรุง"
    is_high_value: bool = False


SETS = (
    Described(
        "demo-catalog-records", "คำอธิบายชุดข้อมูล 60 ชุด (สาธิต)", "Sixty catalog records (demonstration)",
        "ระเบียนคำอธิบายชุดข้อมูลที่ฝังข้อผิดพลาดไว้ให้ฝึกตรวจ", AREA.PARTICIPATION, KIND.RECORDS,
        ("catalog_records.csv", "catalog_records.json"),
    ),
    Described(
        "demo-local-requests", "คำร้องต่อองค์กรปกครองส่วนท้องถิ่น (สาธิต)", "Requests to local bodies (demonstration)",
        "คำร้องสมมุติ 56 องค์กรปกครองส่วนท้องถิ่น ปีงบประมาณ 2566-2568 มีวันที่และตัวเลขไทยที่ต้องทำความสะอาด", AREA.PARTICIPATION,
        KIND.RECORDS, ("local_requests.csv", "local_requests_utf8.csv"), "เดือน", True,
    ),
    Described(
        "demo-provinces", "จังหวัดและประชากรสมมุติ (สาธิต)", "Provinces with made-up population (demonstration)",
        "ตารางอ้างอิง 77 จังหวัด ตัวเลขประชากรและงบประมาณสร้างขึ้น", AREA.WELFARE, KIND.STATISTICS, ("provinces.csv",), "ปี",
    ),
    Described(
        "demo-motor-policies", "กรมธรรม์ประกันภัยรถภาคสมัครใจ (สาธิต)", "Voluntary motor policies (demonstration)",
        "ข้อมูลรวมรายปีและจังหวัดที่สร้างขึ้น", AREA.BUSINESS, KIND.STATISTICS, ("motor_policies.csv",), "ปี", True,
    ),
    Described(
        "demo-farmer-groups", "กลุ่มเกษตรกรสังเคราะห์ (สาธิต)", "Synthetic farmer groups (demonstration)",
        "บุคคลสมมุติ 1,200 ราย ใช้ฝึกลดข้อมูลส่วนบุคคล", AREA.AGRICULTURE, KIND.RECORDS, ("farmer_groups.csv",),
    ),
    Described(
        "demo-stat-table", "ตารางสถิติสองภาษาที่ยังไม่เรียบร้อย (สาธิต)", "An untidy bilingual table (demonstration)",
        "ตารางแบบรายงานสถิติ หัวตารางซ้อน มีเชิงอรรถ", AREA.HEALTH, KIND.STATISTICS, ("stat_table_messy.csv",), "ปี",
    ),
)  # fmt: skip


def load() -> int:
    """Puts the data sets that are missing into the library; how many."""
    return sum(_load(one) for one in SETS if not Dataset.objects.filter(slug=one.slug).exists())


def _load(one: Described) -> bool:
    copies = DataFile.objects.filter(name__in=one.files, is_hidden=False, version__is_draft=False)
    by_name = {copy.name: copy for copy in copies.order_by("-pk")}
    if not by_name:
        return False
    dataset = Dataset.objects.create(
        slug=one.slug,
        provider=content.provider(),
        title=one.title,
        title_en=one.title_en,
        owner_org="สถาบันข้อมูลสาธิต",
        maintainer="ฝ่ายข้อมูลสาธิต",
        maintainer_email="data@demo.example",
        tag_string="สาธิต, ข้อมูลสังเคราะห์",
        notes=one.notes,
        objective="ใช้ฝึกวิเคราะห์ข้อมูลภาครัฐ",
        update_frequency_unit=one.every,
        geo_coverage="ประเทศ",
        data_source="สร้างด้วยโปรแกรม ไม่มีข้อมูลจริง (SYNTHETIC)",
        data_format="CSV",
        data_category=Dataset.Category.PUBLIC,
        data_type=one.kind,
        license_id="cc-zero",
        classification=Dataset.Classification.OPEN,
        high_value_dataset=one.is_high_value,
        topic=one.topic,
        is_synthetic=True,
    )
    for name, copy in by_name.items():
        DatasetFile.keep(dataset, name, bytes(copy.content))
    dataset.sign_off(None)
    for version in ExerciseVersion.objects.filter(files__name__in=one.files).distinct():
        using.note(version)
    return True
