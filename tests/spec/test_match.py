"""Patient/$match: people whom the caller may know of, by demographics, graded.

http://hl7.org/fhir/R4/patient-operation-match.html, https://profiles.ihe.net/ITI/PDQm/ITI-119.html
"""

import asyncio
import json
from typing import Any

import httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class

from tests.spec.neighbourhood import MRS_T, NUMBER, SEVEN, Connected, Neighbourhood, resources
from tests.spec.test_unknown_person import queries

GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
JOANNA, WINSTON, OBJECTOR, DARREN = "9990000085", "9990000107", "9990000077", "9990000050"
NOBODYS_NUMBER = "9990009996"


def patient(
    family: str = "", given: str = "", born: str = "", number: str = "", postcode: str = "", phone: str = ""
) -> dict[str, Any]:
    """A Patient that says just this."""
    name = {"family": family, "given": [given] if given else None}
    said = {
        "identifier": number and [{"system": NUMBER, "value": number}],
        "name": (family or given) and [{part: value for part, value in name.items() if value}],
        "telecom": phone and [{"system": "phone", "value": phone}],
        "birthDate": born,
        "address": postcode and [{"postalCode": postcode}],
    }
    return {"resourceType": "Patient", **{element: value for element, value in said.items() if value}}


EDITH = patient("Tanner", "Edith", "1942-03-14", MRS_T, "CV5 6ZB", "01632 960112")
ZARA = patient("Hussain", "Zara", "2002-07-07", postcode="CV4 9ZF", phone="07700 900128")


