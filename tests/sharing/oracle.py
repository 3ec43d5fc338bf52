# ruff: noqa: SIM102  rules are read one condition after the other
"""Who may see what, once more: written from the table of the design (rules 1 to 9) and nothing else, as plain loops
over plain facts, row by row. It shares no code with the product. Where the table is silent, README.md says what is
read here."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from tests.sharing import consents
from tests.sharing.consents import Said
from tests.sharing.evidence import relationship
from tests.sharing.facts import FLAG, GLASS_REASONS, IMPAIRMENTS, LEGAL, Person, Question, Row, World

Agreement = dict[str, Any]
RULES = ("1", "2", "3", "4", "5", "6a", "6b", "7", "8", "9")
TELL = "tell the viewer that something is withheld"
UNNAMED = ("AuditEvent", "Consent", "RelatedPerson")
"""Types that are never sent beyond care (docs/beyond-care.md)."""
TELLING = ("2", "5", "6b")
"""Rules whose withholding may be announced, as the agreement says."""


@dataclass
class Verdict:
    """What the table says to one question."""

    answer: str = "answered"
    """`refused` (rule 1), `not found` (rule 3), `denied` (rule 2: nothing between the two), `beyond care` (what rule 9
    permits, pseudonymised), else `answered`."""
    visible: set[UUID] = field(default_factory=set)
    never: set[UUID] = field(default_factory=set)
    """Of the visible: what nothing would be left of when it is pseudonymised, so that it is not sent."""
    located: dict[UUID, bool] = field(default_factory=dict)
    """Of each visible row that locates the person: whether it may say where."""
    withheld: dict[UUID, tuple[frozenset[str], ...]] = field(default_factory=dict)
    """Of each row that is not visible: the rules that say no, one set for each agreement that it could come by."""
    acted: set[str] = field(default_factory=set)
    """Rules that said no to something, or that made a difference otherwise (7, 8, 9)."""
    decided: set[str] = field(default_factory=set)
    """Rules without which the answer would be another."""
    may_announce: set[str] = field(default_factory=set)
    must_announce: set[str] = field(default_factory=set)
    self_claimed: bool | None = None
    """Whether nothing but the caller's own word makes the relationship; None where agreements differ."""


@dataclass(frozen=True)
class _Way:
    """An agreement by which the caller may come to something, and what it makes of relationship and emergency."""

    agreement: Agreement
    related: bool
    glass: bool
    by_glass_only: bool
    own_word_only: bool


