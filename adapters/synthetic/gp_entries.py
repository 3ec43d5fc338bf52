"""What a practice writes into a record: problems, allergies, medicines, consultations and referrals."""

from collections.abc import Iterable

from adapters.gp import stu3
from adapters.synthetic.gp_chart import Chart, coded, extension, stamp
from adapters.synthetic.gp_findings import Finding, morning, observe
from adapters.synthetic.world import Condition, LifeEvent, Medicine

_CONSULTATION = {
    "surgery": "GP Surgery",
    "telephone": "Telephone consultation",
    "home": "Home visit note",
    "online": "Online consultation",
    "care-home": "Residential home visit note",
}
_RESTRICTED = stu3.Meta(security=(stu3.Coding(system="http://hl7.org/fhir/v3/Confidentiality", code="R"),))


def problems(chart: Chart) -> None:
    """Problem-list Conditions; a third have their year of onset only."""
    for n, condition in enumerate(chart.person.conditions):
        if condition.onset <= chart.until:
            _problem(chart, n, condition)


def _problem(chart: Chart, n: int, condition: Condition) -> None:
    rng = chart.rng(f"problem {n}")
    guid = chart.guid(f"problem {n}")
    year_only = rng.random() < 0.33
    significance = stu3.Extension(
        url="https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-ProblemSignificance-1",
        value_code="major" if rng.random() < 0.7 else "minor",
    )
    category = stu3.Coding(
        system="https://fhir.hl7.org.uk/STU3/CodeSystem/CareConnect-ConditionCategory-1",
        code="problem-list-item",
        display="Problem List Item",
    )
    chart.add(
        stu3.Condition(
            id=f"{guid}-PROB",
            extension=(significance,),
            identifier=chart.identifier(guid),
            clinical_status="active",
            category=(stu3.CodeableConcept(coding=(category,)),),
            code=coded(condition.code, condition.term),
            subject=chart.subject(),
            onset_date_time=str(condition.onset.year) if year_only else condition.onset.isoformat(),
            asserted_date=stamp(morning(condition.onset)),
            asserter=chart.usual_gp(),
        )
    )


def allergies(chart: Chart) -> None:
    """Active allergies, and now and then one that was ended."""
    for n, allergy in enumerate(chart.person.allergies):
        ended = chart.rng(f"allergy {n}").random() < 0.1
        guid = chart.guid(f"allergy {n}")
        end = (stu3.Extension(url="endDate", value_date_time=chart.until.isoformat()),)
        chart.add(
            stu3.AllergyIntolerance(
                id=guid,
                extension=(extension("AllergyIntoleranceEnd", extension=end),) if ended else (),
                identifier=chart.identifier(guid),
                clinical_status="resolved" if ended else "active",
                verification_status="unconfirmed",
                category=("medication",),
                code=coded(allergy.code, allergy.term),
                patient=chart.subject(),
                onset_date_time=str(allergy.onset.year),
                asserted_date=stamp(morning(allergy.onset)),
                recorder=chart.usual_gp(),
            )
        )


def medicines(chart: Chart) -> None:
    """A repeat authorisation (plan) and a statement for each medicine taken."""
    for n, medicine in enumerate(chart.person.medicines):
        if medicine.since <= chart.until:
            _medicine(chart, n, medicine)


