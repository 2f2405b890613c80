"""What a person is told about how a run ended: one sentence or two per status, in Thai and English, in this one place.

They stand here and not in the translations of the site because the sandbox works without it.
"""

from __future__ import annotations

from sandboxes.results import RunStatus

LANGUAGES = ("th", "en")

MESSAGES: dict[RunStatus, dict[str, str]] = {
    RunStatus.COMPLETED: {
        "th": "ทุกเซลล์ในโน้ตบุ๊กทำงานจนจบ",
        "en": "Every cell of the notebook ran to its end.",
    },
    RunStatus.CELL_ERROR: {
        "th": "มีเซลล์ที่เกิดข้อผิดพลาดระหว่างทำงาน อ่านข้อความใต้เซลล์นั้น แก้ไข แล้วสั่งให้ทุกเซลล์ทำงานใหม่ตั้งแต่ต้นก่อนส่งอีกครั้ง",
        "en": "A cell stopped with an error. Read the message below that cell, correct it, and run all cells again "
        "from the top before handing in once more.",
    },
    RunStatus.OUT_OF_TIME: {
        "th": "โน้ตบุ๊กทำงานนานเกินเวลาที่กำหนดจึงถูกหยุด ตรวจดูว่ามีลูปที่ไม่มีวันจบ หรือขั้นตอนที่ทำซ้ำโดยไม่จำเป็นหรือไม่",
        "en": "The notebook was stopped because it ran longer than the time limit. Look for a loop that never ends, or "
        "work that is repeated without need.",
    },
    RunStatus.OUT_OF_MEMORY: {
        "th": "โน้ตบุ๊กใช้หน่วยความจำเกินที่กำหนดจึงถูกหยุด อย่าสร้างรายการหรือตารางที่ใหญ่เกินจำเป็น และอย่าเก็บสำเนาข้อมูลไว้หลายชุด",
        "en": "The notebook was stopped because it used more memory than the limit. Avoid lists or tables larger than "
        "needed, and do not keep several copies of the data.",
    },
    RunStatus.TOO_MUCH_OUTPUT: {
        "th": "โน้ตบุ๊กแสดงผลมากเกินที่กำหนดจึงถูกหยุด ลบคำสั่งพิมพ์ออกจากลูป และแสดงข้อมูลเพียงบางส่วน เช่น df.head()",
        "en": "The notebook was stopped because it printed or displayed more than the output limit. Remove prints from "
        "loops, and show only part of the data, for example df.head().",
    },
    RunStatus.KERNEL_DIED: {
        "th": "โปรแกรมที่รันโน้ตบุ๊กปิดตัวลงก่อนทำงานครบทุกเซลล์ ตรวจดูว่ามีคำสั่งที่ปิดโปรแกรม เช่น os._exit() หรือคำสั่งที่ทำให้โปรแกรมล้มหรือไม่",
        "en": "The program that runs the notebook ended before all cells had run. Look for a command that ends it, "
        "such as os._exit(), or one that makes it crash.",
    },
    RunStatus.SANDBOX_FAILED: {
        "th": "ระบบของเราขัดข้องระหว่างรันโน้ตบุ๊ก ไม่ใช่ความผิดของผู้เรียนและไม่นับเป็นการส่งงาน "
        "ระบบจะลองใหม่ให้เอง หากยังไม่สำเร็จ โปรดติดต่อผู้ดูแลระบบ",
        "en": "Our system failed while running the notebook. This is not your fault and does not count as an attempt. "
        "It will be tried again; if it keeps failing, contact the operator.",
    },
}


def sentence(status: RunStatus, language: str) -> str:
    """Return what a person is told about ``status``; any language but Thai gets English."""
    return MESSAGES[status]["th" if language == "th" else "en"]
