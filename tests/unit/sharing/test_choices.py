"""Consents as choices: what ours and IHE PCF's say, and what stands when there are several."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.sharing.choices import EXPRESS_PERMISSION, KINDS, PERMITTING, choices_of
from integration.sharing.choices_in_force import Recipient, effective, forbids
from integration.sharing.request import Category, Choice
from integration.sharing.sensitivity import SENSITIVITIES, label_of
from mappings import uk_core
from tests.unit.sharing.consents import consent_resource
from tests.unit.sharing.scene import CLINICAL, EMERGENCY, asked, choice, facts, granted, label, sees

ONE, OTHER = UUID(int=5), UUID(int=6)
DAY = date(2026, 6, 15)
PCF = "https://profiles.ihe.net/ITI/PCF/"
LATER = datetime(2026, 2, 1, tzinfo=UTC)


def purpose(code: str, system: str = uk_core.ACT_REASON) -> dict:
    return {"system": system, "code": code}


def organisation(code: str) -> dict:
    return {"identifier": {"system": uk_core.ODS_ORGANISATION, "value": code}}


def consent(policy: str, provision: dict, **more: object) -> dict:
    return {
        "resourceType": "Consent",
        "id": "c1",
        "status": "active",
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "dateTime": "2026-01-01",
        "policy": [{"uri": policy}],
        "provision": provision,
        **more,
    }


def ours(kind: str, provision: dict, **more: object) -> dict:
    return consent(f"https://toldonce.example/policy/{kind}", provision, **more)


class TestReading:
    def test_an_objection_denies_everything_to_everybody(self):
        (found,) = choices_of(ours("objection-to-sharing", {"type": "deny"}), "GP1")

        assert found == Choice(
            consent="c1",
            kind="objection-to-sharing",
            permits=False,
            source="GP1",
            recorded=datetime(2026, 1, 1, tzinfo=UTC),
        )

    def test_a_charitys_consent_speaks_of_the_charity_that_asked(self):
        published = ours("share-charity-data", {"type": "permit"}, organization=[organisation("CH1")])

        (found,) = choices_of(published, "CH1")

        assert found.about == {"CH1"}
        assert found.permits

    def test_a_refused_consent_is_a_deny_and_a_withdrawn_one_no_longer_counts(self):
        refused = ours("view-by-charity", {"type": "deny", "actor": [{"reference": organisation("CH1")}]})
        withdrawn = ours("view-by-charity", {"type": "permit"}, status="inactive")

        assert [(one.permits, one.organisations) for one in choices_of(refused, "CH1")] == [(False, {"CH1"})]
        assert [one.active for one in choices_of(withdrawn, "CH1")] == [False]

    @pytest.mark.parametrize("change", [{"status": "draft"}, {"status": "entered-in-error"}, {"scope": {}}])
    def test_what_is_no_decision_about_privacy_is_no_choice(self, change: dict):
        assert choices_of(ours("objection-to-sharing", {"type": "deny"}) | change, "GP1") == []

    def test_a_deny_that_cannot_be_evaluated_stays_as_wide_as_it_could_be_meant(self):
        unreadable = {
            "type": "deny",
            "actor": [{"reference": {"reference": "Practitioner/1"}}, {"reference": organisation("HOS")}],
            "purpose": [purpose("FooBar", "http://example.org")],
            "code": [{"text": "abortion"}],
            "data": [{"meaning": "instance", "reference": {"reference": "Observation/not-ours"}}],
        }

        (found,) = choices_of(ours("restrict-organisation", unreadable), "GP1")

        assert (found.organisations, found.purposes, found.instances) == (frozenset(), frozenset(), frozenset())

    @pytest.mark.parametrize(
        "narrowing",
        [
            {"actor": [{"reference": {"reference": "Practitioner/1"}}]},
            {"purpose": [purpose("FooBar", "http://example.org")]},
            {"code": [{"text": "abortion"}]},
            {"class": [{"system": "http://hl7.org/fhir/resource-types", "code": "Observation"}]},
            {"securityLabel": [{"system": uk_core.CONFIDENTIALITY, "code": "N"}]},
            {"data": [{"meaning": "authoredby", "reference": {"reference": "Practitioner/1"}}]},
        ],
    )
    def test_a_permission_that_cannot_be_evaluated_is_void(self, narrowing: dict):
        assert choices_of(ours("express-permission", {"type": "permit", **narrowing}), "GP1") == []

    def test_single_entries_or_an_author_is_more_than_single_entries_by_an_author(self):
        either = {
            "type": "deny",
            "data": [
                {"meaning": "instance", "reference": {"reference": f"Observation/{ONE}"}},
                {"meaning": "authoredby", "reference": organisation("GP1")},
            ],
        }

        (found,) = choices_of(ours("restrict-instance", either), "GP1")

        assert (found.instances, found.about) == (frozenset(), frozenset())


class TestPCF:
    """The shapes of IHE PCF's own examples."""

    def test_permit_except_a_period(self):
        period = {"type": "deny", "dataPeriod": {"start": "2022-01-01", "end": "2022-12-31"}}
        base = {"type": "permit", "purpose": [purpose("TREAT")], "provision": [period]}

        (permit,) = choices_of(consent("http://example.org/base", base), "GP1")
        (deny,) = permit.exceptions

        assert permit.permits
        assert (deny.permits, deny.data_start, deny.data_end) == (False, date(2022, 1, 1), date(2022, 12, 31))

    def test_permit_except_what_relates_to_an_encounter(self):
        related = {"type": "deny", "data": [{"meaning": "related", "reference": {"reference": f"Encounter/{ONE}"}}]}

        (permit,) = choices_of(consent("http://example.org/base", {"type": "permit", "provision": [related]}), "GP1")
        (deny,) = permit.exceptions

        assert (deny.instances, deny.related) == ({ONE}, {ONE})

    def test_permit_except_what_is_restricted(self):
        marked = {"type": "deny", "securityLabel": [{"system": uk_core.CONFIDENTIALITY, "code": "R"}]}

        (permit,) = choices_of(consent("http://example.org/base", {"type": "permit", "provision": [marked]}), "GP1")
        (deny,) = permit.exceptions

        assert deny.sensitivities == {"marked sensitive by the source"}

    def test_a_permission_under_another_policy_opens_nothing(self):
        (found,) = choices_of(consent(f"{PCF}Policy-all-normal", {"type": "permit"}), "GP1")

        assert found.kind not in PERMITTING

    def test_break_glass_only(self):
        group = {"reference": {"reference": "Group/ex-privilegedUsers"}}
        nested = {"type": "permit", "purpose": [purpose("BTG")], "actor": [group]}
        only = consent(f"{PCF}Policy-break-glass-only", {"type": "deny", "provision": [nested]})

        (found,) = choices_of(only, "GP1")

        assert (found.kind, found.permits, found.break_glass_relaxes) == ("break-glass-only", False, True)

    def test_break_glass_for_one_organisation(self):
        nested = {"type": "permit", "purpose": [purpose("BTG")], "actor": [{"reference": organisation("HOS")}]}
        only = consent(f"{PCF}Policy-break-glass-only", {"type": "deny", "provision": [nested]})
        (found,) = choices_of(only, "GP1")

        def shown_to(organisation_code: str) -> bool:
            who = Recipient(organisation_code, "TREAT", declared=True, emergency=True)
            return not any(forbids(one, CLINICAL, who) for one in effective([found], who, DAY).denies)

        assert shown_to("HOS")
        assert not shown_to("FAR")
        assert not found.break_glass_relaxes

    def test_deny_except_one_organisation(self):
        nested = {"type": "permit", "actor": [{"reference": organisation("HOS")}]}
        (found,) = choices_of(consent(f"{PCF}Policy-deny", {"type": "deny", "provision": [nested]}), "GP1")

        assert sees(CLINICAL, granted(asked(), facts(choices=(found,))))
        assert found.kind == "objection-to-sharing"

    def test_only_a_wish_for_emergencies_is_relaxed_by_one(self):
        nested = {"type": "permit", "purpose": [purpose("BTG")]}
        (found,) = choices_of(ours("objection-to-sharing", {"type": "deny", "provision": [nested]}), "GP1")
        who = Recipient("HOS", "TREAT", declared=True, emergency=True)

        assert [forbids(one, CLINICAL, who) for one in effective([found], who, DAY).denies] == [True]


