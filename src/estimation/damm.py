"""Damm's check digit: one wrong digit, or two swapped, is no other's code (Damm 2004)."""

DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def check_digit(number: str) -> str:
    """Give the digit that, put behind the number, makes the check come out as 0."""
    return str(_state(number))  # the table's diagonal is 0


def checks_out(number: str) -> bool:
    """Tell whether the last digit checks the others."""
    return number.isdecimal() and number.isascii() and _state(number) == 0


def _state(number: str) -> int:
    state = 0
    for digit in number:
        state = int(DAMM[state][int(digit)])
    return state
