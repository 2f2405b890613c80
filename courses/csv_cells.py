"""What others wrote, in a file that somebody opens in a spreadsheet."""

# Excel takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: object) -> str:
    """The cell's text without control characters, and as no formula."""
    text = "".join(character for character in str(cell) if character >= " ")
    return f"'{text}" if text.startswith(_FORMULA) else text
