"""Draws the figures of the lessons: ``python courses/demo/figures/draw.py [NAME …]``, from the project's folder.

Each figure is written once, with its words in both languages, and becomes NAME-th.svg, NAME-en.svg and their PNG, drawn
by Chromium in Sarabun. Lessons show the PNG: what an SVG in a page may use as fonts differs from machine to machine.
"""

import itertools
import math
import subprocess
import sys
from collections.abc import Callable
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
FONTS = HERE.parents[2] / "sandboxes" / "share" / "fonts"
INK, PAPER, DARK, LIGHT, GOLD, CREAM, RED = "#1c2b31", "#ffffff", "#0b3c4d", "#e6f0f2", "#c07c00", "#fff7e6", "#a3341f"
GREY, AMBER = "#33474f", "#8a5a00"  # amber: gold that is dark enough for text
Words = tuple[str, str]


class Figure:
    """SVG in one language; words are given as (Thai, English), lines of a text are parted by ``|``."""

    def __init__(self, language: str, width: int, height: int) -> None:
        self.language, self.width, self.height = language, width, height
        self.parts: list[str] = []

    def say(self, words: Words | str) -> str:
        return words if isinstance(words, str) else words[self.language == "en"]

    def text(self, x: float, y: float, words: Words | str, size: int = 22, **kw: str) -> None:
        look = {"fill": INK, "text-anchor": "middle"} | {name.replace("_", "-"): value for name, value in kw.items()}
        attributes = "".join(f' {name}="{value}"' for name, value in look.items())
        lines = self.say(words).split("|")
        top = y - (len(lines) - 1) * size * 0.75
        for number, line in enumerate(lines):
            at = f'x="{x:g}" y="{top + number * size * 1.5:g}"'
            self.parts.append(f'<text {at} font-size="{size}"{attributes}>{escape(line)}</text>')

    def box(self, x: float, y: float, w: float, h: float, words: Words | str = "", **kw: object) -> None:
        fill, stroke = kw.get("fill", LIGHT), kw.get("stroke", DARK)
        frame = f'x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{kw.get("rx", 8)}"'
        self.parts.append(f'<rect {frame} fill="{fill}" stroke="{stroke}" stroke-width="2"/>')
        size = int(str(kw.get("size", 22)))
        self.text(x + w / 2, y + h / 2 + size * 0.34, words, size, fill=str(kw.get("ink", INK)))

    def arrow(self, x1: float, y1: float, x2: float, y2: float, stroke: str = GREY) -> None:
        turn = math.atan2(y2 - y1, x2 - x1)
        ends = [(x2 - 13 * math.cos(turn + d), y2 - 13 * math.sin(turn + d)) for d in (-0.45, 0.45)]
        head = " ".join(f"{x:.1f},{y:.1f}" for x, y in [(x2, y2), *ends])
        self.parts.append(f'<path d="M{x1:g} {y1:g} L{x2:g} {y2:g}" stroke="{stroke}" stroke-width="2.5"/>')
        self.parts.append(f'<polygon points="{head}" fill="{stroke}"/>')

    def line(self, x1: float, y1: float, x2: float, y2: float, stroke: str = GREY, width: float = 2) -> None:
        self.parts.append(f'<path d="M{x1:g} {y1:g} L{x2:g} {y2:g}" stroke="{stroke}" stroke-width="{width}"/>')

    def svg(self) -> str:
        size = f'viewBox="0 0 {self.width} {self.height}" width="{self.width}" height="{self.height}"'
        ground = f'<rect width="{self.width}" height="{self.height}" fill="{PAPER}"/>'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="Sarabun, sans-serif">'
        return "\n".join([head, ground, *self.parts, "</svg>"]) + "\n"


def framework(f: Figure) -> None:
    f.parts.append(f'<polygon points="450,20 860,140 40,140" fill="{DARK}"/>')
    roof = ("ข้อมูลมีคุณภาพ ปลอดภัย ใช้ประโยชน์ได้", "Data of good quality, safe and useful")
    f.text(450, 115, roof, 24, fill=PAPER, font_weight="700")
    pillars = [
        ("ผู้รับผิดชอบ", "People|responsible"),
        ("นโยบาย", "Policy"),
        ("กระบวนการ", "Process"),
        ("มาตรฐาน", "Standards"),
        ("การวัดผล", "Measure-|ment"),
    ]
    for number, words in enumerate(pillars):
        f.box(70 + number * 156, 160, 136, 190, words, size=24)
    f.box(
        40,
        370,
        820,
        70,
        ("ฐาน: บัญชีข้อมูลของหน่วยงาน", "Foundation: the agency's data catalog"),
        fill=CREAM,
        stroke=GOLD,
        size=26,
    )


