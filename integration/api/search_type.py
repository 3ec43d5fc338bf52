"""FHIR search within a type, GET and POST. https://hl7.org/fhir/R4/http.html#search

Patients are found by NHS number or id (`patients.py`), the directory by its own parameters (`directory.py`), everything
else by the person it is about, or by its id. Somebody the caller may not know of is an empty answer, as somebody who
does not exist.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from starlette.responses import Response

from integration.api.bundle import searchset
from integration.api.criteria import Terms
from integration.api.declared import PARAMETERS, includes, rev_includes
from integration.api.directory import directory
from integration.api.exchange import Exchange
from integration.api.found import Found, Page, refuse_any
from integration.api.interactions import Endpoint, FhirRouter, Interaction
from integration.api.media_types import require_form
from integration.api.outcome import FhirResponse
from integration.api.parameters import AFTER, Asked, Place, understand
from integration.api.patients import MOST_IDS, patients
from integration.api.person import national
from integration.api.seal import Parameters
from integration.api.subset import subset
from integration.audit.codes import Kind
from integration.errors import BadRequest
from integration.record.consult import Consultation
from integration.record.criteria import Ids
from integration.record.include import Included
from integration.sharing.request import Grant
from integration.store.extract import DIRECTORY
from mappings import uk_core

_LONGEST_FORM = 65536


def serve_search(router: FhirRouter) -> None:
    """Serve every searchable type, by GET and by POST."""
    for resource_type, parameters in PARAMETERS.items():
        whose = "Entries of the directory." if resource_type in DIRECTORY else "The permitted ones of one person."
        interaction = Interaction(
            resource_type,
            "search-type",
            whose,
            parameters,
            includes=includes(resource_type),
            rev_includes=rev_includes(resource_type),
        )
        router.serve(f"/{resource_type}", interaction)(_by_get(resource_type))
        router.serve(f"/{resource_type}/_search", interaction, method="POST")(_by_post(resource_type))
        if resource_type == "Flag":
            router.serve("/PatientFlag", interaction)(_of_the_national_service)


def _by_get(resource_type: str) -> Endpoint:
    async def search(exchange: Exchange) -> Response:
        exchange.require(resource_type, "s")
        return await _search(resource_type, exchange, exchange.parameters())

    return search


async def _of_the_national_service(exchange: Exchange) -> Response:
    """`PatientFlag?patient=<NHS number>[&code=]`: the flags that say that there is something to know; with `code`, that
    one and what it leads to. https://simplifier.net/guide/patient-flag-implementation-guide"""
    exchange.require("Flag", "s")
    parameters = exchange.parameters()
    sent = dict(parameters)
    if len(sent) != len(parameters) or "patient" not in sent:
        raise BadRequest("Say once of whom, as patient=<NHS number>, and each other parameter once.")
    leads_to = {"_include": "Flag:detail"} if "code" in sent else {"code": f"{uk_core.RA_PATIENT_FLAG}|"}
    person, number = national(sent.pop("patient"), exchange.services.base_url)
    whom = {"patient:identifier": number} if number else {"patient": str(person)}
    return await _search("Flag", exchange, [*(sent | whom | leads_to).items()])


def _by_post(resource_type: str) -> Endpoint:
    """The same with the parameters in a form, so that they appear in no log of a proxy."""

    async def search(exchange: Exchange) -> Response:
        exchange.require(resource_type, "s")
        require_form(exchange.request.headers.get("content-type"))
        length = exchange.request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > _LONGEST_FORM:
            raise BadRequest("Send the parameters as a form of a stated length, at most 64 KiB.")
        form = await exchange.request.form()
        sent = exchange.parameters([(name, str(value)) for name, value in form.multi_items()])
        return await _search(resource_type, exchange, sent)

    return search


async def _search(resource_type: str, exchange: Exchange, parameters: Parameters) -> Response:
    """authenticate -> facts, decide, read (one transaction) -> audit -> answer"""
    terms = Terms(exchange.services.base_url, exchange.when)
    asked = understand(resource_type, parameters, terms, lenient=_lenient(exchange))
    for touched in sorted(asked.types - {resource_type}):
        exchange.require(touched, "s")
    page = Page(exchange, asked)
    found = await (_SPECIAL.get(resource_type) or _found)(exchange, asked, page)
    for one in found:
        counts = one.counts(resource_type)
        await exchange.audit(Kind.QUERY, "search-type", one.decision, counts=counts)
    refuse_any(found)
    return _answer(exchange, asked, found, page.following(found))


def _lenient(exchange: Exchange) -> bool:
    """R4 search.html#errors: what is not understood is ignored only for who asks for that."""
    preferred = exchange.request.headers.get("prefer", "").lower()
    return any(one.strip() == "handling=lenient" for one in re.split("[,;]", preferred))


async def _found(exchange: Exchange, asked: Asked, page: Page) -> list[Found]:
    """Of the person whom the search names, or of whomever the resources are about that it names."""
    if asked.number:
        async with exchange.records.consult_number(exchange.question, asked.number) as each:
            return [await page.look(one, asked.search, whose(one)) async for one in each]
    if asked.person is not None:
        async with exchange.records.consult(exchange.question, asked.person) as consultation:
            return [await page.look(consultation, asked.search, whose(consultation))]
    if asked.ids:
        return await _by_ids(exchange, asked, page)
    raise BadRequest("Say whom the search is about: patient=<id>, or patient:identifier=<NHS number>.")


async def _by_ids(exchange: Exchange, asked: Asked, page: Page) -> list[Found]:
    ids = sorted(set(asked.ids))
    if len(ids) > MOST_IDS:
        raise BadRequest(f"Ask for at most {MOST_IDS} ids at once.", parameter="_id")
    if asked.search.order and len(ids) > 1:
        raise BadRequest("Resources of several persons are not sorted: say patient=<id>.", parameter="_sort")
    found = []
    for id_ in ids:
        search = replace(asked.search, criteria=[*asked.search.criteria, Ids([id_])])
        async with exchange.records.consult_about(exchange.question, search.type, id_) as consultation:
            found.append(await page.look(consultation, search, id_))
    return found


def whose(consultation: Consultation) -> UUID:
    """The person whom a decision was about."""
    decision = consultation.decision
    return decision.person if isinstance(decision, Grant) else decision.request.person


def _answer(exchange: Exchange, asked: Asked, found: Sequence[Found], following: Place | None) -> Response:
    resource_type = asked.search.type
    part = subset(asked.summary, asked.elements, resource_type)
    used = [(name, value) for name, value in asked.used if name != AFTER]
    here = [(AFTER, asked.after.text())] if asked.after else []
    counted = asked.summary == "count"
    bundle = searchset(
        [part(match.body) for one in found for match in one.matches],
        base=exchange.services.base_url,
        links=exchange.links(resource_type, [*used, *here], following.text() if following and not counted else None),
        included=[part(other.body) for other in distinct(found)],
        grants=[one.decision for one in found if one.announces and isinstance(one.decision, Grant)],
        total=sum(one.total for one in found) if asked.total or counted else None,
        ignored=asked.ignored,
    )
    return FhirResponse(bundle)


def distinct(found: Sequence[Found]) -> list[Included]:
    """What is answered beside the matches, each once."""
    there = {(one.type, one.id) for each in found for one in each.matches}
    included = {(one.type, one.id): one for each in found for one in each.included}
    return [one for key, one in included.items() if key not in there]


_SPECIAL = {"Patient": patients} | dict.fromkeys(DIRECTORY, directory)