def parameters(resource: Any, **more: Any) -> dict[str, Any]:
    kinds = {bool: "valueBoolean", int: "valueInteger"}
    others = [{"name": name, kinds.get(type(value), "valueString"): value} for name, value in more.items()]
    return {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": resource}, *others]}


async def ask(caller: Connected, body: Any, **headers: str) -> httpx.Response:
    sent = {"Content-Type": "application/fhir+json", **headers}
    return await caller.ask("POST", "Patient/$match", content=json.dumps(body), headers=sent)


async def found(caller: Connected, resource: Any, **more: Any) -> list[tuple[str, str, float]]:
    """Id, grade and score of each match, in order."""
    answer = await ask(caller, parameters(resource, **more))
    assert answer.status_code == 200, answer.text
    return graded(answer.json())


def graded(bundle: dict[str, Any]) -> list[tuple[str, str, float]]:
    entries = [one for one in bundle.get("entry", []) if one["search"]["mode"] != "outcome"]
    for one in entries:
        ((url, grade),) = [(each["url"], each["valueCode"]) for each in one["search"]["extension"]]
        assert (url, one["search"]["mode"]) == (GRADE, "match")
        assert grade in ("certain", "probable", "possible")
    return [
        (one["resource"]["id"], one["search"]["extension"][0]["valueCode"], one["search"]["score"]) for one in entries
    ]


# ---- the answer


async def test_somebody_known_is_a_certain_match(coventry: Neighbourhood):
    gp, mrs_t = await coventry.asker("GP"), await coventry.person()
    answer = await ask(gp, parameters(EDITH))
    bundle = answer.json()
    get_fhir_model_class("Bundle").model_validate(bundle)

    assert (bundle["type"], bundle["total"]) == ("searchset", 1)
    assert graded(bundle) == [(str(mrs_t), "certain", 1.0)]
    assert resources(bundle) == [(await gp.get(f"Patient/{mrs_t}")).json()]
    assert bundle["link"] == [{"relation": "self", "url": f"{gp.base}/Patient/$match"}]
    assert bundle["entry"][0]["fullUrl"] == f"{gp.base}/Patient/{mrs_t}"


async def test_the_patient_may_be_sent_by_itself_and_the_rest_in_the_url(coventry: Neighbourhood):
    gp = await coventry.asker("GP")
    whole = (await ask(gp, parameters(EDITH, onlyCertainMatches=True, count=3))).json()
    for path in ("Patient/$match", "Patient/$match?onlyCertainMatches=true&count=3"):
        answer = await gp.ask("POST", path, json=EDITH)
        assert (answer.status_code, answer.json()) == (200, whole)
    assert (await gp.ask("POST", "Patient/$match?count=none", json=EDITH)).status_code == 400


async def test_nobody_is_an_empty_set_and_no_error(coventry: Neighbourhood):
    gp = await coventry.asker("GP")
    answer = await ask(gp, parameters(patient("Nobodys", "Nobody", "1901-01-02")))

    assert answer.status_code == 200
    assert answer.json().keys() == {"resourceType", "type", "total", "link"}
    assert answer.json()["total"] == 0


async def test_a_number_alone_or_one_that_contradicts_the_rest_is_never_certain(coventry: Neighbourhood):
    """Whatever the request says of its verification: it is a claim."""
    gp, mrs_t = await coventry.asker("GP"), str(await coventry.person())
    coding = {"system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland", "code": "01"}
    verified = patient(number=MRS_T)
    verified["identifier"][0]["extension"] = [
        {
            "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
            "valueCodeableConcept": {"coding": [coding]},
        }
    ]
    for resource in (
        patient(number=MRS_T),
        verified,
        patient("Tanner", "Edith", "1980-05-06", MRS_T),
        patient("Okonkwo", "Blessing", "1942-03-14", MRS_T),
        {**verified, "birthDate": "1980-05-06"},
    ):
        matches = await found(gp, resource)
        assert all((id_, grade != "certain", score < 0.99) == (mrs_t, True, True) for id_, grade, score in matches)
        assert matches or "birthDate" in resource
        assert await found(gp, resource, onlyCertainMatches=True) == []


async def test_twins_are_told_apart_and_never_both_certain(coventry: Neighbourhood):
    """Names one letter apart, one birth date, address and telephone."""
    hospital = await coventry.asker("A&E doctor")
    zara, zahra = [str(await coventry.person(number)) for number in ("9990000115", "9990000123")]
    matches = await found(hospital, ZARA)

    assert [(id_, grade) for id_, grade, _ in matches] == [(zara, "certain"), (zahra, "probable")]
    assert [score for *_, score in matches] == sorted((score for *_, score in matches), reverse=True)
    assert await found(hospital, ZARA, onlyCertainMatches=True) == []
    assert await found(hospital, ZARA, count=1) == matches[:1]
    assert (await ask(hospital, parameters(ZARA, count=1))).json()["total"] == 2
    without_name = await found(hospital, patient("Hussain", "", "2002-07-07", phone="07700900128"))
    assert {grade for _, grade, _ in without_name} <= {"probable", "possible"}
    ((mine, grade, _), *_) = await found(hospital, {**ZARA, **patient(number="9990000115")})
    assert (mine, grade) == (zara, "certain")


# ---- only whom the caller may know of


@pytest.mark.parametrize("asker", SEVEN, ids=[one.name for one in SEVEN])
async def test_a_match_is_somebody_whom_the_caller_can_read(coventry: Neighbourhood, asker: Any):
    caller = await coventry.asker(asker.name)
    told = await coventry.owner.fetch(
        "select distinct on (person) person, demographics d from toldonce.source_patient "
        "where demographics->'given' <> '[]' and feed in ('gp', 'vcfse') order by person, id"
    )
    assert len(told) > 20
    seen = 0
    for row in told:
        who = json.loads(row["d"])
        asked = patient(who["families"][0], who["given"][0], who["birth_date"])
        ids = [id_ for id_, *_ in await found(caller, asked)]
        seen += len(ids)
        for id_ in ids:
            assert (await caller.get(f"Patient/{id_}")).status_code == 200
        known = (await caller.get(f"Patient/{row['person']}")).status_code == 200
        assert known or str(row["person"]) not in ids
    assert bool(seen) != (asker.name in ("unrelated hospital", "IG officer"))


async def test_a_match_rests_on_no_statement_that_is_withheld(coventry: Neighbourhood):
    """Winston Blake withdrew his consent to share what the charity knows: its number for him finds him no more."""
    winston = await coventry.person(WINSTON)
    known = await coventry.owner.fetchval(
        "select local_id from toldonce.source_patient where person = $1 and feed = 'vcfse'", winston
    )
    assert known == "CC-0004"
    paramedic = await coventry.asker("paramedic, glass broken")

    async def by(system: str, value: str) -> list[tuple[str, str, float]]:
        identifier = {"system": f"https://toldonce.example/Id/{system}", "value": value}
        return await found(paramedic, {**patient("Blake", "Win"), "identifier": [identifier]})

    assert await by("X9V01/client", known) == await by("X9V01/client", "CC-9999") == []
    assert [id_ for id_, *_ in await by("X9A/mrn", "1000104")] == [str(winston)]


async def test_a_restricted_person_is_not_found_by_where_she_is(coventry: Neighbourhood):
    """Whoever may know of her finds her by name and birth date; address, telephone and practice add nothing."""
    joanna = await coventry.person(JOANNA)
    born = await coventry.owner.fetchval(
        "select max(birth_date) from toldonce.source_patient where person = $1", joanna
    )
    paramedic = await coventry.asker("paramedic, glass broken")
    practice = {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "X90501"}}
    places = patient(postcode="CV2 5ZG", phone="07700 900881") | {"generalPractitioner": [practice]}
    by_name = await found(paramedic, patient("Sikora", "Joanna", born))

    assert [id_ for id_, *_ in by_name] == [str(joanna)]
    assert await found(paramedic, {**places, **patient("Sikora", "Joanna", born)}) == by_name
    assert await found(paramedic, {**places, **patient("Sikora", "Joanna")}) == []
    for name in (patient("", "Joanna", born), patient("Sikora", "", born)):
        elsewhere = await found(paramedic, {**name, **patient(phone="01632960999")})
        assert await found(paramedic, {**places, **name}) == elsewhere
    text = (await ask(paramedic, parameters({**places, **patient("Sikora", "Joanna", born)}))).text
    assert "CV2" not in text
    assert "X90501" not in text


