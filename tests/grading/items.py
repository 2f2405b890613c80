"""Declared items to test with, one of each kind."""

from grading.quizzes import marking

SOURCE = {"th": "บทเรียน A1", "en": "Lesson A1"}


def text(th, en=None):
    return {"th": th, "en": en or f"EN {th}"}


def item(kind, id="a1-01", **fields):
    """A declared item of ``kind``; ``fields`` replace or add, None takes away."""
    declared = {"id": id, "kind": kind, "prompt": text("คำถาม"), "source": SOURCE} | USUAL[kind] | fields
    return {name: value for name, value in declared.items() if value is not None}


USUAL = {
    "single": {
        "choices": [
            {"text": text("ก"), "feedback": text("ยังไม่ใช่ ก")},
            {"text": text("ข"), "correct": True, "feedback": text("ใช่ ข")},
            {"text": text("ค")},
        ]
    },
    "multiple": {
        "choices": [
            {"text": text("ก"), "correct": True},
            {"text": text("ข"), "correct": True},
            {"text": text("ค")},
            {"text": text("ง"), "feedback": text("ง ไม่เกี่ยว")},
        ]
    },
    "match": {
        "pairs": [
            {"left": text("เจ้าของ"), "right": text("ตัดสินใจ")},
            {"left": text("ผู้ดูแล"), "right": text("ดูแลคุณภาพ"), "feedback": text("ดูบทที่สอง")},
        ],
        "extra": [text("ซื้อของ")],
    },
    "order": {"steps": [text("สร้าง"), text("จัดเก็บ"), text("ใช้"), text("ทำลาย")]},
    "numeric": {
        "answer": 1250.5,
        "unit": text("บาท", "baht"),
        "wrong": [{"answer": 12.505, "feedback": text("ดูหน่วย")}],
    },
    "text": {
        "accepted": ["เจ้าของข้อมูล", "data owner"],
        "wrong": [{"answer": "ผู้ดูแลข้อมูล", "feedback": text("เป็นอีกบทบาทหนึ่ง")}],
    },
    "record": {
        "fields": [
            {"label": text("ชื่อ"), "value": text("ปริมาณฝน", "Rainfall")},
            {"label": text("ปี"), "value": "2024", "accepted": ["2567"], "feedback": text("เป็น ค.ศ.")},
            {"label": text("ระดับ"), "value": "public", "accepted": ["secret"], "options": ["public", "secret"]},
        ]
    },
}
PARAMETRISED = {
    "answer": "round(spent * 100 / budget, 1)",
    "unit": "%",
    "prompt": text("ใช้ {spent:,} จาก {budget:,} บาท", "{spent:,} of {budget:,} baht"),
    "parameters": {
        "budget": {"from": 1_000_000, "to": 5_000_000, "step": 250_000},
        "spent": {"from": 500_000, "to": 4_000_000, "step": 50_000},
    },
    "where": ["spent < budget"],
    "wrong": [{"answer": "round(spent / budget, 1)", "feedback": text("ยังไม่ได้คูณ 100")}],
}


def right_answers(attempt):
    """What earns full marks, found out from the inside."""
    return {str(place): marking.answer_key(one) for place, one in enumerate(attempt.drawn())}
