"""Random Consents as a source records them: FHIR R4 in the IHE PCF shapes, one level of exceptions."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from tests.sharing.consents import CATEGORY, POLICY, SENSITIVITY
from tests.sharing.facts import FLAG, IMPAIRMENTS, LEGAL, SENSITIVE

CODES = ("X10", "X11", "X20", "X30", "X40", "X41", "X50")
TOLD = ("the person", "the person", "the person", "the person", "a deputy", "best interests")
SPOKEN_OF = (
    "who the person is",
    "contacts and stays",
    "clinical record",
    "care plans",
    "safeguarding",
    FLAG,
    IMPAIRMENTS,
)
MARK_CODES = {
    "assisted conception (HFE Act)": "assisted-conception",
    "gender recognition (Gender Recognition Act)": "gender-recognition",
    "marked sensitive by the source": "marked-by-source",
    "safeguarding": "safeguarding",
    "sexual health": "sexual-health",
    "termination of pregnancy": "termination-of-pregnancy",
    "third party": "third-party",
    "gender": "gender",
}
Provision = dict[str, Any]
_HL7 = "http://terminology.hl7.org/CodeSystem"


def consents(chance: Random, source: str, rows: Sequence[UUID], today: date) -> Iterator[dict[str, Any]]:
    """What this source recorded of the person's choices."""
    if source.startswith("X4") and chance.random() < 0.8:
        yield _consent(chance, "share-charity-data", _charity(chance, source, today), source, today)
    if chance.random() < 0.25:
        yield _consent(chance, "view-by-charity", _view(chance, source, today), source, today)
    if chance.random() < 0.25:
        yield _consent(chance, "express-permission", _permission(chance), source, today)
    if chance.random() < 0.15:
        yield _consent(chance, "share-adjustments-nationally", _answer(chance, 0.2), source, today)
    for _ in range(chance.choice([0, 0, 0, 0, 0, 1, 1, 2])):
        kind, provision = _refusal(chance, rows, today)
        yield _consent(chance, kind, provision, source, today)


def objection(chance: Random, source: str, today: date) -> dict[str, Any]:
    """A Type 1 objection, or one that was withdrawn."""
    consent = _consent(chance, "type-1-objection", {"type": "deny"}, source, today)
    return consent | {"status": "active" if chance.random() < 0.75 else "inactive"}


def _consent(chance: Random, kind: str, provision: Provision, source: str, today: date) -> dict[str, Any]:
    decider = chance.choice(TOLD)
    performer = {"reference": "Patient/@person"} if decider == "the person" else {"display": decider}
    if chance.random() < 0.4:
        provision["period"] = _period(chance, today)
    recorded = today - timedelta(days=chance.choice([1, 2, 2, 3, 29, 30, 31, 100]))
    consent = {
        "resourceType": "Consent",
        "id": str(UUID(int=chance.getrandbits(128))),
        "status": "active" if chance.random() < 0.92 else chance.choice(["inactive", "rejected", "entered-in-error"]),
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "category": [{"coding": [{"system": f"{_HL7}/v3-ActCode", "code": "INFA"}]}],
        "patient": {"reference": "Patient/@person"},
        "dateTime": f"{recorded}T10:{chance.randint(10, 59)}:00+00:00",
        "performer": [performer],
        "organization": [_organisation(source)],
        "policy": [{"uri": POLICY + kind}],
        "provision": provision,
    }
    if chance.random() < 0.7:
        consent["sourceAttachment"] = {"title": "taken by A Worker, how: on a form"}
    return consent


def _charity(chance: Random, source: str, today: date) -> Provision:
    provision = _answer(chance, 0.1)
    if chance.random() < 0.2:
        provision["actor"] = _actors(chance)
    if chance.random() < 0.1:
        provision["data"] = [{"meaning": "authoredby", "reference": _organisation(source)}]
    return _excepted(chance, provision, 0.15, today, ["data"])


def _view(chance: Random, source: str, today: date) -> Provision:
    provision = _answer(chance, 0.1)
    if source.startswith("X4"):
        provision["actor"] = [_actor(source)]
    elif chance.random() < 0.5:
        provision["actor"] = [_actor(chance.choice(["X40", "X41"]))]
    return _excepted(chance, provision, 0.15, today)


def _permission(chance: Random) -> Provision:
    marks = chance.sample((*SENSITIVE, *LEGAL, *LEGAL), chance.randint(1, 3))
    provision: Provision = {"type": "permit", "securityLabel": _labels(sorted(set(marks)))}
    if chance.random() < 0.7:
        provision["actor"] = _actors(chance)
    if chance.random() < 0.15:
        provision["type"] = "deny"
    return provision