def _medicine(chart: Chart, n: int, medicine: Medicine) -> None:
    guid = chart.guid(f"medicine {n}")
    drug = chart.add(stu3.Medication(id=chart.guid(f"drug {medicine.code}"), code=coded(medicine.code, medicine.term)))
    since = stu3.Period(start=medicine.since.isoformat())
    kind = stu3.Coding(
        system="https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-PrescriptionType-1", code="repeat", display="Repeat"
    )
    agency = stu3.Coding(
        system="https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-PrescribingAgency-1",
        code="prescribed-at-gp-practice",
        display="Prescribed at GP practice",
    )
    written = stamp(morning(medicine.since))
    plan = chart.add(
        stu3.MedicationRequest(
            id=guid,
            extension=(extension("PrescriptionType", value_codeable_concept=stu3.CodeableConcept(coding=(kind,))),),
            identifier=chart.identifier(guid),
            status="active",
            intent="plan",
            medication_reference=drug,
            subject=chart.subject(),
            authored_on=written,
            requester=stu3.Requester(agent=chart.usual_gp()),
            recorder=chart.usual_gp(),
            dosage_instruction=(stu3.Dosage(text=medicine.dose),),
            dispense_request=stu3.DispenseRequest(validity_period=since),
        )
    )
    chart.add(
        stu3.MedicationStatement(
            id=f"{guid}-MS",
            extension=(extension("PrescribingAgency", value_codeable_concept=stu3.CodeableConcept(coding=(agency,))),),
            identifier=chart.identifier(f"{guid}-MS"),
            based_on=(plan,),
            status="active",
            medication_reference=drug,
            effective_period=since,
            date_asserted=written,
            subject=chart.subject(),
            taken="unk",
            dosage=(stu3.Dosage(text=medicine.dose),),
        )
    )


def consultations(chart: Chart, events: Iterable[LifeEvent]) -> None:
    """An Encounter and its coded note for each contact with the practice; some come without a period."""
    for event in events:
        if event.kind == "gp-consultation" and event.organisation == chart.practice and event.at.date() <= chart.until:
            _consultation(chart, event)


def _consultation(chart: Chart, event: LifeEvent) -> None:
    rng = chart.rng(event.key)
    guid, staff = chart.guid(event.key), chart.practitioner(event.staff or f"gp-{chart.practice}-1")
    meta = _RESTRICTED if "sensitive" in event.detail else None
    encounter = chart.add(
        stu3.Encounter(
            id=guid,
            meta=meta,
            identifier=chart.identifier(guid),
            status="finished",
            type=(stu3.CodeableConcept(text=_CONSULTATION[event.detail.get("mode", "surgery")]),),
            subject=chart.subject(),
            participant=_participants(staff),
            period=stu3.Period(start=stamp(event.at)) if rng.random() > 0.04 else None,
            location=(stu3.EncounterLocation(location=chart.location()),),
            service_provider=chart.organisation(chart.practice),
        )
    )
    finding = Finding(event.detail["code"], event.detail["term"], event.detail.get("note"))
    observe(chart, f"{event.key} note", finding, stamp(event.at), staff, context=encounter, meta=meta)


def _participants(staff: stu3.Reference) -> tuple[stu3.EncounterParticipant, ...]:
    kinds = (
        ("http://hl7.org/fhir/v3/ParticipationType", "PPRF", "primary performer"),
        ("https://fhir.nhs.uk/STU3/CodeSystem/GPConnect-ParticipantType-1", "REC", "recorder"),
    )
    return tuple(
        stu3.EncounterParticipant(
            type=(stu3.CodeableConcept(coding=(stu3.Coding(system=system, code=code, display=display),)),),
            individual=staff,
        )
        for system, code, display in kinds
    )


def referrals(chart: Chart, events: Iterable[LifeEvent]) -> None:
    """Referrals that the practice made to community teams and charities."""
    for event in events:
        made_here = event.detail.get("source") == "GP" and event.at.date() <= chart.until
        if event.kind in ("community-referral", "charity-referral") and made_here:
            guid = chart.guid(event.key)
            chart.add(
                stu3.ReferralRequest(
                    id=guid,
                    identifier=chart.identifier(guid),
                    status="unknown",
                    intent="order",
                    priority="routine",
                    subject=chart.subject(),
                    authored_on=event.at.date().isoformat(),
                    requester=stu3.Requester(agent=chart.usual_gp()),
                    recipient=(chart.organisation(event.organisation),),
                    reason_code=(stu3.CodeableConcept(text=event.detail["reason"]),),
                    note=(stu3.Annotation(text="NHS / Private:NHS"),),
                )
            )
