"""What describes a caseload: a small YAML file that an analyst writes and a team reads. Pure.

`caseload.schema.json` is its grammar, `rule.py` applies its rule, `english.py` says it in sentences. Descriptions are
kept like agreements: each that was put in force stays, the newest counts.
"""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import Literal

import msgspec
from msgspec import Struct

from integration.sharing.agreement_file import AgreementError, Document, Problem, read

Frailty = Literal["mild", "moderate", "severe"]


class Count(Struct, frozen=True):
    """At least so many, in the last so many months."""

    at_least: int = msgspec.field(name="at least")
    months: int = msgspec.field(name="within months")


class AtLeast(Struct, frozen=True):
    at_least: int = msgspec.field(name="at least")


class Criterion(Struct, frozen=True, omit_defaults=True):
    """One thing that must hold: exactly one of these is given (the schema sees to it)."""

    long_term_conditions: AtLeast | None = msgspec.field(name="long-term conditions", default=None)
    age: AtLeast | None = None
    admissions: Count | None = None
    emergency_attendances: Count | None = msgspec.field(name="A&E attendances", default=None)
    practice_contacts: Count | None = msgspec.field(name="general practice contacts", default=None)
    frailty: tuple[Frailty, ...] = ()
    end_of_life: bool = msgspec.field(name="end of life", default=False)
    care_home: bool = msgspec.field(name="care home", default=False)


class Finding(Struct, frozen=True):
    """A reason to be on the caseload: every criterion of it holds. `code` is what a membership keeps."""

    code: str = msgspec.field(name="finding")
    title: str
    criteria: tuple[Criterion, ...] = msgspec.field(name="all of")


class Rule(Struct, frozen=True):
    """Who belongs on it: whoever is registered with one of these practices and meets one of the findings."""

    practices: tuple[str, ...] = msgspec.field(name="registered with")
    findings: tuple[Finding, ...] = msgspec.field(name="and one of")


class Caseload(Struct, frozen=True, omit_defaults=True):
    """A caseload: whose it is, who also works with it, and how somebody comes on it."""

    id: str = msgspec.field(name="caseload")
    title: str
    kind: Literal["INT", "forum"]
    organisation: str
    """ODS code of the owner: its members are people whom this organisation looks after."""
    partners: tuple[str, ...] = msgspec.field(name="seen also by", default=())
    """Who looks after them too: the coordination hub."""
    rule: Rule | None = msgspec.field(name="found by rule", default=None)
    referrers: tuple[str, ...] = msgspec.field(name="added also by", default=())
    """Who may add somebody whom they look after, without seeing the caseload."""
    by_hand: dict[str, str] = msgspec.field(name="reasons by hand", default_factory=dict)
    """Code and words of each reason for which somebody may be added by hand; none: nobody may."""

    @property
    def organisations(self) -> tuple[str, ...]:
        """Whose relationship with a member follows from the membership, and who sees the caseload."""
        return (self.organisation, *self.partners)

    @property
    def reasons(self) -> Mapping[str, str]:
        """Code and words of every reason there is."""
        return {one.code: one.title for one in (self.rule.findings if self.rule else ())} | self.by_hand

    def reason(self, code: str) -> str:
        """A reason in words; the code where an earlier description had it."""
        return self.reasons.get(code, code)


class CaseloadError(ValueError):
    """The description of a caseload cannot be used. `problems` says why, each with its line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load(text: str) -> Caseload:
    """The caseload that a YAML text describes. Raises CaseloadError with every problem, each with its line."""
    try:
        document = read(text, grammar())
    except AgreementError as error:
        raise CaseloadError(error.problems) from error
    caseload = msgspec.convert(document.content, Caseload)
    if problems := sorted(_contradictions(document, caseload)):
        raise CaseloadError(problems)
    return caseload


@lru_cache(maxsize=1024)
def kept(text: str) -> Caseload:
    """A description as it was kept: found sound before."""
    return load(text)


def schema() -> str:
    """The JSON Schema of such files: what an editor needs to help with writing them."""
    return resources.files("integration.teams.caseloads").joinpath("caseload.schema.json").read_text("utf-8")


@cache
def grammar() -> str:
    """The schema, read once."""
    return schema()


def _contradictions(document: Document, caseload: Caseload) -> Iterator[Problem]:
    if caseload.rule is None and not caseload.by_hand:
        message = "nobody could ever come on it: give 'found by rule', 'reasons by hand', or both"
        yield document.problem((), message)
    if caseload.organisation in caseload.partners:
        yield document.problem(("seen also by",), "its own organisation need not be named again")
    seen: set[str] = set()
    for place, finding in enumerate(caseload.rule.findings if caseload.rule else ()):
        if finding.code in seen or finding.code in caseload.by_hand:
            where = ("found by rule", "and one of", place, "finding")
            yield document.problem(where, f"'{finding.code}' stands for another reason already")
        seen.add(finding.code)
