"""What others wrote, in a file that somebody opens in a spreadsheet."""

# Excel takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@")


def harmless(cell: object) -> str:
    """The cell's text in one line, without control characters, and as no formula."""
    text = "".join(character if character >= " " else " " for character in str(cell)).strip()
    return f"'{text}" if text.startswith(_FORMULA) else text
