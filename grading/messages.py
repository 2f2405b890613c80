"""What people read about their notebooks, in Thai and English, in one place.

A grade is told in both languages at once, by a worker that has no reader: hence not the translations of the site.
"""

Text = dict[str, str]  # {"th": …, "en": …}

REFUSED: dict[str, Text] = {
    "empty": {
        "th": "ไฟล์นี้ว่างเปล่า บันทึกโน้ตบุ๊กแล้วส่งอีกครั้ง",
        "en": "The file is empty. Save your notebook and hand it in again.",
    },
    "too_big": {
        "th": "ไฟล์ใหญ่เกิน {megabytes} MB ล้างผลลัพธ์ของเซลล์ (Clear All Outputs) แล้วส่งอีกครั้ง",
        "en": "The file is larger than {megabytes} MB. Clear the outputs of all cells and hand it in again.",
    },
    "not_a_notebook": {
        "th": "ไฟล์นี้ไม่ใช่โน้ตบุ๊ก Jupyter (.ipynb) ที่อ่านได้ ดาวน์โหลดโน้ตบุ๊กของแบบฝึกหัดใหม่แล้วทำในไฟล์นั้น",
        "en": "This is not a Jupyter notebook (.ipynb) that can be read. Download the exercise's notebook again and "
        "work in that file.",
    },
    "too_many_cells": {
        "th": "โน้ตบุ๊กมีมากกว่า {cells} เซลล์ ลบเซลล์ที่ไม่เกี่ยวข้องแล้วส่งอีกครั้ง",
        "en": "The notebook has more than {cells} cells. Remove what does not belong to it and hand it in again.",
    },
    "foreign": {
        "th": "ไม่พบเซลล์คำตอบของแบบฝึกหัดนี้ ({cells}) อาจเป็นโน้ตบุ๊กของแบบฝึกหัดอื่น ตรวจสอบไฟล์แล้วส่งอีกครั้ง",
        "en": "None of this exercise's answer cells ({cells}) was found. This may be the notebook of another "
        "exercise: check the file and hand it in again.",
    },
}

AUTHOR: dict[str, Text] = {
    "no_checks": {
        "th": "ไม่มีเซลล์ตรวจ (grade: true) แม้แต่เซลล์เดียว",
        "en": "there is no check cell (grade: true) at all",
    },
    "no_answers": {
        "th": "ไม่มีเซลล์คำตอบที่เป็นโค้ด (solution: true)",
        "en": "there is no answer cell with code (solution: true)",
    },
    "check_not_code": {"th": "เซลล์ตรวจต้องเป็นเซลล์โค้ด", "en": "a check must be a code cell"},
    "bad_id": {
        "th": "grade_id ต้องมี และใช้ได้เฉพาะ A-Z a-z 0-9 _ -",
        "en": "a grade_id is needed, made of A-Z a-z 0-9 _ - only",
    },
    "same_id": {"th": "grade_id {id} ถูกใช้แล้ว", "en": "the grade_id {id} is used twice"},
    "unbalanced": {
        "th": "BEGIN {mark} และ END {mark} ไม่เข้าคู่กัน",
        "en": "BEGIN {mark} and END {mark} do not match up",
    },
    "misspelt": {
        "th": "บรรทัดนี้คล้ายเครื่องหมายแต่เขียนไม่ตรง: {line}",
        "en": "this line is nearly a mark, but not spelt like one: {line}",
    },
    "misplaced": {
        "th": "เซลล์ชนิดนี้มี {mark} ไม่ได้",
        "en": "{mark} does not belong in this kind of cell",
    },
    "schema": {
        "th": "ข้อมูลกำกับ nbgrader เป็นรุ่น {version} ซึ่งระบบนี้ไม่รู้จัก (รู้จักถึงรุ่น 3)",
        "en": "the nbgrader marks are of schema {version}, which is not known here (3 is the newest)",
    },
    "task_not_text": {
        "th": "เซลล์งาน (task) ต้องเป็นเซลล์ข้อความ Markdown",
        "en": "a task must be a Markdown cell",
    },
    "bad_delimiter": {
        "th": "{name} ในข้อมูลกำกับของโน้ตบุ๊กต้องเป็นข้อความบรรทัดเดียว",
        "en": "{name} in the notebook's metadata must be one line of text",
    },
    "autotest": {
        "th": "ไม่รองรับ {line} ให้เขียนตัวตรวจเป็น assert แทน",
        "en": "{line} is not supported: write the check as an assertion",
    },
    "syntax": {"th": "โค้ดผิดไวยากรณ์: {error}", "en": "the code is not valid Python: {error}"},
    "feedback": {
        "th": "# feedback: ใช้ได้เฉพาะ type, shape, difference, tolerance ไม่ใช่ {words}",
        "en": "# feedback: takes type, shape, difference and tolerance, not {words}",
    },
    "points": {
        "th": "points ต้องเป็นจำนวนตั้งแต่ 0 ขึ้นไป",
        "en": "points must be a number from 0 upwards",
    },
}

