"""NHS numbers of the test range 999 nnn nnnn, which is never issued to anybody.

Check digit: weights 10..2 over nine digits, 11 - (sum mod 11), 11 counts as 0, 10 means the number does not exist
(https://www.datadictionary.nhs.uk/attributes/nhs_number.html).
"""

from collections.abc import Iterator

NAMED_SERIALS = range(1000)
"""Serials (digits 4 to 9) kept for the named people; everyone else is numbered above them."""
_PLACES = 1_000_000
_STRIDE = 7919
"""Prime, and no divisor of the 999,000 free serials: stepping by it visits each of them once, in no visible order."""
_PLACEHOLDER = "9999999999"
"""Passes the check digit, and is what systems write for "unknown": nobody has it."""


def check_digit(nine_digits: str) -> int:
    """The Mod 11 check digit of nine digits; 10 when no number starts with them."""
    total = sum(int(digit) * weight for digit, weight in zip(nine_digits, range(10, 1, -1), strict=True))
    return (11 - total % 11) % 11


def nhs_number(serial: int) -> str | None:
    """The test number 999 + six digits of `serial` + check digit; None when that serial has no valid number."""
    digits = f"999{serial:06d}"
    check = check_digit(digits)
    number = f"{digits}{check}"
    return None if check == 10 or number == _PLACEHOLDER else number


def is_valid(number: str) -> bool:
    """Ten digits of the test range whose last is the check digit of the others."""
    return len(number) == 10 and number.isdigit() and number[:3] == "999" and number[9] == str(check_digit(number[:9]))


def numbers() -> Iterator[str]:
    """Every test number that no named person has, always in the same order (about 908,000 of them)."""
    free = _PLACES - len(NAMED_SERIALS)
    for step in range(free):
        number = nhs_number(len(NAMED_SERIALS) + step * _STRIDE % free)
        if number:
            yield number