class Oracle:
    """The table over one agreement file."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.document = world.document
        self.kinds = {}
        self.members = {}
        for name, group in self.document["organisations"].items():
            self.members[name] = list(group["members"])
            for code in group["members"]:
                self.kinds[code] = group["kind"]
        self.purposes = {purpose["code"]: str(purpose["kind"]) for purpose in self.document["purposes"].values()}

    def judge(self, question: Question) -> Verdict:
        person = self.world.person(question.person)
        verdict = Verdict()
        known = self._caller(question)
        ways = self._ways(question, person)
        standing = consents.in_force(person, question.day, question.organisation)
        restricted = any(source.restricted for source in person.sources)
        beyond = self._purpose(question) == "beyond care"
        opted_out = beyond and not _cleared(person, question)
        for author, row in person.rows():
            failing = self._failing(question, author, row, ways, standing, restricted, verdict)
            if opted_out:
                for _, rules in failing:
                    rules.add("9")
            if known and any(not rules for _, rules in failing):
                verdict.visible.add(row.id)
                opening = [way for way, rules in failing if way and not rules]
                self._locate(question, row, opening, restricted, verdict)
                if beyond and row.type in UNNAMED:
                    verdict.never.add(row.id)
            else:
                self._withhold(row, failing, known, verdict)
                if known:
                    self._announce(question, author, row, ways, standing, verdict)
        self._conclude(question, known, ways, opted_out, verdict)
        return verdict

    def _caller(self, question: Question) -> bool:
        """Rule 1, as far as it is not authentication: organisation, role and purpose are known, and an emergency has
        one of the reasons."""
        if question.organisation not in self.kinds or question.role not in self.document["roles"]:
            return False
        if question.glass and question.glass.reason not in GLASS_REASONS:
            return False
        return question.purpose in self.purposes

    def _ways(self, question: Question, person: Person) -> list[_Way]:
        ways = []
        for agreement in self.document["agreements"]:
            if self._lets_in(agreement, question):
                glass = _glass(agreement, question)
                by_others, by_own_word = relationship(agreement, question, person)
                needed = agreement["relationship"]["needed"]
                exists = bool(person.sources)
                calmly = not needed or by_others or by_own_word
                own_word_only = needed and by_own_word and not by_others
                ways.append(_Way(agreement, exists and (calmly or glass), glass, not calmly, own_word_only))
        return ways

    def _lets_in(self, agreement: Agreement, question: Question) -> bool:
        """Rule 2, the half that is about the caller: in force, and to this organisation, role and purpose."""
        if question.day < date.fromisoformat(agreement["in force from"]):
            return False
        if "in force until" in agreement and question.day > date.fromisoformat(agreement["in force until"]):
            return False
        if question.organisation not in self._organisations(agreement["who may see it"]):
            return False
        codes = [self.document["purposes"][name]["code"] for name in agreement["for which purposes"]]
        return question.role in agreement["in which roles"] and question.purpose in codes

    def _organisations(self, words: list[str]) -> list[str]:
        found = []
        for word in words:
            found += self.members.get(word, [word])
        return found

    def _failing(
        self,
        question: Question,
        author: str,
        row: Row,
        ways: list[_Way],
        standing: list[Said],
        restricted: bool,
        verdict: Verdict,
    ) -> list[tuple[_Way | None, set[str]]]:
        """For each agreement that covers the row, the rules that say no; one without agreement where none covers it."""
        covering: list[_Way | None] = []
        for way in ways:
            sources = self._organisations(way.agreement["whose information"])
            if author in sources and row.category in way.agreement["kinds of information"]:
                covering.append(way)
        failing = []
        for one in covering or [None]:
            rules = self._always(question, author, row, standing, one)
            if one is None:
                rules.add("2")
                if not any(way.related for way in ways):
                    rules.add("3")
            elif not one.related:
                rules.add("3")
            failing.append((one, rules))
        if restricted and row.locates:
            verdict.acted.add("7")
        if row.category in (FLAG, IMPAIRMENTS):
            verdict.acted.add("8")
        return failing

    def _always(self, question: Question, author: str, row: Row, standing: list[Said], way: _Way | None) -> set[str]:
        """Rules 4 to 6b, 8 and 9 (its Type 1 objection) of one row, by one agreement."""
        rules = set()
        if row.category in (FLAG, IMPAIRMENTS):
            if not self._adjustments(question, author, row, standing):
                rules.add("8")
        elif not self._role(question, author, row):
            rules.add("4")
        if self._purpose(question) == "beyond care" and self.kinds.get(author) == "general practice":
            if consents.objects(self.world.person(question.person)):
                rules.add("9")
        if self._purpose(question) != "audit":
            if self._dissent(question, author, row, standing, bool(way and way.glass)):
                rules.add("5")
            if not self._charities(question, author, row, standing, way):
                rules.add("5")
        for mark in row.sensitivities:
            if mark in LEGAL:
                if not _permission(question, author, row, standing, mark, to_recipient=True):
                    rules.add("6a")
            else:
                roles = way.agreement.get("sensitive information", {}).get(mark, []) if way else []
                if question.role not in roles:
                    if not _permission(question, author, row, standing, mark, to_recipient=False):
                        rules.add("6b")
        return rules

    def _role(self, question: Question, author: str, row: Row) -> bool:
        role = self.document["roles"].get(question.role)
        if role is None:
            return False
        if row.category in role["may see"]:
            return True
        own = role.get("may see of the own organisation only", [])
        return row.category in own and author == question.organisation

    def _dissent(self, question: Question, author: str, row: Row, standing: list[Said], glass: bool) -> bool:
        for said in standing:
            if said.kind == consents.PERMISSION:
                continue  # to refuse a permission opens nothing, and hides nothing
            if said.kind == consents.NATIONAL and self._purpose(question) != "national flag":
                continue
            lifts = glass and said.kind == consents.GLASS_ONLY
            if consents.denies(said, question, author, row, lifts):
                return True
        return False

    def _charities(self, question: Question, author: str, row: Row, standing: list[Said], way: _Way | None) -> bool:
        """Rule 5's two consents: what a charity recorded is published, and a charity views what others recorded."""
        terms = way.agreement.get("explicit consent", {}) if way else {}
        if self.kinds.get(author) == "voluntary sector":
            if terms.get("needed to share what a charity recorded", True):
                if not any(
                    said.kind == consents.PUBLISH and consents.permits(said, question, author, row) for said in standing
                ):
                    return False
        if self.kinds.get(question.organisation) == "voluntary sector" and author != question.organisation:
            if terms.get("needed for a charity to see what others recorded", True):
                found = False
                for said in standing:
                    if said.kind != consents.VIEW or not consents.names_recipient(said, question.organisation):
                        continue
                    counts = said.by != question.organisation or _own_record_counts(said, question, terms)
                    if counts and consents.permits(said, question, author, row):
                        found = True
                if not found:
                    return False
        return True

    def _adjustments(self, question: Question, author: str, row: Row, standing: list[Said]) -> bool:
        """Rule 8: the flag to all who pass 1 to 3, impairments to clinical and care roles, onward by consent only."""
        if row.category == IMPAIRMENTS:
            role = self.document["roles"].get(question.role)
            if role is None or not role["clinical or care role"]:
                return False
        if self._purpose(question) == "national flag":
            for said in standing:
                anothers = said.kind == consents.NATIONAL and said.by != question.organisation
                if anothers and consents.permits(said, question, author, row):
                    return True
            return False
        return True

    def _purpose(self, question: Question) -> str:
        return self.purposes.get(question.purpose, "unknown")

    def _locate(self, question: Question, row: Row, opening: list[_Way], restricted: bool, verdict: Verdict) -> None:
        """Rule 7: where a restricted person is shows only by an agreement that names this role's need, and opens the
        row without breaking the glass."""
        if row.locates:
            word = "roles that need to know where restricted people are"
            needed = any(question.role in way.agreement.get(word, []) and not way.by_glass_only for way in opening)
            pseudonymised = self._purpose(question) == "beyond care"
            verdict.located[row.id] = (not restricted or needed) and not pseudonymised
            if restricted:
                verdict.decided.add("7")

    def _withhold(self, row: Row, failing: list[tuple[_Way | None, set[str]]], known: bool, verdict: Verdict) -> None:
        verdict.withheld[row.id] = tuple(frozenset(rules | (set() if known else {"1"})) for _, rules in failing)
        for _, rules in failing:
            verdict.acted |= rules
            if known and len(rules) == 1:
                verdict.decided |= rules

    def _announce(
        self, question: Question, author: str, row: Row, ways: list[_Way], standing: list[Said], verdict: Verdict
    ) -> None:
        """What may, and what must, be said of a row that is withheld: by each agreement with its source under which the
        caller has a relationship, as that agreement says, and nothing where a silent rule says no too."""
        telling = []
        for way in ways:
            if way.related and author in self._organisations(way.agreement["whose information"]):
                rules = self._always(question, author, row, standing, way)
                if row.category not in way.agreement["kinds of information"]:
                    rules.add("2")
                telling.append(way.agreement[TELL] and rules <= set(TELLING))
        if any(telling):
            verdict.may_announce.add(row.category)
        silent = row.category in (FLAG, IMPAIRMENTS) or self._purpose(question) == "national flag"
        by_row = any(consents.of_single_rows(said) for said in standing)
        if telling and all(telling) and not silent and not by_row:
            verdict.must_announce.add(row.category)

    def _conclude(self, question: Question, known: bool, ways: list[_Way], opted_out: bool, verdict: Verdict) -> None:
        own_words = {way.own_word_only for way in ways if way.related}
        if len(own_words) == 1:
            verdict.self_claimed = own_words.pop()
        if self._purpose(question) == "beyond care":
            verdict.acted.add("9")
            if known:
                verdict.decided.add("9")
        if not known:
            verdict.answer = "refused"
            verdict.acted.add("1")
            verdict.decided = {"1"}
        elif not ways:
            verdict.answer = "denied"
            verdict.acted.add("2")
        elif not any(way.related for way in ways):
            verdict.answer = "not found"
            verdict.acted.add("3")
            verdict.decided.add("3")
        elif opted_out:
            verdict.answer = "not found"
        elif self._purpose(question) == "beyond care":
            verdict.answer = "beyond care"