NOTICES: dict[str, Text] = {
    "missing_answer": {
        "th": "ไม่พบเซลล์คำตอบ {id} ในไฟล์ที่ส่ง จึงตรวจเหมือนยังไม่ได้ตอบ",
        "en": "The answer cell {id} was not found in your file, so it counts as not answered.",
    },
    "duplicated": {
        "th": "มีเซลล์คำตอบ {id} มากกว่าหนึ่งเซลล์ ใช้เซลล์สุดท้ายที่แก้ไขแล้ว",
        "en": "There is more than one answer cell {id}; the last one that was worked on was used.",
    },
    "split": {
        "th": "เซลล์คำตอบ {id} ถูกแบ่งเป็นหลายเซลล์ ระบบใช้ทุกส่วนตามลำดับ",
        "en": "The answer cell {id} was split into several; all its parts were used, in their order.",
    },
    "merged": {
        "th": "ไม่พบเซลล์คำตอบ {id} แต่พบคำตอบนั้นในเซลล์อื่น จึงใช้โค้ดจากเซลล์นั้น",
        "en": "The answer cell {id} was not found in your file, but its answer was found in another cell and used "
        "from there.",
    },
    "retyped": {
        "th": "เซลล์คำตอบ {id} ถูกเปลี่ยนชนิดของเซลล์ ระบบใช้ข้อความในเซลล์นั้นตามชนิดเดิม",
        "en": "The answer cell {id} was changed to another kind of cell; its text was used as the original kind.",
    },
    "extra_cells": {
        "th": "มีเซลล์โค้ดที่เพิ่มเอง {count} เซลล์ซึ่งไม่ได้นำมาตรวจ หากคำตอบต้องใช้ ให้ย้ายโค้ดนั้นไปไว้ในเซลล์คำตอบ",
        "en": "{count} code cell(s) that you added were not used. If an answer needs them, move that code into an "
        "answer cell.",
    },
    "manual": {
        "th": "บางส่วนของแบบฝึกหัดนี้ผู้สอนเป็นผู้ตรวจ คะแนนส่วนนั้นจะเพิ่มเข้ามาเมื่อตรวจแล้ว",
        "en": "Parts of this exercise are read by an instructor; their points are added when that is done.",
    },
}

OUTCOMES: dict[str, Text] = {
    "passed": {"th": "ผ่าน", "en": "Passed"},
    "failed": {
        "th": "ยังไม่ผ่าน ผลลัพธ์ไม่ตรงกับที่คาดไว้",
        "en": "Not passed yet: the result is not what was expected.",
    },
    "error": {
        "th": "ยังไม่ผ่าน เกิดข้อผิดพลาดระหว่างตรวจ อาจยังไม่มีชื่อที่โจทย์กำหนด หรือโค้ดหยุดกลางทาง",
        "en": "Not passed yet: an error occurred. A name that the task asks for may be missing, or the code stops "
        "halfway.",
    },
    "timeout": {
        "th": "ยังไม่ผ่าน โค้ดใช้เวลานานเกินกำหนด",
        "en": "Not passed yet: the code took too long.",
    },
    "not_examinable": {
        "th": "ยังไม่ผ่าน ผลลัพธ์เป็นชนิดที่ตรวจไม่ได้ ให้คืนค่าเป็นตัวเลข ข้อความ รายการ หรือตารางตามที่โจทย์กำหนด",
        "en": "Not passed yet: the result is of a kind that cannot be checked. Return numbers, text, lists or tables, "
        "as the task asks.",
    },
    "not_run": {
        "th": "ยังไม่ได้ตรวจ เพราะโน้ตบุ๊กหยุดทำงานก่อนถึงข้อนี้",
        "en": "Not checked: the notebook stopped before this point.",
    },
    "waiting": {"th": "รอผู้สอนตรวจ", "en": "Waits for an instructor to grade it."},
    "judged": {"th": "ผู้สอนเป็นผู้ให้คะแนน", "en": "An instructor decided these points."},
}

