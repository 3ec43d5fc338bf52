"""What people here live with: conditions, medicines, allergies and reasonable adjustments, with their codes.

Conditions and allergies are SNOMED CT, medicines dm+d virtual products (also SNOMED CT), adjustments England-FlagCodeRA
(NHS England Patient Flags implementation guide).
"""

from dataclasses import dataclass

from adapters.synthetic.world import Adjustment


@dataclass(frozen=True)
class Drug:
    code: str
    term: str
    dose: str


@dataclass(frozen=True)
class Illness:
    """A long-term condition. `prevalence`: share at ages 0-17, 18-44, 45-64, 65-79 and 80 or more, raised to what
    neighbourhood teams see; `need`: how much care it brings (0 none .. 3 much); `emergency`: what brings a person with
    it to hospital (SNOMED code, words) and `specialty` who looks after them there; `impairment`: a word of
    England-ConditionCodeRA; `lifelong`: from birth."""

    code: str
    term: str
    prevalence: tuple[float, float, float, float, float]
    need: int = 1
    drugs: tuple[Drug, ...] = ()
    emergency: tuple[str, str] | None = None
    specialty: str = "300"
    impairment: str | None = None
    lifelong: bool = False


PARACETAMOL = Drug("322236009", "Paracetamol 500mg tablets", "Two tablets up to four times a day when required")
AMLODIPINE = Drug("319283006", "Amlodipine 5mg tablets", "One tablet daily")
ASPIRIN = Drug("319775004", "Aspirin 75mg tablets", "One tablet daily")
ATORVASTATIN = Drug("320030001", "Atorvastatin 20mg tablets", "One tablet at night")
APIXABAN = Drug("42206511000001102", "Apixaban 5mg tablets", "One tablet twice a day")
BISOPROLOL = Drug("318590006", "Bisoprolol 5mg tablets", "One tablet daily")
CITALOPRAM = Drug("321987003", "Citalopram 20mg tablets", "One tablet daily")
FUROSEMIDE = Drug("317972000", "Furosemide 40mg tablets", "One tablet in the morning")
GLICLAZIDE = Drug("325242002", "Gliclazide 80mg tablets", "One tablet with breakfast")
METFORMIN = Drug("325278007", "Metformin 500mg tablets", "One tablet twice a day with meals")
OMEPRAZOLE = Drug("317291008", "Omeprazole 20mg gastro-resistant capsules", "One capsule daily")
ALLOPURINOL = Drug("330062008", "Allopurinol 300mg tablets", "One tablet daily")
SALBUTAMOL = Drug(
    "39113611000001102", "Salbutamol 100micrograms/dose inhaler CFC free", "Two puffs up to four times a day"
)

BREATHLESS = ("267036007", "Dyspnea")
CHEST_PAIN = ("29857009", "Chest pain")
FALL = ("1912002", "Fall")
PNEUMONIA = ("233604007", "Pneumonia")
URINE_INFECTION = ("68566005", "Urinary tract infectious disease")
ABDOMINAL_PAIN = ("21522001", "Abdominal pain")
HEAD_INJURY = ("127279002", "Injury of head")
HIP_FRACTURE = ("5913000", "Fracture of neck of femur")
STROKE = ("230690007", "Cerebrovascular accident")
COPD_FLARE = ("195951007", "Acute exacerbation of chronic obstructive airways disease")
HEART_ATTACK = ("22298006", "Myocardial infarction")
CELLULITIS = ("128045006", "Cellulitis")
CHECK_UP = ("185349003", "Encounter for check up")
MEDICATION_REVIEW = ("182836005", "Review of medication")

