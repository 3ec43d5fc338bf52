# ruff: noqa: SIM102  rules are read one condition after the other
"""Rule 5's Consents, read from their FHIR JSON in the IHE PCF shapes: which count, and what each says of a row."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from tests.sharing.facts import FLAG, IMPAIRMENTS, LONDON, Person, Question, Row

POLICY = "https://toldonce.example/policy/"
CATEGORY = "https://toldonce.example/CodeSystem/category"
SENSITIVITY = "https://toldonce.example/CodeSystem/sensitivity"
PUBLISH, VIEW, PERMISSION, NATIONAL = (
    "share-charity-data",
    "view-by-charity",
    "express-permission",
    "share-adjustments-nationally",
)
TYPE_1 = "type-1-objection"
GLASS_ONLY = "break-glass-only"
GLASS = "BTG"
OTHER = "other"
"""What is not known closer: whether two of these speak of the same thing is not known either."""


@dataclass(frozen=True)
class Said:
    """A Consent and who recorded it."""

    by: str
    consent: dict[str, Any]
    ended: bool = False
    """It permits nothing any more; what it excepts from its permission is denied still."""

    @cached_property
    def kind(self) -> str:
        uri: str = self.consent["policy"][0]["uri"]
        return uri.removeprefix(POLICY)

    @cached_property
    def root(self) -> dict[str, Any]:
        provision: dict[str, Any] = self.consent["provision"]
        return provision

    @cached_property
    def recorded(self) -> datetime:
        return datetime.fromisoformat(self.consent["dateTime"])

    @cached_property
    def how(self) -> str:
        title: str = self.consent.get("sourceAttachment", {}).get("title", "")
        return title

    @cached_property
    def decider(self) -> str:
        performer = self.consent["performer"][0]
        return str(performer.get("display", "the person"))

    def stands(self, day: date) -> bool:
        """Active, and in its period."""
        return self.consent["status"] == "active" and _during(self.root, day)

    def authors(self, provision: dict[str, Any]) -> list[str]:
        """Whose statements it speaks of; none = everybody's. A charity's consent to publish speaks of its own data
        where it names nobody's."""
        named = [_ods(data["reference"]) for data in _data(provision, "authoredby")]
        if not named and provision is self.root and self.kind == PUBLISH:
            return [self.by]
        return named


def in_force(person: Person, day: date, caller: str) -> list[Said]:
    """The Consents that count on this day: active, in their period, and not replaced by a newer one of the same scope
    that counts too and that the same decision maker made; a refusal only ends a permission. What the caller itself
    recorded takes away no word against sharing that others recorded, or callers could widen their own view."""
    recorded = []
    for source in person.sources:
        for consent in source.consents:
            said = Said(source.organisation, consent)
            if said.kind == TYPE_1:
                continue  # about what is beyond care: rule 9
            if consent["status"] in ("active", "inactive", "rejected"):
                recorded.append(said)
    standing = [said for said in recorded if said.stands(day)]
    counting = []
    for said in standing:
        replaced = False
        for other in standing:
            if said.kind != OTHER and other.recorded > said.recorded and _about_the_same(other, said):
                refuses = said.root["type"] == "permit" and other.root["type"] == "deny"
                if not refuses and (other.by != caller or said.by == caller):
                    replaced = True
        if not replaced:
            ended = any(
                other is not said and _about_the_same(other, said) and _ends(other, said, day) for other in recorded
            )
            counting.append(replace(said, ended=ended))
    return counting


def _about_the_same(one: Said, other: Said) -> bool:
    return one.decider == other.decider and _scope(one) == _scope(other)


def _ends(other: Said, permission: Said, day: date) -> bool:
    """Whether this takes a permission back: a refusal since, even for a time that is over, or a permission since that
    was withdrawn or has run out."""
    period = other.root.get("period", {})
    if "start" in period and day < date.fromisoformat(period["start"]):
        return False
    active = other.consent["status"] == "active"
    last = other.recorded
    if other.root["type"] == "permit":
        if other.stands(day):
            return False
        if not active and "end" in period:
            last = datetime.combine(date.fromisoformat(period["end"]), time.max, UTC)
    elif not active:
        return False
    return last >= permission.recorded


def objects(person: Person) -> bool:
    """Rule 9's Type 1 objection: whether any source recorded one that was not withdrawn."""
    for source in person.sources:
        for consent in source.consents:
            if Said(source.organisation, consent).kind == TYPE_1:
                if consent["status"] == "active" and consent["provision"]["type"] == "deny":
                    return True
    return False