# ---- too little, too much, and what is not understood

BAD = [
    ("a family name", parameters(patient("Tanner")), 422),
    ("first and family name", parameters(patient("Tanner", "Edith")), 422),
    ("a birth date", parameters(patient(born="1942-03-14")), 422),
    ("a postcode", parameters(patient(postcode="CV5 6ZB")), 422),
    ("everybody of a street", parameters(patient(born="1942-03-14", postcode="CV5 6ZB")), 422),
    ("a birth date and family name", parameters(patient("Tanner", "", "1942-03-14")), 422),
    ("names and a year", parameters(patient("Tanner", "Edith", "1942")), 422),
    ("a name that is none", parameters(patient("Unknown", "Baby", "1942-03-14")), 422),
    ("nothing", parameters(patient()), 422),
    ("a number that is none", parameters(patient(number="9990000019")), 422),
    ("a placeholder", parameters(patient("Tanner", "Edith", "1942-03-14", "1111111111")), 422),
    (
        "two numbers",
        parameters({**EDITH, "identifier": [*EDITH["identifier"], *patient(number=JOANNA)["identifier"]]}),
        422,
    ),
    ("a list of people", parameters({**EDITH, "name": [{"family": f"N{n}", "given": ["E"]} for n in range(9)]}), 422),
    ("a wrong date", parameters({**EDITH, "birthDate": "14/03/1942"}), 422),
    ("a wrong element", parameters({**EDITH, "name": "Edith Tanner"}), 422),
    ("an unknown element", parameters({**EDITH, "nickname": "Edie"}), 422),
    ("a modifier", parameters({**EDITH, "modifierExtension": [{"url": "urn:not", "valueBoolean": True}]}), 422),
    ("another resource", parameters({"resourceType": "Person"}), 400),
    ("no resource", {"resourceType": "Parameters"}, 400),
    ("a Bundle", {"resourceType": "Bundle", "type": "batch"}, 400),
    ("a list", [EDITH], 400),
    ("a parameter of R5", parameters(EDITH, onlySingleMatch=True), 400),
    ("an unknown parameter", parameters(EDITH, colour=3), 400),
    ("a number for a flag", parameters(EDITH, onlyCertainMatches=1), 400),
    ("no count", parameters(EDITH, count=0), 400),
    ("a word for a count", parameters(EDITH, count="many"), 400),
    ("a flag for a count", parameters(EDITH, count=True), 400),
    ("two resources", {**parameters(EDITH), "parameter": parameters(EDITH)["parameter"] * 2}, 400),
    ("parameters that are none", {"resourceType": "Parameters", "parameter": "resource"}, 400),
]