ILLNESSES: dict[str, Illness] = {
    "hypertension": Illness("38341003", "Hypertensive disorder", (0, 0.04, 0.3, 0.55, 0.65), 0, (AMLODIPINE,)),
    "diabetes": Illness(
        "44054006", "Diabetes mellitus type 2", (0, 0.03, 0.15, 0.24, 0.22), 1, (METFORMIN, GLICLAZIDE),
        ("302866003", "Hypoglycemia"), "307",
    ),
    "asthma": Illness(
        "195967001", "Asthma", (0.12, 0.1, 0.09, 0.09, 0.07), 1, (SALBUTAMOL,), BREATHLESS, "340", "stamina"
    ),
    "copd": Illness(
        "13645005", "Chronic obstructive pulmonary disease", (0, 0, 0.07, 0.15, 0.15), 2, (SALBUTAMOL,), COPD_FLARE,
        "340", "stamina",
    ),
    "atrial-fibrillation": Illness(
        "49436004", "Atrial fibrillation", (0, 0, 0.03, 0.12, 0.22), 1, (APIXABAN, BISOPROLOL),
        ("80313002", "Palpitations"), "320",
    ),
    "heart-failure": Illness(
        "84114007", "Heart failure", (0, 0, 0.02, 0.08, 0.18), 3, (FUROSEMIDE, BISOPROLOL), BREATHLESS, "320", "stamina"
    ),
    "coronary": Illness(
        "53741008", "Coronary arteriosclerosis", (0, 0, 0.06, 0.16, 0.22), 1, (ASPIRIN, ATORVASTATIN), CHEST_PAIN, "320"
    ),
    "kidney": Illness("433144002", "Chronic kidney disease stage 3", (0, 0, 0.04, 0.16, 0.35), 1, (), None, "361"),
    "stroke": Illness(
        *STROKE, (0, 0.01, 0.03, 0.09, 0.14), 2, (ATORVASTATIN,), ("266257000", "Transient ischemic attack"), "430",
        "mobility",
    ),
    "osteoarthritis": Illness(
        "396275006", "Osteoarthritis", (0, 0.01, 0.15, 0.34, 0.45), 1, (PARACETAMOL,), None, "110", "mobility"
    ),
    "osteoporosis": Illness("64859006", "Osteoporosis", (0, 0, 0.04, 0.12, 0.25), 0, (), HIP_FRACTURE, "110"),
    "dementia": Illness(
        "52448006", "Dementia", (0, 0, 0.01, 0.07, 0.25), 3, (), ("419284004", "Altered mental status"), "430", "memory"
    ),
    "parkinson": Illness("49049000", "Parkinson's disease", (0, 0, 0.01, 0.03, 0.05), 2, (), FALL, "430", "mobility"),
    "depression": Illness(
        "35489007", "Depressive disorder", (0.01, 0.18, 0.2, 0.14, 0.12), 1, (CITALOPRAM,), None, "300", "mental-health"
    ),
    "anxiety": Illness(
        "197480006", "Anxiety disorder", (0.03, 0.16, 0.14, 0.08, 0.06), 1, (), None, "300", "mental-health"
    ),
    "hypothyroid": Illness("40930008", "Hypothyroidism", (0, 0.03, 0.07, 0.1, 0.12), 0),
    "gout": Illness("90560007", "Gout", (0, 0.01, 0.05, 0.07, 0.07), 0, (ALLOPURINOL,), None, "410"),
    "reflux": Illness(
        "235595009", "Gastroesophageal reflux disease", (0, 0.05, 0.12, 0.16, 0.16), 0, (OMEPRAZOLE,), ABDOMINAL_PAIN,
        "301",
    ),
    "hearing-loss": Illness(
        "15188001", "Hearing loss", (0.01, 0.01, 0.05, 0.2, 0.45), 0, (), None, "840", "hearing"
    ),
    "macular-degeneration": Illness(
        "267718000", "Age-related macular degeneration", (0, 0, 0.01, 0.06, 0.16), 1, (), None, "130", "vision"
    ),
    "cataract": Illness("193570009", "Cataract", (0, 0, 0.03, 0.14, 0.28), 0, (), None, "130", "vision"),
    "epilepsy": Illness(
        "84757009", "Epilepsy", (0.02, 0.02, 0.02, 0.02, 0.02), 1, (), ("91175000", "Seizure"), "400"
    ),
    "lung-cancer": Illness("363358000", "Malignant tumor of lung", (0, 0, 0.02, 0.03, 0.03), 2, (), None, "370"),
    "schizophrenia": Illness(
        "58214004", "Schizophrenia", (0, 0.02, 0.02, 0.01, 0.01), 2, (), None, "300", "mental-health"
    ),
    "learning-disability": Illness(
        "110359009", "Intellectual disability", (0.01, 0.02, 0.02, 0.01, 0), 2, (), None, "300", "learning",
        True,
    ),
    "eczema": Illness("24079001", "Atopic dermatitis", (0.12, 0.05, 0.03, 0.02, 0.02), 0, (), None, "330"),
    "underweight": Illness("248342006", "Underweight", (0, 0.01, 0.01, 0.02, 0.05), 1),
}  # fmt: skip

SENSITIVE = (("86406008", "Human immunodeficiency virus infection"), ("240589008", "Chlamydial infection"))
"""Conditions that practices mark confidential (sexual health)."""

ALLERGIES = (
    ("91936005", "Allergy to penicillin"), ("293586001", "Allergy to aspirin"), ("300916003", "Allergy to latex"),
    ("91935009", "Allergy to peanut"), ("294881007", "Allergy to warfarin"), ("91931000", "Allergy to erythromycin"),
)  # fmt: skip

COMPLAINTS: tuple[tuple[str, str, str], ...] = (
    ("49727002", "Cough", "Cough for two weeks, chest clear, advice given."),
    ("57676002", "Joint pain", "Joint pain worse in the mornings, exercises discussed."),
    ("279039007", "Low back pain", "Low back pain, no red flags, physiotherapy leaflet given."),
    ("404640003", "Dizziness", "Dizzy on standing, blood pressure checked lying and standing."),
    ("84229001", "Fatigue", "Tired all the time, bloods requested."),
    ("271807003", "Eruption of skin", "Rash examined, emollient advised."),
    ("25064002", "Headache", "Headache, neurology normal, diary advised."),
    ("14760008", "Constipation", "Constipation, fluids and diet discussed."),
    ("68566005", "Urinary tract infectious disease", "Urinary symptoms, dipstick positive, treated."),
    ("54150009", "Upper respiratory infection", "Viral illness, safety-netted."),
    ("182836005", "Review of medication", "Medicines reviewed with the patient, no change."),
    ("185349003", "Encounter for check up", "Long-term condition review, blood pressure and weight recorded."),
    ("73595000", "Stress", "Worried about money and housing, social prescriber offered."),
)
"""What people see their practice about: SNOMED code, term, the note that is written."""
CHILD_COMPLAINTS = (
    ("65363002", "Otitis media", "Ear pain and fever, advice given to parent."),
    ("54150009", "Upper respiratory infection", "Viral illness, safety-netted with parent."),
    ("386661006", "Fever", "Feverish for two days, examined, no focus found."),
    ("271807003", "Eruption of skin", "Rash examined, emollient advised."),
)