# Why a check could not be examined; told instead of the sentence for "not_examinable".
NOT_EXAMINABLE: dict[str, Text] = {
    "kind": OUTCOMES["not_examinable"],
    "object": {
        "th": "ยังไม่ผ่าน ได้ออบเจกต์ของคลาสที่คุณสร้างเอง ทั้งที่โจทย์ให้คืนค่าเป็นข้อมูล เช่น ตัวเลข ข้อความ รายการ หรือตาราง",
        "en": "Not passed yet: an object of a class of your own was found where the task asks for data, such as "
        "numbers, text, lists or tables.",
    },
    "compared": {
        "th": "ยังตรวจไม่ได้ การตรวจข้อนี้เปรียบเทียบออบเจกต์ทั้งก้อน ให้แจ้งผู้สอน: ควรเปรียบเทียบค่าของแอตทริบิวต์แทน",
        "en": "This could not be checked: the check compares whole objects. Please tell your instructor; it should "
        "compare the values of their attributes.",
    },
    "identity": {
        "th": "ยังตรวจไม่ได้ การตรวจข้อนี้ถามว่าเป็นออบเจกต์เดียวกันหรือไม่ (is) ซึ่งตรวจจากภายนอกไม่ได้ ให้แจ้งผู้สอน",
        "en": "This could not be checked: the check asks whether two things are the same object (is), which cannot be "
        "seen from outside. Please tell your instructor.",
    },
    "too_big": {
        "th": "ยังไม่ผ่าน ผลลัพธ์ใหญ่เกินไป ซ้อนกันลึกเกินไป หรือไม่มีที่สิ้นสุด จึงตรวจไม่ได้",
        "en": "Not passed yet: the result is too big, nested too deeply or without an end, so it cannot be checked.",
    },
    "sent": {
        "th": "ยังตรวจไม่ได้ การตรวจข้อนี้ส่งสิ่งที่ไม่ใช่ข้อมูล เช่น ฟังก์ชันของผู้สอน ให้โค้ดของคุณ ให้แจ้งผู้สอน",
        "en": "This could not be checked: the check hands your code something that is no data, such as a function of "
        "the instructor's. Please tell your instructor.",
    },
    "picture": {
        "th": "ยังตรวจไม่ได้ การตรวจข้อนี้ถามถึงส่วนของกราฟที่ระบบไม่ได้อ่านไว้ ให้แจ้งผู้สอน",
        "en": "This could not be checked: the check asks for a part of the figure that is not read. Please tell your "
        "instructor.",
    },
    "garbled": {
        "th": "ยังไม่ผ่าน ได้ค่าที่อ่านไม่ได้จากโค้ดของคุณ รันโน้ตบุ๊กใหม่ตั้งแต่ต้นแล้วตรวจดูอีกครั้ง",
        "en": "Not passed yet: what came from your code could not be read. Run the notebook again from the start and "
        "look it over.",
    },
}

# What the visible part of a failed check tells, where its author allows it.
TOLD: dict[str, Text] = {
    "type": {
        "th": "ชนิดข้อมูลที่คาดไว้คือ {expected} แต่ได้ {got}",
        "en": "The expected type is {expected}, but yours is {got}.",
    },
    "shape": {
        "th": "ขนาดที่คาดไว้คือ {expected} แต่ได้ {got}",
        "en": "The expected size is {expected}, but yours is {got}.",
    },
    "columns": {
        "th": "คอลัมน์ที่คาดไว้คือ {expected} แต่ได้ {got}",
        "en": "The expected columns are {expected}, but yours are {got}.",
    },
    "cell": {
        "th": "ค่าแรกที่ต่างกันอยู่ที่แถว {row} คอลัมน์ {column} (นับแถวจาก 0) คาดไว้ {expected} แต่ได้ {got}",
        "en": "The first difference is in row {row} (counted from 0), column {column}: {expected} is expected, yours "
        "is {got}.",
    },
    "item": {
        "th": "ค่าแรกที่ต่างกันอยู่ที่ตำแหน่ง {row} (นับจาก 0) คาดไว้ {expected} แต่ได้ {got}",
        "en": "The first difference is at {row} (counted from 0): {expected} is expected, yours is {got}.",
    },
    "key": {"th": "ไม่มีคีย์ {expected}", "en": "The key {expected} is missing."},
    "value": {"th": "คาดไว้ {expected} แต่ได้ {got}", "en": "{expected} is expected, but yours is {got}."},
    "tolerance": {
        "th": "ยอมให้คลาดเคลื่อนได้ {expected} แต่ต่างกัน {got}",
        "en": "A difference of {expected} is allowed, but it is {got}.",
    },
}