@pytest.mark.parametrize(("body", "status"), [one[1:] for one in BAD], ids=[one[0] for one in BAD])
async def test_what_cannot_be_answered_is_refused_with_the_remedy(coventry: Neighbourhood, body: Any, status: int):
    answer = await ask(await coventry.asker("GP"), body)

    assert answer.status_code == status, answer.text
    get_fhir_model_class("OperationOutcome").model_validate(answer.json())
    assert answer.json()["issue"][0]["diagnostics"]
    for value in ("Tanner", "Edith", "Edie", "1942", MRS_T, "CV5"):
        assert value not in answer.text
    assert len(await coventry.event(answer)) == 1


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"\xff", {}, 400),
        (b"[" * 50_000, {}, 400),
        (json.dumps({**EDITH, "text": "x" * 70_000}).encode(), {}, 413),
        (json.dumps(EDITH).encode(), {"Content-Type": "application/fhir+xml"}, 415),
        (json.dumps(EDITH).encode(), {"Content-Type": "application/fhir+json; fhirVersion=5.0"}, 415),
        (json.dumps(EDITH).encode(), {"Accept": "application/fhir+xml"}, 406),
    ],
    ids=["cut off", "no text", "deeply nested", "too large", "XML", "R5", "XML wanted"],
)
async def test_a_body_that_is_no_fhir_json_of_a_sensible_size_is_refused(
    coventry: Neighbourhood, content: bytes, headers: dict[str, str], status: int
):
    sent = {"Content-Type": "application/fhir+json", **headers}
    answer = await (await coventry.asker("GP")).ask("POST", "Patient/$match", content=content, headers=sent)

    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


async def test_without_a_token_nothing_is_matched(coventry: Neighbourhood):
    anonymous = Connected(coventry.http, "no token of ours", coventry.settings.fhir_base)
    assert (await ask(anonymous, parameters(EDITH))).status_code == 401


# ---- audit


async def test_everybody_who_was_consulted_has_an_event_that_says_what_became_of_it(coventry: Neighbourhood):
    hospital = await coventry.asker("A&E doctor")
    twins = {f"Patient/{await coventry.person(number)}" for number in ("9990000115", "9990000123")}
    events = await coventry.event(await ask(hospital, parameters(ZARA, count=1)))

    assert {of_whom(event): (event["outcome"], answered(event)) for event in events} == {
        one: ("0", shown) for one, shown in zip(sorted(twins, key=sent_first(events)), ("1", "0"), strict=True)
    }
    stranger = await coventry.asker("unrelated hospital")
    refused = await coventry.event(await ask(stranger, parameters(EDITH)))
    assert [(of_whom(event), event["outcome"]) for event in refused] == [(f"Patient/{await coventry.person()}", "8")]
    (nobody,) = await coventry.event(await ask(stranger, parameters(patient("Nobodys", "Nobody", "1901-01-02"))))
    assert (of_whom(nobody), nobody["outcome"]) == ("", "8")


def of_whom(event: dict[str, Any]) -> str:
    people = [one["what"]["reference"] for one in event["entity"] if one.get("type", {}).get("code") == "1"]
    return people[0] if people else ""


def answered(event: dict[str, Any]) -> str:
    details = [detail for one in event["entity"] for detail in one.get("detail", ())]
    return next(one["valueString"] for one in details if one["type"].endswith("count/Patient"))


def sent_first(events: list[dict[str, Any]]) -> Any:
    counts = {of_whom(event): answered(event) for event in events}
    return lambda one: -int(counts[one])


async def test_the_same_queries_run_however_many_match(coventry: Neighbourhood):
    """Two whom the caller may not know of, and nobody."""
    stranger = await coventry.asker("unrelated hospital")
    knowing = await coventry.asker("A&E doctor")
    for number in ("9990000115", "9990000123"):  # labels are read once for each process, whoever asks
        await knowing.everything(await coventry.person(number))
    ran = []
    async with queries(coventry) as heard:
        for one in (ZARA, patient("Nobodys", "Nobody", "1901-01-02")):
            heard.clear()
            assert await found(stranger, one) == []
            await asyncio.sleep(0.01)  # query loggers are called a moment later
            ran.append(list(heard))
    assert ran[0] == ran[1]
    assert len(ran[0]) > 10


async def test_the_work_does_not_show_how_many_there_are(coventry: Neighbourhood):
    stranger = await coventry.asker("unrelated hospital")
    sizes = [
        len((await ask(stranger, parameters(one))).content) for one in (EDITH, ZARA, patient(number=NOBODYS_NUMBER))
    ]
    assert len(set(sizes)) == 1
