"""Lists of the NHS Data Dictionary that several data sets share: every code that is known, so that a retired or unknown
one is reported to its sender. The words and targets stand in the ConceptMaps of the same lists; a test keeps the two
equal."""


def listed(codes: str) -> frozenset[str]:
    """The codes of a list that is written with spaces between them."""
    return frozenset(codes.split())


ATTENDANCE = listed("0 2 3 4 5 6 7")
MECHANISM = listed("01 02 04 05 09 10 11 12 13 98")
"""CONSULTATION MECHANISM."""
CONSULTATION_TYPE = listed("01 02")
CONTACT_SUBJECT = listed("01 02")
LOCATION_TYPE = listed(
    "A01 A02 A03 A04 B01 B02 C01 C02 C03 D01 D02 D03 E01 E02 E03 E04 E99 F01 G01 G02 G03 G04 H01 J01 K01 K02 L01 L02 "
    "L03 L04 L05 L06 L99 M01 M02 M03 M04 M05 M06 M07 N01 N02 N03 N04 N05 X01"
)
"""ACTIVITY LOCATION TYPE CODE (NHS Data Dictionary change request 1763)."""
ETHNIC_CATEGORY = listed("A B C D E F G H J K L M N P R S Z 99")
NHS_NUMBER_STATUS = listed("01 02 03 04 05 06 07 08")
PRIORITY = listed("1 2 3")
DISABILITY = listed("01 02 03 04 05 06 07 08 09 10 XX NN ZZ")
