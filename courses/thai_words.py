"""Words for cutting a Thai query into pieces: Thai writes no spaces, and nobody types exactly what a lesson says.

Only queries are cut, by the longest word that fits; texts are searched as they are. What no word fits stays whole.
"""

from grading.thai_fold import fold

TERMS = """
ธรรมาภิบาล ภาครัฐ ข้อมูลเปิด ข้อมูลส่วนบุคคล ข้อมูลสาธารณะ ข้อมูล ชุดข้อมูล ข้าราชการ วุฒิบัตร โน้ตบุ๊ก
แบบฝึกหัด แบบทดสอบ หลักสูตร บทเรียน สมรรถนะ เมทาดาตา คำอธิบาย บัญชี พจนานุกรม ปีงบประมาณ งบประมาณ ต้นสังกัด
วิทยากร ผู้สอน เพิกถอน ประชาชน นักวิเคราะห์ วิเคราะห์ หมวดหมู่ ชั้นความลับ ชั้นข้อมูล จัดชั้น ความลับ แบ่งปัน
เปิดเผย เผยแพร่ สัญญาอนุญาต อนุญาต ลิขสิทธิ์ คุณค่าสูง คุณภาพ วงจรชีวิต บทบาท เจ้าของ บริกร ผู้ใช้ คณะกรรมการ
กฎหมาย พระราชบัญญัติ กรอบ ความยินยอม รั่วไหล ละเมิด รหัสอักขระ อักขระ เลขไทย ตัวเลข วันที่ พุทธศักราช
คริสต์ศักราช ปฏิทิน ค่าว่าง ค่าที่หายไป รายการซ้ำ ซ้ำซ้อน ซ้ำ ทำความสะอาด ตรวจสอบ ความถูกต้อง จัดกลุ่ม สรุปผล
สรุป มัธยฐาน ค่าเฉลี่ย เฉลี่ย อัตรา ร้อยละ เชื่อมตาราง เชื่อม ตาราง จังหวัด อำเภอ ตำบล ท้องถิ่น คำร้อง ร้องเรียน
เรื่องร้องเรียน ไฟล์ คอลัมน์ แถว หัวตาราง กราฟ แผนภูมิ แกน สี ความเปรียบต่าง ฟอนต์ ตัวอักษร มาตราส่วน
ความไม่แน่นอน ผู้บริหาร บันทึก รายงาน โครงงาน จริยธรรม นวัตกรรม เกษตรกร ประกันภัย กรมธรรม์ สถิติ แดชบอร์ด
การสื่อสาร สื่อสาร เล่าเรื่อง ข้อความทดแทน เข้าถึง คนพิการ ปกปิด นิรนาม ระบุตัวตน ระบุตัวบุคคล ลด ลบ อ่าน เขียน
เปิด นับ แปลง เทียบ เลือก วาด ภาษาไทย ภาษาอังกฤษ ภาพ ข้อจำกัด คำถาม คำตอบ หน่วยงาน ราชการ ดิจิทัล เทคโนโลยี
ความรู้พื้นฐาน พื้นฐาน
"""

# They say how something is asked, not what.
FILLERS = """
การ ความ วิธี อย่างไร ยังไง คือ อะไร ของ และ หรือ ที่ เบื้องต้น มือใหม่ ใน ให้ ได้ เป็น มี จาก กับ สำหรับ ด้วย โดย ว่า ต้อง ทำไม
เพราะ เมื่อ เรื่อง เกี่ยวกับ อยาก เรียน สอน หา แบบ ใช้ ไหม บ้าง เพื่อ ของฉัน ตัวอย่าง
"""

_KNOWN = {fold(word).casefold() for word in (TERMS + FILLERS).split()}
_FILLERS = {fold(word).casefold() for word in FILLERS.split()}
_LONGEST = max(map(len, _KNOWN))


def pieces(folded: str) -> list[str]:
    """The words of a folded query that say something, each once, in order."""
    found: list[str] = []
    for word in folded.split():
        found += _cut(word)
    return list(dict.fromkeys(piece for piece in found if piece not in _FILLERS and len(piece) > 1))


def _cut(word: str) -> list[str]:
    found, unknown, at = [], "", 0
    while at < len(word):
        known = next((word[at : at + n] for n in range(_LONGEST, 1, -1) if word[at : at + n] in _KNOWN), "")
        if known:
            found += [unknown, known]
            unknown = ""
        else:
            unknown += word[at]
        at += len(known) or 1
    return [piece for piece in (*found, unknown) if piece]
