"""Random agreements, facts and requests for the properties of sharing: a small world in which everything occurs."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from integration.sharing.agreements import (
    Agreement,
    Agreements,
    BreakingTheGlass,
    EvidenceTerms,
    ExplicitConsent,
    Group,
    LawfulBasis,
    Purpose,
    Relationship,
    Role,
)
from integration.sharing.decide import BREAK_GLASS_REASONS, Policy
from integration.sharing.request import (
    BreakGlass,
    Caller,
    Category,
    Choice,
    Decision,
    Evidence,
    Facts,
    Grant,
    Label,
    Request,
)

PRACTICES, TRUSTS, CHARITIES = ("P1", "P2"), ("T1",), ("C1", "C2")
ORGANISATIONS = (*PRACTICES, *TRUSTS, *CHARITIES)
ROLES = ("doctor", "worker", "clerk")
PURPOSES = ("TREAT", "ETREAT", "HCOMPL", "HRESCH", "NATIONAL")
CATEGORIES = (
    Category.DEMOGRAPHICS,
    Category.CLINICAL,
    Category.ADJUSTMENTS,
    Category.IMPAIRMENTS,
    Category.CHOICES,
)
SENSITIVE = ("sexual health", "safeguarding", "assisted conception (HFE Act)")
KINDS = ("registration", "referral", "encounter")
CHOICE_KINDS = (
    "objection-to-sharing",
    "restrict-organisation",
    "restrict-category",
    "restrict-period",
    "restrict-instance",
    "break-glass-only",
    "share-charity-data",
    "view-by-charity",
    "express-permission",
    "share-adjustments-nationally",
    "other",
)
PERSON = UUID(int=1)
ROWS = tuple(UUID(int=n) for n in range(10, 14))
TODAY = date(2026, 6, 15)
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    agreements: Agreements
    facts: Facts
    request: Request

    @property
    def policy(self) -> Policy:
        return Policy.of(self.agreements)


@dataclass(frozen=True)
class Row:
    """One stored row of the person, as the database sees it."""

    label: Label
    day: date
    id: UUID


def rows_of(facts: Facts) -> list[Row]:
    """Every kind of row that the person could have: each label, at telling dates, with each id."""
    days = (TODAY - timedelta(days=400), TODAY - timedelta(days=20), TODAY)
    return [Row(label, day, id_) for label in facts.labels for day in days for id_ in ROWS]


def shown(decision: Decision, facts: Facts) -> set[Row]:
    """The rows that a decision lets be read: what the SQL conditions made of a Grant let through."""
    if not isinstance(decision, Grant):
        return set()
    return {
        row
        for row in rows_of(facts)
        if row.label.id in decision.labels
        and row.id not in decision.withheld
        and not any(
            row.label.id in window.labels
            and (window.start is None or window.start <= row.day)
            and (window.end is None or row.day <= window.end)
            for window in decision.windows
        )
    }


def some(values: tuple[str, ...], *, least: int = 0) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), min_size=least, unique=True, max_size=len(values)).map(tuple)


def mostly(value: object, *others: object) -> st.SearchStrategy[object]:
    return st.sampled_from([value, value, value, *others])


DAYS = st.sampled_from([TODAY - timedelta(days=days) for days in (500, 100, 31, 30, 1, 0, -1, -40)])
MAYBE_DAY = st.one_of(st.none(), DAYS)

roles = st.builds(
    Role,
    clinical_or_care=st.booleans(),
    sees=some((Category.DEMOGRAPHICS, Category.CLINICAL, Category.CHOICES), least=1),
    own=some((Category.DEMOGRAPHICS, Category.CLINICAL)),
)

agreement = st.builds(
    Agreement,
    id=st.sampled_from(["AA-01", "AA-02", "AA-03", "AA-04", "AA-05", "AA-06"]),
    version=st.just(1),
    title=st.just("An agreement"),
    sources=mostly(("practices", "trusts", "charities"), ("practices",), ("P1", "charities"), ("C1",)),
    recipients=mostly(("practices", "trusts", "charities"), ("trusts",), ("charities",), ("P1",)),
    roles=mostly(ROLES, ("doctor",), ("doctor", "worker")),
    purposes=mostly(("care", "emergency"), ("audit",), ("research",), ("national",), ("care", "audit", "research")),
    categories=mostly(
        CATEGORIES, (Category.CLINICAL,), (Category.CHOICES,), (Category.DEMOGRAPHICS, Category.CLINICAL)
    ),
    sensitive=st.dictionaries(st.sampled_from(SENSITIVE[:2]), some(ROLES), max_size=2),
    relationship=st.builds(
        Relationship,
        needed=mostly(True, False),
        because=st.just("of a reason"),
        evidence=st.dictionaries(
            st.sampled_from(KINDS),
            st.builds(
                EvidenceTerms,
                days=st.sampled_from([0, 30]),
                own_word=st.sampled_from([None, 30, "as long as it lasts"]),
            ),
            min_size=1,
        ),
    ),
    consent=st.builds(
        ExplicitConsent,
        to_publish=mostly(True, False),
        to_view=mostly(True, False),
        own_record_days=st.sampled_from([None, 30]),
        must_say_how=st.booleans(),
    ),
    breaking_the_glass=st.one_of(
        st.none(), st.builds(BreakingTheGlass, roles=some(ROLES, least=1), minutes=st.sampled_from([30, 60]))
    ),
    need_of_location=some(ROLES),
    announce=st.booleans(),
    basis=st.just(LawfulBasis("6(1)(e)", "9(2)(h)", "implied consent")),
    starts=mostly(date(2024, 1, 1), TODAY, TODAY + timedelta(days=1)),
    ends=mostly(None, TODAY, TODAY - timedelta(days=1)),
    review=st.just(date(2027, 1, 1)),
)

agreements = st.builds(
    Agreements,
    neighbourhood=st.just("Testing"),
    groups=st.just(
        {
            "practices": Group("general practice", {code: f"Practice {code}" for code in PRACTICES}),
            "trusts": Group("statutory", {code: f"Trust {code}" for code in TRUSTS}),
            "charities": Group("voluntary sector", {code: f"Charity {code}" for code in CHARITIES}),
        }
    ),
    purposes=st.just(
        {
            "care": Purpose("TREAT", "care"),
            "emergency": Purpose("ETREAT", "care"),
            "audit": Purpose("HCOMPL", "audit"),
            "research": Purpose("HRESCH", "beyond care"),
            "national": Purpose("NATIONAL", "national flag"),
        }
    ),
    roles=st.fixed_dictionaries(dict.fromkeys(ROLES, roles)),
    agreements=st.lists(agreement, max_size=4, unique_by=lambda one: one.id).map(tuple),
)

labels = st.lists(
    st.tuples(
        st.sampled_from(ORGANISATIONS),
        st.sampled_from(CATEGORIES),
        mostly((), *[(one,) for one in SENSITIVE], SENSITIVE),
    ),
    max_size=7,
    unique=True,
).map(lambda found: tuple(Label(n, one[0], one[1], frozenset(one[2])) for n, one in enumerate(found, 1)))

evidence = st.builds(
    Evidence,
    kind=st.sampled_from(KINDS),
    organisation=st.sampled_from(ORGANISATIONS),
    source=st.sampled_from(ORGANISATIONS),
    start=MAYBE_DAY,
    end=MAYBE_DAY,
)

subset_of_organisations = st.one_of(st.just(frozenset()), some(ORGANISATIONS, least=1).map(frozenset))
subset_of_purposes = mostly(frozenset(), frozenset({"TREAT"}), frozenset({"HRESCH"}), frozenset({"BTG"}))
subset_of_categories = mostly(frozenset(), frozenset({Category.CLINICAL}), frozenset({Category.ADJUSTMENTS}))

exception = st.builds(
    Choice,
    consent=st.just("exception"),
    kind=st.just("exception"),
    permits=st.just(True),
    source=st.just("P1"),
    organisations=subset_of_organisations,
    about=subset_of_organisations,
    categories=subset_of_categories,
    purposes=subset_of_purposes,
    sensitivities=mostly(frozenset(), frozenset({"sexual health"})),
)

choice = st.builds(
    Choice,
    consent=st.sampled_from(["consent-1", "consent-2", "consent-3"]),
    kind=st.sampled_from(CHOICE_KINDS),
    permits=st.booleans(),
    source=st.sampled_from(ORGANISATIONS),
    recorded=st.one_of(
        st.none(), st.sampled_from([datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)])
    ),
    start=mostly(None, TODAY - timedelta(days=10), TODAY + timedelta(days=10)),
    end=mostly(None, TODAY + timedelta(days=10), TODAY - timedelta(days=2)),
    active=mostly(True, False),
    organisations=subset_of_organisations,
    about=subset_of_organisations,
    categories=subset_of_categories,
    sensitivities=mostly(frozenset(), frozenset({"sexual health"}), frozenset(SENSITIVE)),
    data_start=mostly(None, TODAY - timedelta(days=30)),
    data_end=mostly(None, TODAY - timedelta(days=1)),
    instances=mostly(frozenset(), frozenset(), frozenset(ROWS[:2])),
    related=mostly(frozenset(), frozenset(), frozenset(), frozenset(ROWS[:1])),
    break_glass_relaxes=st.booleans(),
    purposes=subset_of_purposes,
    exceptions=st.lists(exception, max_size=1).map(tuple),
    decided_by=mostly("the person", "a deputy"),
    how=st.sampled_from(["", "signed form"]),
)

facts = st.builds(
    Facts,
    person=st.just(PERSON),
    known=mostly(True, True, False),
    labels=labels,
    evidence=st.lists(evidence, max_size=4).map(tuple),
    choices=st.lists(choice, max_size=4).map(tuple),
    restricted=st.booleans(),
    national_opt_out=mostly(False, True),
    type_1_objection=mostly(False, True),
)

requests = st.builds(
    Request,
    caller=st.builds(
        Caller,
        client=st.just("client"),
        organisation=mostly("T1", "P1", "C1", "elsewhere"),
        role=mostly("doctor", "worker", "clerk", "unheard of"),
        purpose=mostly("TREAT", *PURPOSES, "UNKNOWN"),
    ),
    person=st.just(PERSON),
    at=st.just(NOW),
    break_glass=st.one_of(
        st.none(),
        st.builds(
            BreakGlass,
            reason=mostly(next(iter(BREAK_GLASS_REASONS)), "curiosity"),
            declared=st.sampled_from([None, NOW - timedelta(minutes=45), NOW + timedelta(minutes=1)]),
        ),
    ),
)

worlds = st.builds(World, agreements=agreements, facts=facts, request=requests)