def _cleared(person: Person, question: Question) -> bool:
    """Rule 9's national opt-out: whether the service let every number through that a source states of the person, and
    that may still be relied on. Whom it could not be asked about counts as having opted out."""
    numbers = {source.number for source in person.sources if source.number}
    for number in numbers:
        found = False
        for one in person.clearances:
            if one.number == number and one.checked <= question.at < one.until:
                found = True
        if not found:
            return False
    return bool(numbers)


def _glass(agreement: Agreement, question: Question) -> bool:
    """Whether this agreement lets this caller's broken glass count now."""
    terms = agreement.get("breaking the glass")
    if question.glass is None or terms is None or question.glass.reason not in GLASS_REASONS:
        return False
    declared = question.glass.declared or question.at
    if question.at - declared > timedelta(minutes=terms["minutes"]):
        return False
    return question.role in terms["roles"]


def _permission(
    question: Question, author: str, row: Row, standing: list[Said], mark: str, *, to_recipient: bool
) -> bool:
    """The person's express permission; for what the law restricts it names this recipient. The caller's own record of
    one does not count: nobody widens their own view."""
    for said in standing:
        if said.kind != consents.PERMISSION or not consents.permits(said, question, author, row, [mark]):
            continue
        if to_recipient and not consents.names_recipient(said, question.organisation):
            continue
        if said.by == question.organisation:
            continue
        return True
    return False


def _own_record_counts(said: Said, question: Question, terms: Agreement) -> bool:
    """A consent recorded by the charity that it serves: says when and how, and lasts as long as the agreement says."""
    days = terms.get("recorded by the viewing charity itself counts for days")
    if days is None or not said.how:
        return False
    return question.day <= said.recorded.astimezone(consents.LONDON).date() + timedelta(days=days)
