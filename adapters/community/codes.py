"""Every code of those CSDS lists that are known, so that a retired or unknown code is reported to its sender. The words
and targets stand in the ConceptMaps of the same lists; a test keeps the two equal. Lists that CSDS shares with other
data sets stand in `adapters/tables/codes.py`.

Not obtained, and therefore not checked: CARE PLAN TYPE, SOURCE OF REFERRAL, the reasons for referral, closure,
rejection and cancellation, ACCOMMODATION STATUS, SAFEGUARDING VULNERABILITY FACTORS TYPE, CONSULTATION MEDIUM USED
(the list before CONSULTATION MECHANISM), REFERRAL TO TREATMENT PERIOD STATUS, the lists of CYP901. Their codes are
carried as sent.
"""

from adapters.tables.codes import listed

TEAM_TYPE = listed(
    "01 02 03 04 05 06 07 09 10 11 12 13 14 15 16 17 19 20 21 23 24 25 26 27 29 30 31 32 33 34 35 36 37 38 39 40 41 42 "
    "43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58"
)
"""SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE); 08, 18, 22 and 28 are retired."""
ACTIVITY_TYPE = listed("01 02 03 04 05 06 07 08 09 10 11 12 97")
GROUP_THERAPY = listed("Y N Z")
ADMINISTRATIVE_CATEGORY = listed("01 02 03 04 98 99")
STATED_GENDER = listed("1 2 9 X")
DIAGNOSIS_SCHEME = listed("02 04 05 06")
FINDING_SCHEME = listed("01 02 03 04")
OBSERVATION_SCHEME = listed("01 02 03")
PROCEDURE_SCHEME = listed("04 05 06")
DEATH_LOCATION = listed("10 20 21 22 30 40 41 42 50")
LANGUAGE = listed(
    "q1 q2 q3 q4 q5 aa ab af ak sq am ar an hy as av ae ay az ba bm eu be bn bh bi bo bs br bg my ca cs ch ce zh cu cv "
    "kw co cr cy da de dv nl dz el en eo et ee fo fa fj fi fr fy ff ka gd ga gl gv gn gu ht ha he hz hi ho hr hu ig is "
    "io ii iu ie ia id ik it jv ja kl kn ks kr kk km ki rw ky kv kg ko kj ku lo la lv li ln lt lb lu lg mk mh ml mi mr "
    "ms mg mt mo mn na nv nr nd ng ne nn nb no ny oc oj or om os pa pi pl pt ps qu rm ro rn ru sg sa sr si sk sl se sm "
    "sn sd so st es sc ss su sw sv ty ta tt te tg tl th ti to tn ts tk tr tw ug uk ur uz ve vi vo wa wo xh yi yo za zu"
)
"""LANGUAGE CODE (PREFERRED): ISO 639-1 and the q codes of the NHS Data Dictionary."""
