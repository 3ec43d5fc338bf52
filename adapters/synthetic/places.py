"""Where people live: real outward codes of Coventry, invented streets, inward codes, UPRNs and house numbers."""

from datetime import date
from random import Random

from adapters.synthetic.organisations import PRACTICES
from adapters.synthetic.world import Address

STREETS: dict[str, tuple[tuple[str, str], ...]] = {
    "X90101": (("Larkspur Green", "CV5 7QZ"), ("Quarry Oak Lane", "CV5 7ZR"), ("Pickards Way", "CV5 9ZB")),
    "X90102": (("Beaumont Fold", "CV6 4ZQ"), ("Ribbon Weavers Close", "CV6 4ZX"), ("Penny Park Rise", "CV6 2ZD")),
    "X90201": (("Canal Basin Row", "CV6 3ZS"), ("Thackhall Terrace", "CV6 1ZL"), ("Spon Gate Walk", "CV1 3ZE")),
    "X90202": (("Sunnyside Parade", "CV6 5ZN"), ("Edgewick Mews", "CV6 5ZT"), ("Loom Street", "CV6 7ZG")),
    "X90301": (("Charter Copse", "CV4 8ZA"), ("Wolfe Meadow", "CV4 8ZP"), ("Prior Field Road", "CV4 7ZJ")),
    "X90302": (("Hawthorn Ride", "CV4 9ZF"), ("Banner Brook Close", "CV4 9ZU"), ("Jardine Crest", "CV4 9ZY")),
    "X90401": (("Poplar Avenue South", "CV5 6ZH"), ("Clockmakers Street", "CV5 6ZB"), ("Stanley Orchard", "CV5 6ZW")),
    "X90402": (("Quinton Pool Road", "CV3 5ZR"), ("Daventry Rise", "CV3 5ZD"), ("Park Deer Walk", "CV1 2ZN")),
    "X90501": (("Attoxhall Close", "CV2 5ZA"), ("Dane Meadow Road", "CV2 5ZG"), ("Wyken Croft Lane", "CV2 3ZQ")),
    "X90502": (("Roseberry Bank", "CV2 1ZS"), ("Deedmore Rise", "CV2 1ZH"), ("Almond Tree Grove", "CV2 2ZX")),
    "X90601": (("Remembrance Way", "CV3 3ZE"), ("Middle Ride Close", "CV3 3ZT"), ("Stretton Leys", "CV3 4ZL")),
    "X90602": (("Brandon Mill Road", "CV3 2ZU"), ("Hipswell Fields", "CV2 4ZJ"), ("Sowe Bridge Lane", "CV3 1ZP")),
}
"""Practice -> (street, postcode) of its patients."""

CARE_HOMES = {
    "X9K01": Address(
        ("The Limes Residential Home", "14 Poplar Avenue South"), "CV5 6ZH", date(2000, 1, 1), care_home="X9K01"
    ),
    "X9K02": Address(("Spon End Nursing Home", "2 Spon Gate Walk"), "CV1 3ZE", date(2000, 1, 1), care_home="X9K02"),
    "X9K03": Address(
        ("Whitley Court Residential Home", "61 Remembrance Way"), "CV3 3ZE", date(2000, 1, 1), care_home="X9K03"
    ),
}
"""Organisation code -> address of the home; `since` is replaced by the resident's own date (`care_home_address`)."""

CARE_HOME_PRACTICES = {"X9K01": "X90401", "X9K02": "X90201", "X9K03": "X90601"}
"""Care home -> the practice that looks after it."""

PRACTICE_CODES = tuple(practice.code for practice in PRACTICES)


def home_address(rng: Random, practice: str, since: date) -> Address:
    """An invented home in the area of `practice` (organisation code); one in six is a numbered flat."""
    street, postcode = rng.choice(STREETS[practice])
    number = rng.randint(1, 180)
    uprn = f"9{rng.randrange(10**11):011d}"
    if rng.random() < 1 / 6:
        flat = f"Flat {rng.randint(1, 24)}"
        return Address((flat, f"{number} {street}"), postcode, since, uprn=uprn)
    return Address((f"{number} {street}",), postcode, since, uprn=uprn)


def care_home_address(code: str, since: date) -> Address:
    """The address of care home `code`, lived at from `since`."""
    home = CARE_HOMES[code]
    return Address(home.lines, home.postcode, since, care_home=code)


def phone(rng: Random) -> str:
    """A number of the ranges that Ofcom keeps for drama: mobile 07700 900nnn, landline 01632 960nnn."""
    if rng.random() < 0.7:
        return f"07700900{rng.randrange(1000):03d}"
    return f"01632960{rng.randrange(1000):03d}"
