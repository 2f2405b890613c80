"""What a person is told about how a run or a cell ended: a sentence or two each, in Thai and English, all of them here.

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

# What is told beside a notebook in the workbench when its kernel has ended or cannot start: what it was, what to do.
_AGAIN = {
    "th": "งานที่พิมพ์ไว้ยังอยู่ครบ แต่ค่าตัวแปรหายไปแล้ว ให้สั่งให้ทุกเซลล์ทำงานใหม่ตั้งแต่ต้น",
    "en": "What you typed is still there, the values of variables are gone: run all cells again from the top.",
}


def _then_again(th: str, en: str) -> dict[str, str]:
    return {"th": f"{th} {_AGAIN['th']}", "en": f"{en} {_AGAIN['en']}"}


WORKBENCH: dict[str, dict[str, str]] = {
    RunStatus.COMPLETED: _then_again("โปรแกรมที่รันโค้ดปิดตัวลงตามคำสั่งในเซลล์", "Your code ended the program that runs it."),
    RunStatus.CELL_ERROR: _then_again(
        "โปรแกรมที่รันโค้ดหยุดเพราะเกิดข้อผิดพลาด", "The program that runs your code stopped with an error."
    ),
    RunStatus.OUT_OF_TIME: _then_again(
        "โปรแกรมที่รันโค้ดทำงานนานเกินเวลาที่กำหนดจึงถูกหยุด ตรวจดูว่ามีลูปที่ไม่มีวันจบหรือไม่",
        "The program that runs your code was stopped: it had used all its time. Look for a loop that never ends.",
    ),
    RunStatus.OUT_OF_MEMORY: _then_again(
        "โค้ดใช้หน่วยความจำเกินที่กำหนดจึงถูกหยุด ลองอ่านข้อมูลเพียงบางส่วน และอย่าเก็บสำเนาข้อมูลไว้หลายชุด",
        "Your code was stopped because it used more memory than the limit. Read part of the data only, and do not keep "
        "several copies of it.",
    ),
    RunStatus.TOO_MUCH_OUTPUT: _then_again(
        "โค้ดแสดงผลมากเกินที่กำหนดจึงถูกหยุด ลบคำสั่งพิมพ์ออกจากลูป และแสดงข้อมูลเพียงบางส่วน เช่น df.head()",
        "Your code was stopped because it displayed more than the limit. Remove prints from loops, and show only part "
        "of the data, for example df.head().",
    ),
    RunStatus.KERNEL_DIED: _then_again(
        "โปรแกรมที่รันโค้ดล้ม ตรวจดูเซลล์ที่เพิ่งสั่งให้ทำงาน",
        "The program that runs your code has crashed. Look at the cell that ran last.",
    ),
    RunStatus.SANDBOX_FAILED: _then_again(
        "ระบบของเราขัดข้อง ไม่ใช่ความผิดของผู้เรียน", "Our system failed; this is not your fault."
    ),
    "idle": _then_again(
        "ไม่ได้ใช้งานมาสักพัก ระบบจึงปิดโปรแกรมที่รันโค้ดเพื่อให้ผู้อื่นได้ใช้",
        "The program that runs your code was not used for a while and has made room for others.",
    ),
    "other": _then_again(
        "ท่านเปิดโน้ตบุ๊กอื่นไว้หลายเล่ม ระบบจึงปิดโปรแกรมที่รันโค้ดของเล่มที่ไม่ได้ใช้นานที่สุด",
        "You have several notebooks open: the one that was not used for longest no longer runs.",
    ),
    "full": {
        "th": "ขณะนี้มีผู้ใช้งานพร้อมกันเต็มจำนวน ท่านอยู่ในคิวลำดับที่ {place} ระหว่างนี้อ่านและพิมพ์ได้ตามปกติ",
        "en": "All places for running code are taken just now; you are number {place} in the queue. Meanwhile you can "
        "read and type as usual.",
    },
    "broken": {
        "th": "ขณะนี้ระบบเริ่มโปรแกรมที่รันโค้ดไม่ได้ งานที่พิมพ์ไว้ยังอยู่ครบ โปรดลองใหม่ในอีกสักครู่",
        "en": "Code cannot be run just now. What you typed is kept; please try again in a moment.",
    },
}

# What an error under a cell means and what to look at first, by the name of its class. `{name}` is the name concerned
# in quotes, with a space before it; where it is not known, "this" in Thai and nothing in English.
ERRORS: dict[str, dict[str, str]] = {
    "SyntaxError": {
        "th": "Python อ่านโค้ดตรงนี้ไม่เข้าใจ ลองดูวงเล็บ เครื่องหมายคำพูด และเครื่องหมาย : ในบรรทัดนี้และบรรทัดก่อนหน้า",
        "en": "Python cannot read the code here. Look at brackets, quotes and colons in this line and the one before.",
    },
    "_IncompleteInputError": {
        "th": "โค้ดยังไม่จบ อาจลืมปิดวงเล็บหรือเครื่องหมายคำพูด หรือยังไม่ได้เขียนบรรทัดที่ย่อหน้าหลังเครื่องหมาย :",
        "en": "The code is not finished. A bracket or quote may not be closed, or the indented lines after a colon are "
        "missing.",
    },
    "IndentationError": {
        "th": "การย่อหน้าไม่ตรงกัน ใช้ช่องว่าง 4 ช่องเท่ากันทุกบรรทัดในบล็อกเดียวกัน และย่อหน้าบรรทัดที่อยู่หลังเครื่องหมาย :",
        "en": "The indentation does not line up. Use four spaces for every line of a block, and indent the lines that "
        "follow a colon.",
    },
    "TabError": {
        "th": "การย่อหน้ามีทั้งแท็บและช่องว่างปนกัน ลบย่อหน้าเดิม แล้วใช้ช่องว่าง 4 ช่องทุกบรรทัด",
        "en": "The indentation mixes tabs and spaces. Delete it and use four spaces for every line.",
    },
    "NameError": {
        "th": "ไม่รู้จักชื่อ{name} ตรวจตัวสะกด และดูว่าเซลล์ก่อนหน้ากำหนดชื่อนั้นไว้แล้ว ถ้าเป็นข้อความให้ใส่เครื่องหมายคำพูด",
        "en": "The name{name} is not known. Check its spelling and that an earlier cell defines it; text needs quotes.",
    },
    "UnboundLocalError": {
        "th": "ในฟังก์ชันยังไม่ได้กำหนดค่าให้ตัวแปร{name} ก่อนนำมาใช้ กำหนดค่าให้ก่อน หรือรับค่าเข้ามาทางพารามิเตอร์",
        "en": "The variable{name} is used in a function before it has a value there. Give it one first, or pass it in "
        "as a parameter.",
    },
    "TypeError": {
        "th": "ชนิดของข้อมูลหรือจำนวนอาร์กิวเมนต์ไม่ตรงกับที่คำสั่งต้องการ เช่น นำข้อความไปบวกกับตัวเลข ลองดูชนิดของข้อมูลด้วย type()",
        "en": "A value has the wrong type, such as text added to a number, or a function got the wrong number of "
        "arguments. Look at the types with type().",
    },
    "ValueError": {
        "th": "ชนิดข้อมูลถูกต้องแต่ค่าใช้ไม่ได้ เช่น แปลงข้อความที่ไม่ใช่ตัวเลขเป็นตัวเลข ลองแสดงค่านั้นด้วย print() ก่อน",
        "en": "The type is right but the value cannot be used, such as turning a word into a number. Look at the value "
        "with print() first.",
    },
    "KeyError": {
        "th": "ไม่พบคีย์หรือคอลัมน์{name} ตรวจตัวสะกดและช่องว่าง เทียบกับชื่อที่มีอยู่ เช่น ดูด้วย print(df.columns)",
        "en": "The key or column{name} was not found. Compare its spelling and spaces with the names that exist, for "
        "example with print(df.columns).",
    },
    "IndexError": {
        "th": "ตำแหน่งที่ขออยู่นอกรายการหรือตาราง จำไว้ว่าเริ่มนับจาก 0 และดูจำนวนสมาชิกได้ด้วย len()",
        "en": "The position lies outside the list or table. Remember that counting starts at 0; len() tells how many "
        "there are.",
    },
    "AttributeError": {
        "th": 'ข้อมูลชนิดนี้ไม่มีคำสั่งหรือคุณสมบัติ{name} ตรวจตัวสะกด และดูชนิดของข้อมูลด้วย type() ถ้าเป็นคอลัมน์ให้เขียน df["ชื่อคอลัมน์"]',
        "en": "This kind of value has no such method or attribute{name}. Check the spelling, and the type with type(). "
        'A column is written df["name"].',
    },
    "FileNotFoundError": {
        "th": "ไม่พบไฟล์{name} ตรวจตัวสะกดและนามสกุลของไฟล์ ใช้ชื่อไฟล์ตามโจทย์โดยไม่ต้องใส่ชื่อโฟลเดอร์",
        "en": "The file{name} was not found. Check its spelling and extension, and use the file name of the task, "
        "without folders.",
    },
    "ModuleNotFoundError": {
        "th": "ที่นี่ไม่มีไลบรารี{name} ตรวจตัวสะกด หรือใช้ไลบรารีที่โจทย์ระบุ",
        "en": "The library{name} is not available here. Check its spelling, or use those that the task names.",
    },
    "ImportError": {
        "th": "นำเข้าชื่อ{name} ด้วย import ไม่ได้ ตรวจตัวสะกดและตัวพิมพ์เล็กใหญ่ และดูว่าไลบรารีนั้นมีชื่อนี้จริง",
        "en": "The name{name} cannot be imported. Check its spelling, upper and lower case, and that the library has "
        "it.",
    },
    "ZeroDivisionError": {
        "th": "มีการหารด้วยศูนย์ ดูว่าเหตุใดตัวหารจึงเป็น 0 หรือใช้ if ตรวจตัวหารก่อนหาร",
        "en": "Something is divided by zero. Find out why the divisor is 0, or check it with if before dividing.",
    },
    "RecursionError": {
        "th": "ฟังก์ชันเรียกตัวเองซ้ำจนเกินกำหนด ตรวจว่ามีเงื่อนไขที่ทำให้หยุดเรียกตัวเอง",
        "en": "A function calls itself without end. Check that it has a condition under which it stops.",
    },
    "MemoryError": {
        "th": "หน่วยความจำไม่พอ ลดขนาดของรายการหรือตารางที่กำลังสร้าง",
        "en": "There is not enough memory. Make the list or table that is being built smaller.",
    },
    "AssertionError": {
        "th": "ผลลัพธ์ไม่ตรงกับที่คำสั่ง assert ตรวจ เทียบค่าที่ได้กับค่าที่โจทย์ต้องการ",
        "en": "The result is not what assert expects. Compare the value you got with the one the task asks for.",
    },
    "NotImplementedError": {
        "th": "ยังไม่ได้เขียนคำตอบ ลบบรรทัด raise NotImplementedError() แล้วเขียนโค้ดของคุณแทน",
        "en": "There is no answer yet. Replace raise NotImplementedError() by your code.",
    },
    "UnicodeDecodeError": {
        "th": 'ไฟล์นี้ใช้รหัสอักขระอื่น ไฟล์ภาษาไทยรุ่นเก่าให้ลองใส่ encoding="cp874" หากยังไม่ได้ให้ลอง encoding="utf-8-sig"',
        "en": 'The file has another character encoding. For older Thai files try encoding="cp874", else '
        'encoding="utf-8-sig".',
    },
    "KeyboardInterrupt": {
        "th": "เซลล์ถูกสั่งให้หยุดก่อนทำงานเสร็จ หากทำงานนานผิดปกติ ให้ดูว่ามีลูปที่ไม่มีวันจบหรือไม่",
        "en": "The cell was interrupted before it had finished. If it took too long, look for a loop that never ends.",
    },
    "EmptyDataError": {
        "th": "ไฟล์ที่อ่านไม่มีข้อมูล ตรวจว่าเปิดถูกไฟล์ และในไฟล์มีข้อมูลอยู่จริง",
        "en": "The file that was read holds no data. Check that it is the right file and that it is not empty.",
    },
    "ParserError": {
        "th": "บางบรรทัดในไฟล์มีจำนวนคอลัมน์ไม่เท่ากับบรรทัดอื่น ตรวจตัวคั่น (sep) และดูบรรทัดของไฟล์ที่ข้อความด้านบนระบุ",
        "en": "Some lines of the file have another number of columns. Check the separator (sep), and look at the line "
        "of the file that the message above names.",
    },
    "DateParseError": {
        "th": "อ่านค่านี้เป็นวันที่ไม่ได้ แปลงชื่อเดือนภาษาไทยและปี พ.ศ. ให้อยู่ในรูปแบบสากลก่อน เช่น 2025-11-21",
        "en": "The value cannot be read as a date. Turn Thai months and Buddhist years into the international form "
        "first, such as 2025-11-21.",
    },
    "UndefinedVariableError": {
        "th": 'query() ไม่รู้จักชื่อ{name} ตรวจตัวสะกด ถ้าเป็นคอลัมน์ชื่อภาษาไทยให้เขียน df[df["ชื่อคอลัมน์"] > 1] แทน',
        "en": "query() does not know the name{name}. Check its spelling; for a column with a Thai name write "
        'df[df["name"] > 1] instead.',
    },
}
# A SyntaxError that beginners who type in Thai meet, and whose general sentence would send them to the wrong place.
INVALID_CHARACTER = {
    "th": "อักขระ{name} ใช้ในโค้ดไม่ได้ ลบแล้วพิมพ์ใหม่ด้วยแป้นพิมพ์ภาษาอังกฤษ ถ้าเป็นข้อความให้อยู่ในเครื่องหมายคำพูดแบบตรง",
    "en": "The character{name} cannot be used in code. Delete it and type it again with the English keyboard; text "
    "stands in straight quotes.",
}
OTHER_ERROR = {
    "th": "เกิดข้อผิดพลาดระหว่างทำงาน บรรทัดสุดท้ายของข้อความด้านบนบอกสาเหตุ เริ่มดูจากบรรทัดที่มีลูกศร ---->",
    "en": "The code stopped with an error. The last line of the message above tells the cause; look first at the line "
    "with the arrow ---->.",
}
# Where an error arose, put before its sentence.
PLACES = {
    "cell and line": {"th": "เซลล์ที่ {cell} บรรทัดที่ {line}: ", "en": "Cell {cell}, line {line}: "},
    "cell": {"th": "เซลล์ที่ {cell}: ", "en": "Cell {cell}: "},
    "line": {"th": "บรรทัดที่ {line}: ", "en": "Line {line}: "},
}


def sentence(status: RunStatus, language: str) -> str:
    """Return what a person is told about ``status``; any language but Thai gets English."""
    return MESSAGES[status]["th" if language == "th" else "en"]