PAGE: dict[str, Text] = {
    "score": {"th": "คะแนน {score} จาก {max_score}", "en": "Score: {score} of {max_score}"},
    "tried": {
        "th": "ผ่าน {passed} จาก {count} ข้อที่ตรวจก่อนส่งได้ ยังไม่ใช่คะแนน เมื่อส่งงานจะตรวจละเอียดกว่านี้",
        "en": "{passed} of the {count} checks that can be tried pass. This is no score: handing in checks more.",
    },
    "checks": {"th": "ผลการตรวจ", "en": "Checks"},
    "points": {"th": "{points} จาก {max_points} คะแนน", "en": "{points} of {max_points} points"},
    "hint": {"th": "คำใบ้", "en": "Hint"},
    "notices": {"th": "ข้อสังเกต", "en": "Please note"},
    "notebook": {"th": "โน้ตบุ๊กของคุณเมื่อรัน", "en": "Your notebook as it ran"},
    "cell": {"th": "เซลล์ที่ {number}", "en": "Cell {number}"},
    "error_here": {"th": "เกิดข้อผิดพลาดที่บรรทัดนี้", "en": "the error arose here"},
    "figure": {"th": "รูปที่เซลล์นี้แสดง", "en": "Figure shown by this cell"},
    "omitted": {"th": "[ตัดผลลัพธ์ส่วนที่เหลือออก]", "en": "[the rest of the output is left out]"},
    "omitted_before": {"th": "[ตัดส่วนก่อนหน้านี้ออก]", "en": "[what came before is left out]"},
}