def denies(said: Said, question: Question, author: str, row: Row, glass: bool) -> bool:
    """Whether this Consent says no to the row. `glass`: the glass is broken, and an agreement lets it be."""
    if not _speaks_of(said, said.root, question, author, row, glass):
        return False
    answer = said.root["type"]
    for exception in said.root.get("provision", ()):
        if exception["type"] != said.root["type"] and _during(exception, question.day):
            if _speaks_of(said, exception, question, author, row, glass):
                answer = exception["type"]
    if answer == "deny" and said.kind == GLASS_ONLY and glass and not said.root.get("provision"):
        return False
    return bool(answer == "deny")


def permits(said: Said, question: Question, author: str, row: Row, marks: Iterable[str] = ()) -> bool:
    """Whether this Consent says yes to the row, and (for an express permission) to all of these marks."""
    if said.ended or said.root["type"] != "permit" or denies(said, question, author, row, False):
        return False
    named = _marks(said.root)
    for mark in marks:
        if mark not in named:
            return False
    return _speaks_of(said, said.root, question, author, row, False)


def of_single_rows(said: Said) -> bool:
    """Whether what it speaks of is less than whole kinds of information: some resources, or those of some time."""
    return any("dataPeriod" in one or _data(one, "instance") for one in (said.root, *said.root.get("provision", ())))


def names_recipient(said: Said, organisation: str) -> bool:
    return organisation in _recipients(said.root)


def _speaks_of(said: Said, provision: dict[str, Any], question: Question, author: str, row: Row, glass: bool) -> bool:
    recipients = _recipients(provision)
    if recipients and question.organisation not in recipients:
        return False
    purposes = [coding["code"] for coding in provision.get("purpose", ())]
    if purposes and question.purpose not in purposes and not (glass and GLASS in purposes):
        return False
    authors = said.authors(provision)
    if authors and author not in authors:
        return False
    categories = [coding["code"] for coding in provision.get("class", ())]
    if provision["type"] == "deny" and FLAG in categories:
        categories.append(IMPAIRMENTS)  # rule 8: a dissent hides all of it
    if categories and row.category not in categories:
        return False
    marks = _marks(provision)
    if marks and not any(mark in row.sensitivities for mark in marks):
        return False
    instances = [data["reference"]["reference"].rpartition("/")[2] for data in _data(provision, "instance")]
    if instances and str(row.id) not in instances:
        return False
    return _overlaps(provision.get("dataPeriod"), row)


def _scope(said: Said) -> tuple[Any, ...]:
    """What a Consent speaks of: two with the same are about the same thing."""
    root = said.root
    return (
        said.kind,
        sorted(_recipients(root)),
        sorted(coding["code"] for coding in root.get("purpose", ())),
        sorted(said.authors(root)),
        sorted(coding["code"] for coding in root.get("class", ())),
        sorted(_marks(root)),
        sorted(data["reference"]["reference"] for data in _data(root, "instance")),
        root.get("dataPeriod"),
    )


def _recipients(provision: dict[str, Any]) -> list[str]:
    return [_ods(actor["reference"]) for actor in provision.get("actor", ())]


def _marks(provision: dict[str, Any]) -> list[str]:
    return [coding["display"] for coding in provision.get("securityLabel", ())]


def _data(provision: dict[str, Any], meaning: str) -> list[dict[str, Any]]:
    return [data for data in provision.get("data", ()) if data["meaning"] == meaning]


def _ods(reference: dict[str, Any]) -> str:
    code: str = reference["identifier"]["value"]
    return code


def _during(provision: dict[str, Any], day: date) -> bool:
    period = provision.get("period", {})
    if "start" in period and day < date.fromisoformat(period["start"]):
        return False
    return not ("end" in period and day > date.fromisoformat(period["end"]))


def _overlaps(period: dict[str, str] | None, row: Row) -> bool:
    """A row without dates belongs to every period: nothing says that it is not of that time."""
    if period is None:
        return True
    if "start" in period and row.ends and row.ends < _midnight(period["start"]):
        return False
    return not ("end" in period and row.starts and row.starts >= _midnight(period["end"], days=1))


def _midnight(day: str, days: int = 0) -> datetime:
    return datetime.combine(date.fromisoformat(day) + timedelta(days=days), time(), LONDON)
