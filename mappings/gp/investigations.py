"""Reports, specimens and documents: STU3 GP Connect to R4 UK Core."""

import re
from typing import Any

from adapters.gp import stu3
from mappings import datatypes
from mappings.datatypes import compact
from mappings.gp import elements
from mappings.gp.source import Source
from mappings.uk_core import Resource

Json = dict[str, Any]

_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(;\s*[\w.+-]+=\S+)*")
_PERFORMERS = ("Practitioner", "PractitionerRole", "Organization", "CareTeam")
_AUTHORS = ("Practitioner", "PractitionerRole", "Organization")


def report(source: Source, entry: stu3.DiagnosticReport) -> Resource:
    """UKCore-DiagnosticReport: what was found stands in the Observations that it leads to. The role of a performer has
    no element in R4. https://simplifier.net/hl7fhirukcorer4/ukcorediagnosticreport"""
    return source.build(
        entry,
        basedOn=source.references(entry.based_on, "ServiceRequest", "CarePlan", "MedicationRequest"),
        status=entry.status,
        category=elements.concepts([entry.category] if entry.category else []),
        code=elements.concept(entry.code),
        subject=datatypes.subject(),
        encounter=source.reference(entry.context),
        effectiveDateTime=elements.date_time(entry.effective_date_time),
        effectivePeriod=None if entry.effective_date_time else elements.period(entry.effective_period),
        issued=elements.instant(entry.issued),
        performer=source.references(tuple(one.actor for one in entry.performer), *_PERFORMERS),
        specimen=source.references(entry.specimen, "Specimen"),
        result=source.references(entry.result, "Observation"),
        conclusion=entry.conclusion,
        conclusionCode=elements.concepts(entry.coded_diagnosis),
    )


def specimen(source: Source, entry: stu3.Specimen) -> Resource:
    """UKCore-Specimen. https://simplifier.net/hl7fhirukcorer4/ukcorespecimen"""
    accession = elements.identifiers([entry.accession_identifier] if entry.accession_identifier else [])
    return source.build(
        entry,
        accessionIdentifier=accession[0] if accession else _bare(entry.accession_identifier),
        status=entry.status,
        type=elements.concept(entry.type),
        subject=datatypes.subject(),
        receivedTime=elements.date_time(entry.received_time),
        request=source.references(entry.request, "ServiceRequest"),
        collection=_collection(source, entry.collection) if entry.collection else None,
        note=elements.annotations(entry.note),
    )


def _bare(identifier: stu3.Identifier | None) -> Json | None:
    """A laboratory's accession number often comes without a system."""
    return {"value": identifier.value} if identifier and identifier.value else None


def _collection(source: Source, entry: stu3.Collection) -> Json:
    return compact(
        collector=source.reference(entry.collector),
        collectedDateTime=elements.date_time(entry.collected_date_time),
        collectedPeriod=None if entry.collected_date_time else elements.period(entry.collected_period),
        quantity=elements.quantity(entry.quantity),
        method=elements.concept(entry.method),
        bodySite=elements.concept(entry.body_site),
    )


def document(source: Source, entry: stu3.DocumentReference) -> Resource:
    """UKCore-DocumentReference: that a document exists, of what kind and from when. Its url is left out: it is an
    address of the practice's own document service, which answers only those whom it knows, and it would name the
    practice of a restricted person. https://simplifier.net/hl7fhirukcorer4/ukcoredocumentreference"""
    context = entry.context or stu3.DocumentContext()
    encounter = source.references((context.encounter,) if context.encounter else (), "Encounter")
    return source.build(
        entry,
        status=entry.status,
        type=elements.concept(entry.type),
        subject=datatypes.subject(),
        date=elements.instant(entry.indexed),
        author=source.references(entry.author, *_AUTHORS),
        custodian=source.reference(entry.custodian) or datatypes.organisation_reference(source.ids, source.practice),
        description=entry.description,
        content=[{"attachment": _attachment(part.attachment, entry)} for part in entry.content]
        or [{"attachment": _attachment(stu3.Attachment(), entry)}],
        context=compact(
            encounter=encounter,
            event=elements.concepts(context.event),
            period=elements.period(context.period),
            practiceSetting=elements.concept(context.practice_setting),
        ),
    )


def _attachment(entry: stu3.Attachment, document: stu3.DocumentReference) -> Json:
    """A sentence that stands where a media type should be ("not available") becomes the title. What is known of the
    document's age is its creation; an attachment that says nothing is still there, for the document is."""
    said = entry.content_type
    is_media_type = bool(said and _MEDIA_TYPE.fullmatch(said))
    title = entry.title if is_media_type or not said else f"{entry.title}: {said}" if entry.title else said
    made = compact(
        contentType=said if is_media_type else None,
        size=entry.size,
        title=title,
        creation=elements.date_time(entry.creation or document.created),
    )
    return made or {"title": elements.words(document.type) or "Document"}