# What the author of an exercise reads before anybody meets it.
PREFLIGHT: dict[str, Text] = {
    "author": {"th": "", "en": ""},  # the problem's own sentence
    "model_fails": {
        "th": "คำตอบต้นแบบไม่ผ่านการตรวจข้อนี้: {said}",
        "en": "The model solution does not pass this check: {said}.",
    },
    "cannot_cross": {
        "th": "ข้อนี้ตรวจจากภายนอกไม่ได้ ตั้งแต่บรรทัดที่ {line} ({statement}) ต้องตรวจในเคอร์เนลของผู้เรียนซึ่งเชื่อถือไม่ได้",
        "en": "This check cannot be examined from outside, from line {line} on ({statement}): it would have to run in "
        "the learner's own kernel, which nobody can trust.",
    },
    "differs_outside": {
        "th": "คำตอบต้นแบบผ่านข้อนี้ในเคอร์เนล แต่ไม่ผ่านเมื่อตรวจจากภายนอก ตั้งแต่บรรทัดที่ {line} ({statement})",
        "en": "The model solution passes this check in a kernel, but not when it is examined from outside, from line "
        "{line} on ({statement}).",
    },
    "takes_names": {
        "th": "ตัวตรวจเปลี่ยนหรือลบชื่อที่เป็นของคำตอบ ({names}) แต่ฟังก์ชันของผู้เรียนทำงานอยู่อีกที่หนึ่งจึงไม่เห็นการเปลี่ยนนั้น "
        "ให้ใช้ชื่ออื่น หรือให้คำตอบรับสิ่งนั้นเป็นอาร์กิวเมนต์",
        "en": "The check changes or deletes a name that belongs to an answer ({names}); the learner's functions run "
        "elsewhere and do not see that. Use another name, or let the answer take it as an argument.",
    },
    "outcome_not_examinable": {
        "th": "มีค่าที่ส่งข้ามไม่ได้ เช่น ออบเจ็กต์ของคลาสที่กำหนดเอง ให้คำตอบคืนตัวเลข ข้อความ รายการ อาร์เรย์ หรือตาราง",
        "en": "A value cannot cross, such as an object of a class of one's own. Let the answer give numbers, text, "
        "lists, arrays or tables.",
    },
    "reason_compared": {
        "th": "บรรทัดนี้เปรียบเทียบออบเจกต์ทั้งก้อน ให้เปรียบเทียบค่าของแอตทริบิวต์แทน",
        "en": "This line compares whole objects: compare the values of their attributes.",
    },
    "reason_identity": {
        "th": "บรรทัดนี้ถามว่าเป็นออบเจกต์เดียวกันหรือไม่ (is) ให้เปรียบเทียบค่าแทน",
        "en": "This line asks whether two things are the same object (is): compare their values.",
    },
    "reason_too_big": {
        "th": "ค่าใหญ่เกินไป ซ้อนกันลึกเกินไป หรือไม่มีที่สิ้นสุด ให้ตรวจเพียงส่วนหนึ่ง",
        "en": "A value is too big, nested too deeply or without an end: check a part of it.",
    },
    "reason_sent": {
        "th": "บรรทัดนี้ส่งสิ่งที่ไม่ใช่ข้อมูล เช่น ฟังก์ชันของผู้สอน ให้โค้ดของผู้เรียน ให้ส่งข้อมูลแทน",
        "en": "This line hands the learner's code something that is no data, such as a function: hand it data.",
    },
    "reason_picture": {
        "th": "บรรทัดนี้ถามถึงส่วนของกราฟที่ระบบไม่ได้อ่านไว้",
        "en": "This line asks for a part of a figure that is not read.",
    },
    "outcome_failed": {
        "th": "เงื่อนไขในบรรทัดนี้ไม่เป็นจริงเมื่อตัวตรวจและคำตอบอยู่คนละที่ เช่น การใช้ is หรือการอ่านตัวแปรที่ฟังก์ชันของคำตอบเปลี่ยน",
        "en": "What this line asserts is not so when check and answer run in two places: for instance identity (is), "
        "or a variable that a function of the answer changes.",
    },
    "outcome_error": {
        "th": "บรรทัดนี้เกิดข้อผิดพลาดเมื่อตัวตรวจและคำตอบอยู่คนละที่ อาจใช้ชื่อที่มีเฉพาะในเคอร์เนลของผู้เรียน",
        "en": "This line raises an error when check and answer run in two places: it may use a name that exists in the "
        "learner's kernel only.",
    },
    "outcome_timeout": {
        "th": "ใช้เวลานานเกินกำหนดเมื่อตรวจจากภายนอก",
        "en": "It takes too long when it is examined from outside.",
    },
    "outcome_not_run": {
        "th": "การตรวจหยุดก่อนถึงข้อนี้",
        "en": "The examination ended before it came to this check.",
    },
    "outcome_passed": {"th": "", "en": ""},
    "model_partial": {
        "th": "คำตอบต้นแบบได้เพียง {points} จาก {max_points} คะแนน ตามค่าในบรรทัดสุดท้ายของตัวตรวจ",
        "en": "The model solution gets {points} of {max_points} points only: so says the last value of the check.",
    },
    "passes_untouched": {
        "th": "โน้ตบุ๊กที่ผู้เรียนยังไม่ได้แก้ไขเลยผ่านการตรวจข้อนี้แล้ว (ได้ {points} คะแนน)",
        "en": "The untouched release already passes this check (points: {points}).",
    },
    "passes_blank": {
        "th": "เมื่อลบข้อความในเซลล์คำตอบทั้งหมด ข้อนี้กลับผ่าน",
        "en": "With all answer cells emptied this check passes.",
    },
    "unstable": {
        "th": "ผลการตรวจคำตอบต้นแบบไม่เหมือนกันทุกครั้ง: {outcomes} หากใช้ค่าสุ่มให้กำหนด seed "
        "และคำตอบต้นแบบต้องถูกต้องกับ ATTEMPT_SEED ทุกค่า",
        "en": "The model solution does not get the same result every time: {outcomes}. If chance plays a part, set a "
        "seed; and the model solution has to be right for every ATTEMPT_SEED.",
    },
    "cell_error": {
        "th": "เซลล์นี้เกิดข้อผิดพลาดเมื่อรันคำตอบต้นแบบ ({said})",
        "en": "With the model solution this cell raises an error ({said}).",
    },
    "shown_error": {
        "th": "ผู้เรียนที่ตอบถูกจะเห็นข้อผิดพลาดใต้เซลล์นี้ ({said}) เพราะส่วนที่มองเห็นใช้สิ่งที่ผู้เรียนไม่มี",
        "en": "Learners with a right answer see an error below this cell ({said}): its visible part uses something "
        "they do not have.",
    },
    "breaks_limit": {
        "th": "คำตอบต้นแบบรันไม่จบ จึงไม่ได้ตรวจต่อ: {th}",
        "en": "The model solution did not run to its end, so that nothing else was tried: {en}",
    },
    "near_limit": {
        "th": "คำตอบต้นแบบใช้ {name} ไป {used} {unit} จาก {limit} {unit} ({share}) คำตอบที่ช้ากว่าเล็กน้อยจะเกินขีดจำกัด",
        "en": "The model solution uses {used} {unit} of {limit} {unit} ({share}) of {name}: answers that are a little "
        "slower meet the limit.",
    },
    "worth_nothing": {
        "th": "ตัวตรวจทั้งหมดมี 0 คะแนน",
        "en": "All checks together are worth 0 points.",
    },
    "no_points": {"th": "ตัวตรวจข้อนี้มี 0 คะแนน", "en": "This check is worth 0 points."},
    "no_hint": {
        "th": "ตัวตรวจข้อนี้ไม่มีคำใบ้ (# hint(th): …) ผู้เรียนที่ไม่ผ่านจะไม่รู้ว่าควรลองอะไรต่อ",
        "en": "This check has no hint (# hint(en): …): learners who fail it are not told what to try next.",
    },
    "hint_one_language": {
        "th": "คำใบ้มีเพียงภาษาเดียว",
        "en": "The hint is there in one language only.",
    },
    "hint_gives_away": {
        "th": "คำใบ้บอกค่าที่อยู่ในส่วนซ่อนของตัวตรวจ: {values}",
        "en": "The hint gives away what the hidden part of the check holds: {values}.",
    },
    "feedback_needs_hidden": {
        "th": "# feedback: … ของตัวตรวจข้อนี้จะไม่บอกอะไร เพราะส่วนที่ผู้เรียนเห็นทำงานไม่ได้หากไม่มีส่วนซ่อนหรือไฟล์ซ่อน",
        "en": "# feedback: … will tell nothing here: what learners see of this check needs something hidden to work.",
    },
    "feedback_compares_nothing": {
        "th": "# feedback: … ของตัวตรวจข้อนี้จะไม่บอกอะไร เพราะส่วนที่ผู้เรียนเห็นไม่มีการเปรียบเทียบที่อธิบายได้ เช่น assert a == b",
        "en": "# feedback: … will tell nothing here: what learners see of this check has no comparison to tell "
        "of, such as assert a == b.",
    },
    "hidden_repeats_visible": {
        "th": "ส่วนซ่อนไม่มีอะไรนอกจากที่ผู้เรียนเห็นอยู่แล้ว จึงพิมพ์คำตอบตามได้",
        "en": "The hidden part holds nothing that learners do not see anyway, so answers can be typed in.",
    },
    "hidden_file_visible": {
        "th": "ไฟล์ซ่อน {name} มีเนื้อหาเหมือนกับไฟล์ {other} ที่ผู้เรียนได้รับ",
        "en": "The hidden file {name} is the same as {other}, which learners have.",
    },
    "hidden_name_shown": {
        "th": "โน้ตบุ๊กของผู้เรียนเอ่ยชื่อไฟล์ซ่อน {name} ในเซลล์นี้",
        "en": "The learner's notebook names the hidden file {name} in this cell.",
    },
    "nothing_hidden": {
        "th": "ไม่มีตัวตรวจข้อใดมีส่วนซ่อน ผู้เรียนจึงพิมพ์คำตอบตามตัวตรวจได้",
        "en": "No check has a hidden part: learners can type in what the checks expect.",
    },
    "solution_left": {
        "th": "คำตอบต้นแบบของเซลล์นี้ยังอ่านได้ในเซลล์ที่ {other} ของโน้ตบุ๊กผู้เรียน",
        "en": "The solution of this cell can be read in cell {other} of the learner's notebook.",
    },
    "solution_line_left": {
        "th": "บรรทัดหนึ่งของคำตอบต้นแบบยังอ่านได้ในเซลล์ที่ {other} ของโน้ตบุ๊กผู้เรียน: {line}",
        "en": "A line of this solution can be read in cell {other} of the learner's notebook: {line}",
    },
    "manual": {
        "th": "ส่วนนี้มีคนเป็นผู้ตรวจ ({points} คะแนน)",
        "en": "This part is read by a person ({points} points).",
    },
}

