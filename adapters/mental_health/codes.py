"""Every code of the MHSDS lists that are known, so that another one is reported to its sender. Words and targets stand
in the ConceptMaps of the same lists; a test keeps the two equal. Lists that MHSDS shares with CSDS, as attributes of
one NHS Data Dictionary, stand in `adapters/tables/codes.py`.

Not available, and therefore not checked: SOURCE OF REFERRAL FOR MENTAL HEALTH, CARE PLAN CONTENT AGREED BY, the reasons
for closure, rejection and cancellation, CONSULTATION MEDIUM USED, the lists of MHS901.
"""

from adapters.tables.codes import listed

TEAM_TYPE = listed(
    "A01 A02 A03 A04 A05 A06 A07 A08 A09 A10 A11 A12 A13 A14 A15 A16 A17 A18 A19 A20 A21 A22 A23 A24 A25 B01 B02 "
    "C01 C02 C04 C05 C06 C07 C08 C10 D01 D02 D03 D04 D05 D06 D07 D08 E01 E02 E03 E04 F01 F02 F03 F04 F05 F06 Z01 Z02"
)
"""SERVICE OR TEAM TYPE REFERRED TO (MENTAL HEALTH), versions 4 to 6."""
CARE_PLAN_TYPE = listed("10 11 12 13 14")
REFERRAL_REASON = listed("01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 18 19 20 21 22 23 24 25 26 27 28 29 30 31")
LEGAL_STATUS = listed("01 02 03 04 05 06 07 08 09 10 12 13 14 15 16 17 18 19 20 31 32 35 36 37 38 98 99")
"""As UK Core took them over."""
DIAGNOSIS_STATUS = listed("1 2 3 4 5 U X Z")
"""Of learning disability, and of autism."""
CHILD_PROTECTION = listed("1 2 3 X")
GENDER = listed("1 2 3 4 9 X Z")
"""GENDER IDENTITY CODE and PERSON STATED GENDER CODE."""