def _refusal(chance: Random, rows: Sequence[UUID], today: date) -> tuple[str, Provision]:
    kind = chance.choice(
        [
            "objection-to-sharing",
            "restrict-organisation",
            "restrict-organisation",
            "restrict-category",
            "restrict-category",
            "restrict-period",
            "restrict-instance",
            "break-glass-only",
            "other",
        ]
    )
    provision: Provision = {"type": "deny"}
    if kind in ("restrict-organisation", "other"):
        provision["actor"] = _actors(chance)
    if kind == "restrict-category" or (kind == "restrict-period" and chance.random() < 0.3):
        provision["class"] = _classes(chance)
    if kind == "restrict-period":
        provision["dataPeriod"] = _data_period(chance, today)
    if kind == "restrict-instance":
        data = [{"meaning": "instance", "reference": {"reference": f"Basic/{one}"}} for one in chance.sample(rows, 1)]
        provision["data"] = data
    elif kind != "objection-to-sharing" and chance.random() < 0.25:
        provision["data"] = [{"meaning": "authoredby", "reference": _organisation(chance.choice(CODES))}]
    if kind == "break-glass-only":
        exception: Provision = {"type": "permit", "purpose": [_purpose("BTG")]}
        if chance.random() < 0.2:
            exception["actor"] = _actors(chance)
        provision["provision"] = [exception]
        return kind, provision
    if chance.random() < 0.2:
        provision["purpose"] = [_purpose(chance.choice(["TREAT", "COC", "HRESCH"]))]
    if chance.random() < 0.15:
        provision["type"] = "permit"
    return kind, _excepted(chance, provision, 0.35, today, ["class", "data"] if kind == "restrict-instance" else [])


def _excepted(
    chance: Random, provision: Provision, often: float, today: date, without: Sequence[str] = ()
) -> Provision:
    """Perhaps with an exception: the opposite, for some recipients, kinds of information, sources or purposes of those
    that it speaks of, perhaps for some time."""
    if chance.random() >= often or (provision["type"] == "permit" and len(provision) > 1):
        return provision
    exception: Provision = {"type": "deny" if provision["type"] == "permit" else "permit"}
    free = [name for name in ("actor", "class", "purpose", "data") if name not in provision and name not in without]
    for name in chance.sample(free, min(len(free), chance.choice([1, 1, 1, 2]))):
        match name:
            case "actor":
                exception["actor"] = _actors(chance)
            case "class":
                exception["class"] = _classes(chance)
            case "purpose":
                exception["purpose"] = [_purpose(chance.choice(["TREAT", "COC"]))]
            case "data":
                data = [{"meaning": "authoredby", "reference": _organisation(chance.choice(CODES))}]
                exception["data"] = data
    if chance.random() < 0.3:
        exception["period"] = _period(chance, today)
    return {**provision, "provision": [exception]}


def _answer(chance: Random, no: float) -> Provision:
    return {"type": "deny" if chance.random() < no else "permit"}


def _period(chance: Random, today: date) -> dict[str, str]:
    period = {"start": str(today - timedelta(days=chance.choice([-1, 0, 1, 50, 50, 50])))}
    if chance.random() < 0.5:
        period["end"] = str(today - timedelta(days=chance.choice([-50, -50, -1, 0, 1])))
    return {**period, "end": max(period.values())} if "end" in period else period


def _data_period(chance: Random, today: date) -> dict[str, str]:
    start = today - timedelta(days=chance.randint(10, 50))
    period = {"start": str(start), "end": str(start + timedelta(days=chance.choice([0, 5, 20])))}
    if chance.random() < 0.3:
        period.pop(chance.choice(["start", "end"]))
    return period


def _actors(chance: Random) -> list[Provision]:
    return [_actor(code) for code in chance.sample(CODES, chance.randint(1, 3))]


def _actor(code: str) -> Provision:
    return {
        "role": {"coding": [{"system": f"{_HL7}/v3-ParticipationType", "code": "IRCP"}]},
        "reference": _organisation(code),
    }


def _classes(chance: Random) -> list[Provision]:
    return [{"system": CATEGORY, "code": one} for one in chance.sample(SPOKEN_OF, chance.randint(1, 2))]


def _labels(marks: Sequence[str]) -> list[Provision]:
    return [{"system": SENSITIVITY, "code": MARK_CODES[mark], "display": mark} for mark in marks]


def _purpose(code: str) -> Provision:
    return {"system": f"{_HL7}/v3-ActReason", "code": code}


def _organisation(code: str) -> Provision:
    return {
        "type": "Organization",
        "identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": code},
    }
