"""How a Thai name is written. No Django here."""

# These join the given name without a space; ranks, degrees and royal titles stand apart.
JOINED_TITLES = frozenset({"นาย", "นาง", "นางสาว", "คุณ", "ดร.", "นพ.", "พญ.", "ผศ.", "รศ.", "ศ."})


def full_name(title: str, given: str, family: str) -> str:
    """Title, given and family name as one line: ``นายสมชาย ใจดี``, ``ว่าที่ร้อยตรี สมชาย ใจดี``, ``ปิ่น``."""
    separator = "" if title in JOINED_TITLES else " "
    return " ".join(f"{title}{separator}{given} {family}".split())