_SUPPORT = "adjustments-for-providing-additional-support-to-patients"
_INDIVIDUAL = "adjustments-for-individual-care-requirements"
_ENVIRONMENT = "adjustments-in-relation-to-the-environment-of-care"
_COMMUNICATION = "additional-communication-needs-and-support"

ADJUSTMENTS: dict[str, Adjustment] = {
    "hearing-aid": Adjustment("285055002", "Does use hearing aid", "communication-support"),
    "lip-read": Adjustment("441092009", "Does lip read", "communication-support"),
    "receptive": Adjustment(
        "1082681000000103", "Requires support for receptive communication needs", "communication-support"
    ),
    "prefers-bsl": Adjustment(
        "520471000000105", "Preferred method of communication: British Sign Language", "communication-support"
    ),
    "bsl-interpreter": Adjustment(
        "204331000000107", "British Sign Language interpreter needed", "requires-communication-professional"
    ),
    "text-message": Adjustment(
        "936701000000103", "Requires contact by short message service text message", "requires-specific-contact-method"
    ),
    "telephone": Adjustment("795661000000104", "Requires contact by telephone", "requires-specific-contact-method"),
    "via-carer": Adjustment("719561001", "Requires contact via carer", "requires-specific-contact-method"),
    "visual-alert": Adjustment("945951000000108", "Requires visual alert", "requires-specific-contact-method"),
    "easyread": Adjustment(
        "796161000000101", "Requires information in Easyread", "requires-specific-information-format"
    ),
    "large-print": Adjustment(
        "957331000000109",
        "Requires written information in at least 20 point sans serif font",
        "requires-specific-information-format",
    ),
    "passport": Adjustment("1108121000000101", "Has My Healthcare Passport", _COMMUNICATION),
    "reminders": Adjustment("1108131000000104", "Requires appointment reminders", _COMMUNICATION),
    "carer-present": Adjustment("1108151000000106", "Requires carer to be present at encounters", _COMMUNICATION),
    "atypical-pain": Adjustment("1108141000000108", "Expresses pain atypically", _COMMUNICATION),
    "pa": Adjustment("203961000000103", "Panjabi language interpreter needed", "community-language-support"),
    "gu": Adjustment("203601000000106", "Gujarati language interpreter needed", "community-language-support"),
    "ur": Adjustment("204211000000109", "Urdu language interpreter needed", "community-language-support"),
    "pl": Adjustment("203901000000102", "Polish language interpreter needed", "community-language-support"),
    "interpreter": Adjustment("315594003", "Interpreter needed", "community-language-support"),
    "medication-help": Adjustment("829101000000101", "Needs assistance with medication regimen adherence", _SUPPORT),
    "attorney": Adjustment(
        "816361000000101",
        "Has appointed person with personal welfare lasting power of attorney (Mental Capacity Act 2005)",
        _SUPPORT,
    ),
    "discharge-planning": Adjustment("1109351000000102", "Requires enhanced discharge planning", _SUPPORT),
    "anticipatory-plan": Adjustment("792871000000101", "Has anticipatory care plan", _INDIVIDUAL),
    "needle-phobia": Adjustment("231501003", "Needle phobia", _INDIVIDUAL),
    "female-professional": Adjustment("314434008", "Preference for female healthcare professional", _INDIVIDUAL),
    "extended-appointment": Adjustment("1108171000000102", "Requires extended appointment", _INDIVIDUAL),
    "first-appointment": Adjustment(
        "1325351000000103", "Requires first appointment in appointment schedule", _INDIVIDUAL
    ),
    "home-visit": Adjustment("1325371000000107", "Requires home visit appointments", _INDIVIDUAL),
    "low-noise": Adjustment("1325391000000106", "Requires low noise environment", _ENVIRONMENT),
    "familiarisation": Adjustment("1325341000000101", "Requires familiarisation with care environment", _ENVIRONMENT),
    "wheelchair": Adjustment("1108191000000103", "Requires wheelchair access", _ENVIRONMENT),
    "dysphagia": Adjustment(
        "1325751000000104", "Dysphagia therapy regime indicated", "adjustments-to-support-additional-needs"
    ),
    "falls-screening": Adjustment(
        "1325771000000108", "Screening for risk of falls indicated", "adjustments-to-support-additional-needs"
    ),
}


def adjustments(*names: str) -> tuple[Adjustment, ...]:
    """The reasonable adjustments of those names, in that order."""
    return tuple(ADJUSTMENTS[name] for name in names)