# What of an Otter notebook has no counterpart.
OTTER: dict[str, Text] = {
    "other_language": {
        "th": "โน้ตบุ๊กภาษา R ยังนำเข้าไม่ได้",
        "en": "notebooks in R cannot be imported yet",
    },
    "not_closed": {"th": "ไม่มี END QUESTION ปิดท้าย", "en": "there is no END QUESTION for it"},
    "out_of_place": {"th": "เครื่องหมายนี้ไม่เข้าคู่กับเครื่องหมายก่อนหน้า", "en": "this mark does not match the ones before it"},
    "setting": {"th": "ไม่รู้จักการตั้งค่านี้", "en": "this setting is not known"},
    "files": {
        "th": "อัปโหลดไฟล์ข้อมูลเหล่านี้ไปพร้อมกับแบบฝึกหัด: {names}",
        "en": "upload these data files with the exercise: {names}",
    },
    "seed": {
        "th": "ผู้เรียนและการตรวจใช้ค่า seed เดียวกันตามที่เขียนไว้ในโน้ตบุ๊ก",
        "en": "learners and grading use the same seed, the one in the notebook",
    },
    "generate_seed": {
        "th": "Otter กำหนด seed นี้ก่อนรันทุกเซลล์ ระบบนี้ไม่ทำเช่นนั้น ให้กำหนด seed ในเซลล์ที่ใช้ค่าสุ่ม",
        "en": "Otter sets this seed before every cell, which is not done here: set it in the cells that use chance",
    },
    "config_file": {
        "th": "อ่านไฟล์การตั้งค่าแยกไม่ได้ ให้เขียนการตั้งค่าไว้ในโน้ตบุ๊ก",
        "en": "a separate file of settings is not read: write the settings into the notebook",
    },
    "plugin": {"th": "ไม่รองรับปลั๊กอิน", "en": "plugins are not supported"},
    "no_name": {"th": "คำถามไม่มีชื่อ (name)", "en": "the question has no name"},
    "solution_outside": {
        "th": "คำตอบอยู่นอก BEGIN SOLUTION ผู้เรียนจะเห็นบรรทัดนี้",
        "en": "a solution outside of BEGIN SOLUTION: learners would see this line",
    },
    "solution_text": {
        "th": "ข้อความในส่วนคำตอบถูกตัดออก เพราะผู้เรียนไม่ควรเห็น",
        "en": "text within a solution was left out: learners are not to see it",
    },
    "whole_solution": {
        "th": "ไม่มีเครื่องหมาย SOLUTION ในเซลล์ จึงถือว่าทั้งเซลล์เป็นคำตอบ",
        "en": "no line is marked SOLUTION, so the whole cell is taken for the solution",
    },
    "tests_of_manual": {
        "th": "คำถามที่คนเป็นผู้ตรวจมีตัวตรวจไม่ได้",
        "en": "a question that a person grades has no tests",
    },
    "manual_points": {
        "th": "ไม่ได้กำหนดคะแนน จึงให้ 1 คะแนน",
        "en": "no points are given, so it is worth 1 point",
    },
    "points": {"th": "อ่านคะแนนนี้ไม่ได้", "en": "these points are not understood"},
    "no_tests": {
        "th": "คำถามนี้ไม่มีตัวตรวจ จึงไม่มีคะแนน",
        "en": "the question has no tests, so it is worth nothing",
    },
    "test_code": {"th": "อ่านโค้ดของตัวตรวจนี้ไม่ได้", "en": "the code of this test is not understood"},
    "no_output": {
        "th": "ไม่มีผลลัพธ์บันทึกไว้ใต้เซลล์ จึงไม่รู้ว่าคาดหวังค่าใด ให้รันเซลล์แล้วบันทึก หรือเขียนเป็น assert",
        "en": "no output is saved below the cell, so what is expected is not known: run it and save, or write an "
        "assertion",
    },
    "output": {
        "th": "ผลลัพธ์ใต้เซลล์มีหลายส่วน ให้เขียนตัวตรวจเป็น assert แทน",
        "en": "the output below the cell has several parts: write the test as an assertion",
    },
    "env": {
        "th": "ตัวตรวจใช้ env หรือ * ไม่ได้ ให้ระบุชื่อที่ใช้เป็นอาร์กิวเมนต์",
        "en": "a test cannot take env or *: name what it uses as arguments",
    },
}