CLINICAL_CLASS = {"class": [{"system": "https://toldonce.example/CodeSystem/category", "code": "clinical record"}]}


class TestExceptions:
    """What a Consent excepts, in its own period, and as long as the Consent."""

    def shown(self, *consents: dict, purpose: str = "TREAT", source: str = "GP1") -> bool:
        found = tuple(one for each in consents for one in choices_of(each, source))
        return sees(CLINICAL, granted(asked(purpose=purpose), facts(choices=found)))

    @pytest.mark.parametrize(
        ("period", "shown"),
        [
            ({"start": "2026-01-01", "end": "2026-02-01"}, False),
            ({"start": "2026-07-01"}, False),
            ({"start": "2026-06-15", "end": "2026-06-15"}, True),
        ],
    )
    def test_what_an_objection_excepts_for_some_time_is_excepted_for_that_time_only(self, period: dict, shown: bool):
        excepted = {"type": "permit", "period": period, **CLINICAL_CLASS}
        objection = ours("objection-to-sharing", {"type": "deny", "provision": [excepted]})

        assert self.shown(objection) == shown

    @pytest.mark.parametrize(("end", "shown"), [("2026-02-01", True), ("2026-06-15", False)])
    def test_what_a_permission_excepts_for_some_time_too(self, end: str, shown: bool):
        excepted = {"type": "deny", "period": {"end": end}, **CLINICAL_CLASS}

        assert self.shown(ours("restrict-category", {"type": "permit", "provision": [excepted]})) == shown

    @pytest.mark.parametrize(("end", "relaxed"), [("2026-02-01", False), ("2026-06-15", True)])
    def test_emergencies_excepted_for_some_time_are_excepted_for_that_time_only(self, end: str, relaxed: bool):
        group = {"reference": {"reference": "Group/ex-privilegedUsers"}}
        excepted = {"type": "permit", "purpose": [purpose("BTG")], "actor": [group], "period": {"end": end}}
        (found,) = choices_of(ours("break-glass-only", {"type": "deny", "provision": [excepted]}), "GP1")

        assert sees(CLINICAL, granted(asked(break_glass=EMERGENCY), facts(choices=(found,)))) == relaxed

    def test_a_newer_permission_replaces_an_older_one_with_what_it_excepts(self):
        older = ours("restrict-category", {"type": "permit", "provision": [{"type": "deny", **CLINICAL_CLASS}]})
        newer = ours("restrict-category", {"type": "permit"}, dateTime="2026-02-01")
        narrower = ours("restrict-category", {"type": "permit", **CLINICAL_CLASS}, dateTime="2026-02-01")

        assert not self.shown(older)
        assert self.shown(older, newer)
        assert not self.shown(older, narrower)

    def test_a_newer_permission_has_its_own_exceptions(self):
        older = ours("restrict-category", {"type": "permit"})
        excepted = {"type": "deny", **CLINICAL_CLASS}
        newer = ours("restrict-category", {"type": "permit", "provision": [excepted]}, dateTime="2026-02-01")

        assert not self.shown(older, newer)

    def test_what_an_express_permission_excepts_it_does_not_open(self):
        sensitive = label(Category.CLINICAL, "GP1", "sexual health")
        marked = {"securityLabel": [label_of("sexual health")]}
        excepted = {"type": "deny", "actor": [{"reference": organisation("HOS")}]}

        def shown(*exceptions: dict) -> bool:
            permission = ours("express-permission", {"type": "permit", "provision": list(exceptions), **marked})
            found = tuple(choices_of(permission, "GP1"))
            return sees(sensitive, granted(asked(), facts(sensitive, choices=found)))

        assert shown()
        assert not shown(excepted)

    def test_what_a_void_permission_excepts_is_denied_all_the_same(self):
        void = {"type": "permit", "code": [{"text": "all"}], "provision": [{"type": "deny", **CLINICAL_CLASS}]}

        assert not self.shown(ours("restrict-category", void))