def lifecycle(f: Figure) -> None:
    stages = [
        ("1 สร้าง", "1 Create"),
        ("2 จัดเก็บ", "2 Store"),
        ("3 ใช้", "3 Use"),
        ("4 เผยแพร่", "4 Share"),
        ("5 เก็บถาวร", "5 Archive"),
        ("6 ทำลาย", "6 Destroy"),
    ]
    places = [(450 + 310 * math.sin(n * math.pi / 3), 265 - 205 * math.cos(n * math.pi / 3)) for n in range(6)]
    for number in range(5):
        (x1, y1), (x2, y2) = places[number], places[number + 1]
        f.arrow(x1 + (x2 - x1) * 0.36, y1 + (y2 - y1) * 0.36, x1 + (x2 - x1) * 0.66, y1 + (y2 - y1) * 0.66)
    for (x, y), words in zip(places, stages, strict=True):
        f.box(x - 85, y - 34, 170, 68, words, size=25)
    f.text(
        450, 272, ("คุณภาพและความปลอดภัย|ในทุกขั้น", "Quality and safety|at every stage"), 24, fill=AMBER, font_weight="700"
    )


def sharing(f: Figure) -> None:
    steps = [
        (
            ("1 มีกฎหมายห้ามหรือไม่", "1 Does a law forbid it?"),
            ("มี: ไม่เปิดเผย|บันทึกมาตรา", "Yes: do not share,|note the section"),
        ),
        (("2 มีข้อมูลส่วนบุคคลหรือไม่", "2 Is there personal data?"), ("ไม่มี: ไปข้อ 5", "No: go to 5")),
        (("3 ลดให้ไม่ระบุตัวได้หรือไม่", "3 Can it be reduced?"), ("ได้: ใช้ฉบับที่ลดแล้ว", "Yes: use the reduced version")),
        (
            ("4 ผู้รับมีอำนาจและวัตถุประสงค์หรือไม่", "4 Power and a clear purpose?"),
            ("ไม่มี: ไม่ให้|มี: ให้เท่าที่จำเป็น", "No: refuse|Yes: only what is needed"),
        ),
        (("5 เปิดให้ทุกคนได้หรือไม่", "5 Can it be open to all?"), ("ได้: เป็นข้อมูลเปิด", "Yes: open data")),
    ]
    for number, (question, way) in enumerate(steps):
        y = 20 + number * 104
        f.box(40, y, 440, 72, question, size=23)
        f.arrow(484, y + 36, 556, y + 36)
        f.box(562, y, 310, 72, way, fill=CREAM, stroke=GOLD, size=20)
        if number < 4:
            f.arrow(260, y + 74, 260, y + 102)


