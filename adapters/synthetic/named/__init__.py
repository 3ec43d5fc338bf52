"""The named people of the docs: always the same, whatever the seed and however many others there are.

| key | who | NHS number | knows them |
|---|---|---|---|
| mrs-t | Mrs T, Edith Tanner, 84 | 999 000 0018 | X90401, X9A, X9C, X9L, X9V01 |
| mrs-b | Mrs B, Brenda Barlow, 69 | 999 000 0026 | X90502, X9A, X9C, X9L |
| care-home-resident | Arthur Whitcombe, 79, The Limes | 999 000 0034 | X90401, X9A, X9C, X9L |
| mr-p | Mr P, Cyril Pemberton, 91, Spon End | 999 000 0042 | X90201, X9A, X9C, X9L |
| learning-disability | Darren Whitehouse, 42 | 999 000 0050 | X90602, X9A, X9C, X9L |
| deaf-bsl | Anne-Marie Kearney, 57 | 999 000 0069 | X90402, X9A, X9V01 |
| objector | Roger Haddon, 71 | 999 000 0077 | X90301, X9A, X9C |
| restricted-address | Joanna Sikora, 34 | 999 000 0085 | X90501, X9A, X9L, X9V01 |
| sensitive-codes | Chloe Bennett, 27 | 999 000 0093 | X90202, X9A, X9C |
| withdrawn-consent | Winston Blake, 73 | 999 000 0107 | X90601, X9A, X9V01 |
| rough-sleeper | Tomasz Wrobel, about 46 | none known | X9A, X9V02 |
| twin-a | Zara Hussain, 24 | 999 000 0115 | X90302, X9A |
| twin-b | Zahra Hussain, 24 | 999 000 0123 | X90302, X9A |
| mother-same-name | Margaret Kelly, 86 | 999 000 0158 | X90101, X9A, X9C, X9L |
| daughter-same-name | Margaret Kelly, 61 | 999 000 0166 | X90101, X9A |
| merged-number | Stanislaw Dudek, 78 (the hospital first held 999 000 0182) | 999 000 0174 | X90102, X9A |
| child | Callum Reid, 9 | 999 000 0190 | X90202, X9A, X9C |
| died | Doreen Atkins, 88 had she lived | 999 000 0204 | X90301, X9A, X9C, X9L, X9V01 |
"""

from datetime import date

from adapters.synthetic.named import (
    adjustment_cases,
    care_home_resident,
    choice_cases,
    identity_cases,
    life_cases,
    mr_p,
    mrs_b,
    mrs_t,
)
from adapters.synthetic.named.story import Story


def named_people(today: date) -> list[Story]:
    """The named people as of `today`, in the order of the table above."""
    return [
        mrs_t.story(today),
        mrs_b.story(today),
        care_home_resident.story(today),
        mr_p.story(today),
        adjustment_cases.learning_disability(today),
        adjustment_cases.deaf_signer(today),
        choice_cases.objector(today),
        choice_cases.restricted_address(today),
        choice_cases.sensitive_codes(today),
        choice_cases.withdrawn_consent(today),
        identity_cases.rough_sleeper(today),
        *identity_cases.twins(today),
        *identity_cases.same_name(today),
        identity_cases.corrected_number(today),
        life_cases.child(today),
        life_cases.died(today),
    ]