class TestSeveral:
    """A newer decision replaces an older one of the same scope; between scopes any deny wins."""

    OBJECTION = choice("objection-to-sharing")
    WITHDRAWN = msgspec.structs.replace(OBJECTION, permits=True, recorded=LATER)

    def counts(self, *choices: Choice, caller: str = "HOS") -> tuple[set[str], set[str]]:
        found = effective(choices, Recipient(caller, "TREAT"), DAY)
        return {one.consent for one in found.denies}, {one.consent for one in found.permits}

    def test_a_later_permission_of_the_same_scope_lifts_a_deny(self):
        assert self.counts(self.OBJECTION, self.WITHDRAWN) == (set(), {"consent"})

    @pytest.mark.parametrize(
        "change",
        [
            {"recorded": datetime(2025, 1, 1, tzinfo=UTC)},
            {"recorded": None},
            {"recorded": datetime(2026, 1, 1, tzinfo=UTC)},
            {"active": False},
            {"end": DAY - timedelta(days=1)},
            {"start": DAY + timedelta(days=1)},
            {"organisations": frozenset({"HOS"})},
            {"categories": frozenset({Category.CLINICAL})},
            {"decided_by": "a deputy"},
            {"source": "HOS"},
        ],
    )
    def test_nothing_else_lifts_it(self, change: dict):
        later = msgspec.structs.replace(self.WITHDRAWN, **change)

        assert self.counts(self.OBJECTION, later)[0] == {"consent"}

    def test_an_organisation_may_record_the_withdrawal_of_what_it_recorded(self):
        own = msgspec.structs.replace(self.OBJECTION, source="HOS")
        lifted = msgspec.structs.replace(self.WITHDRAWN, source="HOS")

        assert self.counts(own, lifted)[0] == set()

    def test_a_permission_under_an_unknown_policy_lifts_nothing(self):
        deny = choice("other")
        permit = choice("other", permits=True, recorded=LATER)

        assert self.counts(deny, permit)[0] == {"consent"}

    def test_a_later_refusal_ends_a_permission_for_good(self):
        permit = choice("view-by-charity", permits=True, organisations=frozenset({"CH1"}))
        pause = msgspec.structs.replace(permit, permits=False, recorded=LATER, end=DAY - timedelta(days=9))

        assert self.counts(permit, pause)[1] == set()
        assert self.counts(msgspec.structs.replace(permit, recorded=LATER + timedelta(days=1)), pause)[1] == {"consent"}

    def test_a_withdrawal_counts_from_its_day(self):
        withdrawn = choice("view-by-charity", permits=True, active=False, end=date(2026, 3, 1))
        between = choice("view-by-charity", permits=True, recorded=LATER)
        after = choice("view-by-charity", permits=True, recorded=LATER + timedelta(days=60))

        assert self.counts(withdrawn, between)[1] == set()
        assert self.counts(withdrawn, after)[1] == {"consent"}

    def test_a_refused_express_permission_forbids_nothing_that_needs_none(self):
        assert self.counts(choice(EXPRESS_PERMISSION)) == (set(), set())

    def test_between_scopes_any_deny_wins(self):
        everybody = choice("restrict-category", permits=True, recorded=LATER)
        one = choice("restrict-category", categories=frozenset({Category.CLINICAL}))

        held = facts(CLINICAL, label(Category.ALERTS), choices=(everybody, one))
        assert granted(asked(), held).labels == (label(Category.ALERTS).id,)