def k(f: Figure) -> None:
    def table(x: int, head: list[Words | str], rows: list[list[Words | str]], result: Words, colour: str) -> None:
        for r, row in enumerate([head, *rows]):
            for c, cell in enumerate(row):
                fill = DARK if r == 0 else (LIGHT if (r - 1) // (1 if x < 400 else 2) % 2 else PAPER)
                f.box(x + c * 190, 50 + r * 48, 190, 48, cell, fill=fill, rx=0, size=21, ink=PAPER if r == 0 else INK)
        f.text(x + 190, 340, result, 26, fill=colour, font_weight="700")

    age: Words = ("อายุ", "Age")
    east, west = ("หนองสาธิต", "Nong Satit"), ("ดอนสาธิต", "Don Satit")
    town = ("เมืองสาธิต", "Mueang Satit")
    rows: list[list[Words | str]] = [["34", east], ["39", west], ["68", west], ["71", east]]
    table(30, [age, ("ตำบล", "Sub-district")], rows, ("กลุ่มละ 1 คน: k = 1", "Groups of one: k = 1"), RED)
    young, old = ("ไม่เกิน 39", "up to 39"), ("60 ขึ้นไป", "60 and more")
    bands: list[list[Words | str]] = [[young, town], [young, town], [old, town], [old, town]]
    table(
        490, [("ช่วงอายุ", "Age band"), ("อำเภอ", "District")], bands, ("กลุ่มละ 2 คน: k = 2", "Groups of two: k = 2"), DARK
    )
    f.arrow(420, 170, 480, 170)


def fiscal(f: Figure) -> None:
    f.text(450, 40, ("ปีงบประมาณ 2568", "Fiscal year 2568"), 28, font_weight="700", fill=DARK)
    thai = ["ต.ค.", "พ.ย.", "ธ.ค.", "ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย."]
    english = ["Oct", "Nov", "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep"]
    for number in range(12):
        fill = CREAM if number < 3 else LIGHT
        f.box(30 + number * 70, 70, 70, 64, (thai[number], english[number]), fill=fill, rx=0, size=20)
    f.text(135, 172, ("พ.ศ. 2567", "B.E. 2567"), 24, fill=AMBER, font_weight="700")
    f.text(555, 172, ("พ.ศ. 2568", "B.E. 2568"), 24, fill=DARK, font_weight="700")
    f.arrow(60, 250, 60, 140)
    f.text(30, 282, ("1 ต.ค. 2567 เริ่มต้น", "1 October 2567: begins"), 21, text_anchor="start")
    f.arrow(840, 250, 840, 140)
    f.text(870, 282, ("30 ก.ย. 2568 สิ้นสุด", "30 September 2568: ends"), 21, text_anchor="end")


def joining(f: Figure) -> None:
    left, right = (
        [("กทม.", "2"), ("อยุธยา", "1"), ("ตราด", "3")],
        [("กรุงเทพมหานคร", "5,500"), ("พระนครศรีอยุธยา", "820"), ("ตราด ", "230")],
    )
    f.text(150, 40, ("คำร้อง", "Requests"), 24, font_weight="700")
    f.text(700, 40, ("จังหวัด", "Provinces"), 24, font_weight="700")
    for number in range(3):
        y = 60 + number * 62
        f.box(40, y, 150, 50, left[number][0], rx=0)
        f.box(190, y, 70, 50, left[number][1], rx=0, fill=PAPER)
        f.box(560, y, 210, 50, right[number][0], rx=0)
        f.box(770, y, 100, 50, right[number][1], rx=0, fill=PAPER)
        f.arrow(270, y + 25, 550, y + 25, DARK)
    f.box(
        300,
        60,
        220,
        176,
        ("ทำชื่อให้ตรงกัน|ทั้งสองตาราง|แล้วจึงเชื่อม", "Make names agree|in both tables,|then join"),
        fill=CREAM,
        stroke=GOLD,
        size=22,
    )
    f.text(
        450,
        290,
        ("ตรวจหลังเชื่อม: แถวเท่าเดิม · จับคู่ได้ครบ · ยอดรวมเท่าเดิม", "After joining: same rows · all matched · same total"),
        23,
        fill=DARK,
    )


def charts(f: Figure) -> None:
    kinds: list[tuple[Words, Words]] = [
        (("เปรียบเทียบ", "Compare"), ("แท่งเรียงลำดับ", "sorted bars")),
        (("เปลี่ยนตามเวลา", "Change over time"), ("เส้น", "line")),
        (("สัดส่วนของทั้งหมด", "Parts of a whole"), ("แท่งเดี่ยวแบ่งส่วน", "one divided bar")),
        (("การกระจาย", "Distribution"), ("ฮิสโทแกรม", "histogram")),
        (("ความสัมพันธ์", "Relationship"), ("จุดกระจาย", "scatter")),
    ]
    for number, (question, chart) in enumerate(kinds):
        x = 20 + number * 174
        f.box(x, 20, 164, 64, question, size=20, fill=DARK, ink=PAPER)
        f.box(x, 94, 164, 180, fill=PAPER)
        f.text(x + 82, 312, chart, 21, fill=AMBER, font_weight="700")
    for number, length in enumerate((130, 100, 76, 40)):
        f.box(32, 112 + number * 38, length, 26, rx=0, fill=DARK)
    points = [(206, 240), (238, 214), (270, 226), (302, 168), (338, 132)]
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        f.line(x1, y1, x2, y2, DARK, 4)
    for x, width, fill in ((380, 70, DARK), (450, 44, GOLD), (494, 26, GREY)):
        f.box(x, 160, width, 44, rx=0, fill=fill, stroke=PAPER)
    for number, height in enumerate((24, 62, 120, 86, 34, 14)):
        f.box(556 + number * 23, 262 - height, 22, height, rx=0, fill=DARK, stroke=PAPER)
    for x, y in ((735, 236), (752, 214), (768, 222), (782, 190), (804, 176), (818, 150), (842, 132), (850, 158)):
        f.parts.append(f'<circle cx="{x}" cy="{y}" r="7" fill="{DARK}"/>')


def axes(f: Figure) -> None:
    def bars(x: int, base: float, top: float, title: Words, colour: str) -> None:
        f.text(x + 190, 40, title, 24, fill=colour, font_weight="700")
        f.line(x + 60, 290, x + 360, 290)
        f.line(x + 60, 70, x + 60, 290)
        for number, value in enumerate((82, 84)):
            height = (value - base) / (top - base) * 210
            f.box(x + 100 + number * 130, 290 - height, 90, height, rx=0, fill=colour)
            f.text(x + 145 + number * 130, 320, str(2567 + number), 21)
            f.text(x + 145 + number * 130, 280 - height, f"{value} %", 21)
        f.text(x + 50, 296, f"{base:g}", 20, text_anchor="end")
        f.text(x + 50, 86, f"{top:g}", 20, text_anchor="end")

    bars(20, 81, 85, ("แกนเริ่มที่ 81: ดูเหมือนสามเท่า", "Axis from 81: looks threefold"), RED)
    bars(470, 0, 100, ("แกนเริ่มที่ 0: ต่างกัน 2 จุด", "Axis from 0: 2 points apart"), DARK)


def brief(f: Figure) -> None:
    f.box(240, 15, 420, 530, fill=PAPER)
    parts: list[tuple[int, int, Words, str]] = [
        (30, 70, ("คำตอบและข้อเสนอ|ในสองประโยคแรก", "Answer and proposal|in the first two sentences"), CREAM),
        (110, 60, ("หลักฐานสามข้อพร้อมตัวเลข", "Three facts with numbers"), LIGHT),
        (180, 150, ("กราฟหนึ่งรูป|ชื่อ หน่วย แหล่งข้อมูล", "One chart:|title, unit, source"), LIGHT),
        (340, 60, ("ข้อจำกัดของข้อมูล", "Limits of the data"), CREAM),
        (410, 60, ("ทางเลือกและผลที่ตามมา", "Options and consequences"), LIGHT),
        (480, 50, ("ผู้รับผิดชอบ วันที่ แหล่งที่มา", "Who, when, sources"), LIGHT),
    ]
    for y, height, words, fill in parts:
        f.box(260, y, 380, height, words, fill=fill, size=22)
    f.text(120, 70, ("ถ้าอ่านแค่นี้|ต้องเข้าใจ", "Read only this|and understand"), 21, fill=AMBER, font_weight="700")
    f.arrow(200, 66, 250, 66, GOLD)
    f.text(800, 375, ("อย่าลืม", "Never left out"), 21, fill=AMBER, font_weight="700")
    f.arrow(712, 370, 650, 370, GOLD)


DRAWN: dict[str, tuple[Callable[[Figure], None], int, int]] = {
    "framework": (framework, 900, 460),
    "lifecycle": (lifecycle, 900, 530),
    "sharing": (sharing, 900, 530),
    "k": (k, 900, 360),
    "fiscal": (fiscal, 900, 300),
    "joining": (joining, 900, 310),
    "charts": (charts, 900, 330),
    "axes": (axes, 900, 340),
    "brief": (brief, 900, 560),
}


def picture(svg: Path, width: int, height: int) -> None:
    """NAME.png beside NAME.svg."""
    with TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        faces = "".join(
            f"@font-face {{ font-family: Sarabun; font-weight: {weight}; src: url('{FONTS}/{name}'); }}"
            for weight, name in ((400, "Sarabun-Regular.ttf"), (700, "Sarabun-Bold.ttf"))
        )
        page.write_text(f"<meta charset=utf-8><style>{faces} body {{ margin: 0 }}</style>{svg.read_text()}")
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder}/profile",
        ]
        look = [f"--screenshot={svg.with_suffix('.png')}", f"--window-size={width},{height}", page.as_uri()]
        subprocess.run(["chromium", *flags, *look], check=True, capture_output=True, timeout=60)


if __name__ == "__main__":
    for name in sys.argv[1:] or DRAWN:
        draw, width, height = DRAWN[name]
        for language in ("th", "en"):
            figure = Figure(language, width, height)
            draw(figure)
            path = HERE / f"{name}-{language}.svg"
            path.write_text(figure.svg(), encoding="utf-8")
            picture(path, width, height)
            print(path.with_suffix(".png"))
