"""An independent second reading of the table in DESIGN section 4, row by row and as plainly as possible.

It shares no code with `integration.sharing.decide`: only the data types. Slow on purpose: it asks every question again
for every row.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import structs

from integration.sharing.agreements import Agreement, Agreements
from integration.sharing.request import Category, Choice, Evidence, Facts, Label, Request
from tests.properties.sharing_worlds import Row, rows_of

PERMISSIONS_ONLY = ("express-permission", "share-adjustments-nationally")
"""A refusal of these only ends an earlier permission."""
LAW = {"assisted conception (HFE Act)", "gender recognition (Gender Recognition Act)"}
REASONS = {"public interest", "statute", "court order", "emergency", "with the person's permission"}


@dataclass
class Answer:
    forbidden: bool = False
    not_found: bool = False
    rows: frozenset[Row] = frozenset()
    unlocated: frozenset[Row] = frozenset()
    """Rows without what tells where the person is."""
    pseudonymise: bool = False
    announced: frozenset[Category] = frozenset()


class Oracle:
    def __init__(self, agreements: Agreements, facts: Facts, request: Request) -> None:
        self.file, self.facts, self.request = agreements, facts, request
        self.caller = request.caller
        self.org = request.caller.organisation
        self.today = request.at.astimezone(ZoneInfo("Europe/London")).date()
        self.kinds = {purpose.code: purpose.kind for purpose in agreements.purposes.values()}
        self.kind = self.kinds.get(self.caller.purpose)
        self.opened = [one for one in self.file.agreements if self.concerns_caller(one) and self.relationship(one)]

    def answer(self) -> Answer:
        # rule 1
        members = [code for group in self.file.groups.values() for code in group.members]
        if self.org not in members or self.caller.role not in self.file.roles or self.kind is None:
            return Answer(forbidden=True)
        if self.request.break_glass and self.request.break_glass.reason not in REASONS:
            return Answer(forbidden=True)
        # rules 2 and 3: may the caller know of the person at all?
        opened = self.opened
        if not self.facts.known or not opened:
            return Answer(not_found=True)
        # rule 9
        if self.kind == "beyond care" and self.facts.national_opt_out:
            return Answer(not_found=True)
        rows = [row for row in rows_of(self.facts) if any(self.row_shown(row, one) for one in opened)]
        # rule 7
        unlocated = [row for row in rows if self.facts.restricted and not self.told_where(row)]
        announced = {label.category for label in self.facts.labels if self.announced(label, opened)}
        return Answer(
            rows=frozenset(rows),
            unlocated=frozenset(unlocated),
            pseudonymise=self.kind == "beyond care",
            announced=frozenset(announced),
        )

    def told_where(self, row: Row) -> bool:
        return any(
            self.caller.role in one.need_of_location
            and (not one.relationship.needed or self.has_evidence(one))
            and self.row_shown(row, one)
            for one in self.opened
        )

    # ---- agreements and relationship

    def parties(self, words: tuple[str, ...]) -> set[str]:
        found: set[str] = set()
        for word in words:
            if word in self.file.groups:
                found |= set(self.file.groups[word].members)
            else:
                found.add(word)
        return found

    def concerns_caller(self, agreement: Agreement) -> bool:
        codes = [self.file.purposes[word].code for word in agreement.purposes]
        if self.today < agreement.starts or (agreement.ends and self.today > agreement.ends):
            return False
        return (
            self.org in self.parties(agreement.recipients)
            and self.caller.role in agreement.roles
            and self.caller.purpose in codes
        )

    def relationship(self, agreement: Agreement) -> bool:
        return not agreement.relationship.needed or self.has_evidence(agreement) or self.glass_broken(agreement)

    def has_evidence(self, agreement: Agreement) -> bool:
        for evidence in self.facts.evidence:
            if evidence.organisation == self.org and evidence.kind in agreement.relationship.evidence:
                terms = agreement.relationship.evidence[evidence.kind]
                if evidence.start and evidence.start > self.today:
                    continue
                if evidence.source != self.org:
                    if evidence.end is None or self.today <= evidence.end + timedelta(days=terms.days):
                        return True
                elif self.own_word(terms.own_word, evidence):
                    return True
        return False

    def own_word(self, limit: int | str | None, evidence: Evidence) -> bool:
        if limit is None:
            return False
        over = evidence.end is not None and evidence.end <= self.today
        if isinstance(limit, str):  # as long as it lasts
            return not over or evidence.end == self.today
        counted_from = evidence.end if over else evidence.start
        return counted_from is not None and self.today <= counted_from + timedelta(days=limit)

    def glass_broken(self, agreement: Agreement) -> bool:
        glass, declared = agreement.breaking_the_glass, self.request.break_glass
        if glass is None or declared is None or self.caller.role not in glass.roles:
            return False
        since = declared.declared or self.request.at
        return since <= self.request.at <= since + timedelta(minutes=glass.minutes)

    def emergency_about(self, label: Label) -> bool:
        """Whether an agreement that shows anything with this label lets the glass be broken."""
        return any(self.glass_broken(one) and self.label_shown(label, one) for one in self.opened)

    # ---- one row under one agreement

    def row_shown(self, row: Row, agreement: Agreement) -> bool:
        label = row.label
        if label.organisation not in self.parties(agreement.sources) or label.category not in agreement.categories:
            return False  # rule 2
        if not self.role_sees(label) or not self.lawful(label) or not self.national(label) or not self.planning(label):
            return False  # rules 4, 8, 6a, 8, 9
        for name in label.sensitivities - LAW:  # rule 6b
            named = self.caller.role in agreement.sensitive.get(name, ())
            if not named and not self.express_permission(name, label, by_name=False):
                return False
        if self.kind == "audit":  # choices speak of care records
            return True
        return self.consents_given(label, agreement) and not any(
            self.denies(one, row, self.glass_broken(agreement)) for one in self.dissents()
        )

    def role_sees(self, label: Label) -> bool:
        role = self.file.roles[self.caller.role]
        if label.category == Category.ADJUSTMENTS:
            return True
        if label.category == Category.IMPAIRMENTS:
            return role.clinical_or_care
        return label.category in role.sees or (label.category in role.own and label.organisation == self.org)

    def lawful(self, label: Label) -> bool:
        return all(self.express_permission(name, label, by_name=True) for name in label.sensitivities & LAW)

    def national(self, label: Label) -> bool:
        if self.kind != "national flag":
            return True
        if label.category not in (Category.ADJUSTMENTS, Category.IMPAIRMENTS):
            return False
        for one in self.facts.choices:
            if one.kind == "share-adjustments-nationally" and not one.permits and self.refuses(one, label):
                return False
        return any(
            one.kind == "share-adjustments-nationally"
            and not one.sensitivities
            and one.source != self.org
            and self.permits(one, label)
            for one in self.facts.choices
        )

    def refuses(self, choice: Choice, label: Label) -> bool:
        if not self.standing(choice) or self.replaced(choice) or not self.for_caller(choice):
            return False
        about = bool(choice.instances) or self.speaks_of(choice, label)
        return about and self.not_excepted(choice, label, False)

    def planning(self, label: Label) -> bool:
        practices = {
            code for group in self.file.groups.values() if group.kind == "general practice" for code in group.members
        }
        return not (self.kind == "beyond care" and self.facts.type_1_objection and label.organisation in practices)

    def charity(self, code: str) -> bool:
        return any(code in group.members and group.kind == "voluntary sector" for group in self.file.groups.values())

    def consents_given(self, label: Label, agreement: Agreement) -> bool:
        terms = agreement.consent
        source = label.organisation
        if (
            terms.to_publish
            and self.charity(source)
            and not any(
                one.kind == "share-charity-data"
                and source in one.about
                and not one.sensitivities
                and (one.source == source or one.source != self.org)
                and self.permits(one, label)
                for one in self.facts.choices
            )
        ):
            return False
        if terms.to_view and self.charity(self.org) and source != self.org:
            return any(
                one.kind == "view-by-charity"
                and self.org in one.organisations
                and not one.sensitivities
                and self.permits(one, label)
                and (one.source != self.org or self.own_record(one, agreement))
                for one in self.facts.choices
            )
        return True

    def own_record(self, choice: Choice, agreement: Agreement) -> bool:
        terms = agreement.consent
        if terms.own_record_days is None or choice.recorded is None or (terms.must_say_how and not choice.how):
            return False
        return self.today <= choice.recorded.date() + timedelta(days=terms.own_record_days)

    def express_permission(self, name: str, label: Label, *, by_name: bool) -> bool:
        return any(
            one.kind == "express-permission"
            and name in one.sensitivities
            and one.source != self.org
            and (not by_name or self.org in one.organisations)
            and self.permits(one, label)
            for one in self.facts.choices
        )

    # ---- choices

    def standing(self, choice: Choice) -> bool:
        begun = choice.start is None or choice.start <= self.today
        return choice.active and begun and (choice.end is None or self.today <= choice.end)

    def same_scope(self, one: Choice, other: Choice) -> bool:
        names = (
            "kind", "decided_by", "organisations", "about", "categories", "sensitivities", "purposes", "data_start",
            "data_end", "instances", "related",
        )  # fmt: skip
        return all(getattr(one, name) == getattr(other, name) for name in names)

    def permits(self, choice: Choice, label: Label) -> bool:
        """A permission that stands, was not superseded, and covers this whole label for this recipient and purpose."""
        if not choice.permits or not self.standing(choice):
            return False
        if choice.instances or choice.related or choice.data_start or choice.data_end:
            return False
        for other in self.facts.choices:
            if other is not choice and self.same_scope(other, choice) and self.ends_permission(other):
                said = self.last_word(other)
                if said is None or choice.recorded is None or said >= choice.recorded:
                    return False
        for one in choice.exceptions:  # of other kinds, what is excepted is denied
            excepted = not one.permits and self.standing(one) and self.for_caller(one) and self.speaks_of(one, label)
            if choice.kind in PERMISSIONS_ONLY and excepted:
                return False
        return (
            (not choice.organisations or self.org in choice.organisations)
            and (not choice.purposes or self.caller.purpose in choice.purposes)
            and (not choice.about or label.organisation in choice.about)
            and (not choice.categories or label.category in choice.categories)
        )

    def ends_permission(self, other: Choice) -> bool:
        if other.start is not None and other.start > self.today:
            return False
        return not self.standing(other) if other.permits else other.active

    def last_word(self, other: Choice) -> datetime | None:
        if other.permits and not other.active and other.end:
            return datetime(other.end.year, other.end.month, other.end.day, 23, 59, 59, 999999, ZoneInfo("UTC"))
        return other.recorded

    def dissents(self) -> list[Choice]:
        """Every deny that counts: a refusal, or what a permission excepts; nothing of a choice that was replaced."""
        found: list[Choice] = []
        for whole in self.facts.choices:
            if self.standing(whole) and whole.kind not in PERMISSIONS_ONLY and not self.replaced(whole):
                parts = [one for one in whole.exceptions if self.standing(one)] if whole.permits else [whole]
                found += [one for one in parts if not one.permits]
        return found

    def replaced(self, choice: Choice) -> bool:
        """Whether a later choice of the same scope replaces it; a refusal, not what a permission excepts."""
        for other in self.facts.choices:
            if choice.permits and not other.permits:
                continue
            if self.standing(other) and self.same_scope(other, choice) and choice.kind != "other":
                later = other.recorded and choice.recorded and other.recorded > choice.recorded
                if later and (other.source != self.org or choice.source == self.org):
                    return True
        return False

    def for_caller(self, choice: Choice) -> bool:
        named = not choice.organisations or self.org in choice.organisations
        return named and self.purpose_matches(choice, self.request.break_glass is not None)

    def denies(self, choice: Choice, row: Row, emergency: bool) -> bool:
        label = row.label
        if not self.for_caller(choice):
            return False
        if choice.related:  # what else it means is not known: everything that it could mean
            meant = bool(choice.instances) or self.speaks_of(choice, label)
            return meant and self.not_excepted(choice, label, emergency)
        if choice.instances:
            excepted_everywhere = not any(
                self.not_excepted(choice, one, self.emergency_about(one)) for one in self.facts.labels
            )
            return row.id in choice.instances and not excepted_everywhere
        if not self.speaks_of(choice, label) or not self.not_excepted(choice, label, emergency):
            return False
        return (choice.data_start is None or choice.data_start <= row.day) and (
            choice.data_end is None or row.day <= choice.data_end
        )

    def purpose_matches(self, choice: Choice, emergency: bool) -> bool:
        if not choice.purposes or self.caller.purpose in choice.purposes:
            return True
        return emergency and "BTG" in choice.purposes

    def speaks_of(self, choice: Choice, label: Label) -> bool:
        if choice.about and label.organisation not in choice.about:
            return False
        categories = set(choice.categories)
        if not choice.permits and Category.ADJUSTMENTS in categories:  # rule 8: a dissent hides all of it
            categories.add(Category.IMPAIRMENTS)
        if categories and label.category not in categories:
            return False
        return not choice.sensitivities or bool(choice.sensitivities & label.sensitivities)

    def not_excepted(self, deny: Choice, label: Label, emergency: bool) -> bool:
        in_emergency = emergency and deny.kind == "break-glass-only"
        if in_emergency and deny.break_glass_relaxes:
            return False
        for one in deny.exceptions:
            if (
                one.permits
                and self.standing(one)
                and not (one.sensitivities or one.instances or one.data_start or one.data_end)
                and (not one.organisations or self.org in one.organisations)
                and self.purpose_matches(one, in_emergency)
                and self.speaks_of(one, label)
            ):
                return False
        return True

    # ---- what may be said

    def announced(self, label: Label, opened: list[Agreement]) -> bool:
        if label.category in (Category.ADJUSTMENTS, Category.IMPAIRMENTS):
            return False
        if not (self.role_sees(label) and self.lawful(label) and self.national(label) and self.planning(label)):
            return False
        if not any(one.announce and label.organisation in self.parties(one.sources) for one in opened):
            return False
        return not any(self.label_shown(label, one) for one in opened)

    def label_shown(self, label: Label, agreement: Agreement) -> bool:
        """Whether any row at all of this label could be shown: dated and single rows are not announced."""
        kept = [self.whole(one) for one in self.facts.choices if one.permits or not self.is_partial(one)]
        without = Oracle(self.file, replace(self.facts, choices=tuple(kept)), self.request)
        return without.row_shown(Row(label, date(1900, 1, 1), self.facts.person), agreement)

    def whole(self, choice: Choice) -> Choice:
        if not choice.permits or choice.kind in PERMISSIONS_ONLY:
            return choice
        return structs.replace(choice, exceptions=tuple(one for one in choice.exceptions if not self.is_partial(one)))

    def is_partial(self, deny: Choice) -> bool:
        return not deny.related and bool(deny.instances or deny.data_start or deny.data_end)