names = st.frozensets(st.sampled_from(["HOS", "GP1", "CH1"]), max_size=2)
expressible = st.builds(
    Choice,
    consent=st.just("c1"),
    kind=st.sampled_from(sorted(KINDS)),
    permits=st.booleans(),
    source=st.sampled_from(["GP1", "CH1"]),
    recorded=st.one_of(st.none(), st.just(LATER)),
    start=st.one_of(st.none(), st.just(date(2026, 1, 1))),
    end=st.one_of(st.none(), st.just(date(2026, 12, 31))),
    active=st.booleans(),
    organisations=names,
    about=st.just(frozenset({"CH1"})),
    categories=st.frozensets(st.sampled_from(list(Category)), max_size=2),
    sensitivities=st.frozensets(st.sampled_from(sorted(SENSITIVITIES)), max_size=2),
    data_start=st.one_of(st.none(), st.just(date(2020, 1, 1))),
    data_end=st.one_of(st.none(), st.just(date(2021, 1, 1))),
    purposes=st.frozensets(st.sampled_from(["TREAT", "BTG", "HRESCH"]), max_size=2),
    decided_by=st.sampled_from(["the person", "a deputy"]),
    how=st.sampled_from(["", "signed form"]),
)


@given(expressible)
def test_a_consent_says_its_choice(said: Choice):
    assert choices_of(consent_resource(said), said.source) == [said]


@pytest.mark.parametrize("permits", [True, False])
def test_a_consent_says_its_exceptions(permits: bool):
    base = ours("restrict-organisation", {"type": "permit" if permits else "deny"}, dateTime="2026-01-01T00:00:00Z")
    excepted = {"actor": [{"reference": organisation("HOS")}], "period": {"end": "2026-02-01"}}
    base["provision"]["provision"] = [{"type": "deny" if permits else "permit", **excepted}]
    (said,) = choices_of(base, "GP1")
    (exception,) = said.exceptions

    assert choices_of(consent_resource(said), said.source) == [said]
    assert (exception.permits, exception.organisations, exception.end) == (not permits, {"HOS"}, date(2026, 2, 1))


@pytest.mark.parametrize("permits", [True, False])
def test_of_single_resources_and_their_author_a_consent_says_the_resources(permits: bool):
    said = choice("restrict-instance", permits=permits, instances=frozenset({ONE}), about=frozenset({"GP1"}))

    (found,) = choices_of(consent_resource(said), said.source)

    assert (found.permits, found.instances, found.about) == (permits, {ONE}, frozenset())


def test_a_consent_is_valid_fhir():
    from fhir.resources.R4B.consent import Consent

    said = choice("restrict-instance", instances=frozenset({ONE, OTHER}), related=frozenset({OTHER}), how="form")
    resource = {**consent_resource(said), "patient": {"reference": "Patient/1"}, "performer": []}
    resource.pop("performer")

    assert Consent.model_validate(resource).status == "active"
    assert choices_of(resource, "GP1")[0].related == {OTHER}
