"""The file of agreements: readable, checked line by line, and in step with the synthetic neighbourhood."""

from datetime import date
from importlib import resources

import pytest

from adapters.synthetic.organisations import BY_CODE, ORGANISATIONS, OTHER_ACUTE
from integration.sharing.agreements import AgreementError, Agreements, load
from integration.sharing.decide import Policy
from integration.sharing.policy import Terms
from integration.sharing.request import Category
from tests.unit.sharing.scene import FILE, NEIGHBOURHOOD

COVENTRY = resources.files("integration.sharing").joinpath("coventry.yaml").read_text("utf-8")


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(AgreementError) as raised:
        load(text)
    return [(problem.line, problem.message) for problem in raised.value.problems]


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def spoiled(words: str, by: str, text: str = FILE) -> str:
    assert words in text
    return text.replace(words, by, 1)


@pytest.fixture(scope="module")
def coventry() -> Agreements:
    return load(COVENTRY)


class TestCoventry:
    def test_its_organisations_are_those_of_the_synthetic_neighbourhood(self, coventry: Agreements):
        assert dict(coventry.names) == {one.code: one.name for one in ORGANISATIONS}

    def test_its_groups_are_of_the_right_kind(self, coventry: Agreements):
        kinds = {"practice": "general practice", "charity": "voluntary sector", "care-home": "independent"}

        for group in coventry.groups.values():
            assert {kinds.get(BY_CODE[code].kind, "statutory") for code in group.members} == {group.kind}

    def test_the_distant_hospital_is_party_to_nothing(self, coventry: Agreements):
        parties = [coventry.codes((*one.sources, *one.recipients)) for one in coventry.agreements]

        assert not any(OTHER_ACUTE.code in codes for codes in parties)

    def test_every_agreement_states_both_bases_and_a_review(self, coventry: Agreements):
        for agreement in coventry.agreements:
            assert "6(1)" in agreement.basis.article_6
            assert "9(2)" in agreement.basis.article_9
            assert agreement.basis.confidentiality
            assert agreement.review > agreement.starts

    def test_charities_see_a_limited_set_and_only_with_consent(self, coventry: Agreements):
        seen = self.kinds(coventry, "X9V01", "charity worker", "TREAT", "X90101")

        assert seen == {Category.DEMOGRAPHICS, Category.CARE_TEAM, Category.CARE_PLAN, Category.ADJUSTMENTS}
        assert all(one.viewing_needs_consent for one in self.terms(coventry, "X9V01", "charity worker", "TREAT"))

    def test_officers_see_the_access_log_and_choices_and_no_care_record(self, coventry: Agreements):
        seen = self.kinds(coventry, "X9H", "information governance officer", "HCOMPL", "X9A")

        assert seen == {Category.AUDIT, Category.CHOICES}

    def test_only_emergency_roles_of_the_hospital_and_the_ambulance_break_the_glass(self, coventry: Agreements):
        breaking = {key for key, found in Policy.of(coventry).terms.items() if any(one.glass_minutes for one in found)}

        assert {(organisation, purpose) for organisation, _, purpose in breaking} == {
            ("X9A", "ETREAT"),
            ("X9B", "ETREAT"),
        }
        assert {role for _, role, _ in breaking} == {"emergency doctor", "paramedic"}

    def test_every_role_and_purpose_of_an_agreement_is_used_with_care(self, coventry: Agreements):
        for agreement in coventry.agreements:
            if any(coventry.purposes[word].kind == "care" for word in agreement.purposes):
                assert agreement.relationship.needed

    def terms(self, coventry: Agreements, organisation: str, role: str, purpose: str) -> tuple[Terms, ...]:
        return Policy.of(coventry).terms[organisation, role, purpose]

    def kinds(self, coventry: Agreements, organisation: str, role: str, purpose: str, source: str) -> set[Category]:
        covering = [one for one in self.terms(coventry, organisation, role, purpose) if source in one.sources]
        return set().union(*(one.categories for one in covering))


class TestFile:
    def test_what_it_says(self):
        care = NEIGHBOURHOOD.agreements[0]

        assert care.citation == "AA-01 version 2"
        assert care.starts == date(2024, 1, 1)
        assert care.relationship.evidence["encounter"].rule().own_days == 10
        assert care.relationship.evidence["registration"].rule().own_days is None
        assert not care.relationship.evidence["referral"].rule().own_word
        assert NEIGHBOURHOOD.codes(("practices", "HOS")) == {"GP1", "GP2", "HOS"}

    def test_an_agreement_is_in_force_on_its_first_and_last_day(self):
        care = load(spoiled("in force from: 2024-01-01", "in force from: 2024-01-01\n    in force until: 2024-12-31"))

        (one, *_) = care.agreements
        held = [
            one.in_force(day) for day in (date(2023, 12, 31), date(2024, 1, 1), date(2024, 12, 31), date(2025, 1, 1))
        ]
        assert held == [False, True, True, False]

    def test_an_empty_file_is_refused(self):
        assert problems("") == [(1, "the file is empty")]

    @pytest.mark.parametrize(
        ("words", "by", "at", "message"),
        [
            ("purposes:\n", "purpses:\n", "purpses:", "'purpses' is not known here"),
            ("    version: 2", "    colour: red\n    version: 2", "colour: red", "'colour' is not known here"),
            ("    version: 2", "    version: two", "version: two", "must be a whole number"),
            ("    version: 2", "    version: 2\n    version: 3", "version: 3", "'version' is written twice"),
            ("[who the person is]", "[a person]", "may see: [a person]", "'a person' is not one of"),
            ("[practices, HOS, ch", "[practises, HOS, ch", "practises", "'practises' is not an organisation or group"),
            ("[doctor, clerk]", "[doctor, clark]", "clark", "'clark' is not a role"),
            ("purposes: [direct care]", "purposes: [care]", "purposes: [care]", "'care' is not a purpose"),
            ("from: 2024-01-01", "from: last year", "last year", "not written as expected"),
            ("from: 2024-01-01", "from: 2024-13-01", "2024-13-01", "cannot be read"),
            ("code: TREAT", "code: HCOMPL", "audit: {code", "already stands for"),
            ("encounter: {days", "visit: {days", "visit:", "'visit' is not known here"),
            ("GP2: Second Practice}", "GP2: Second Practice, HOS: x}", "HOS: The Hospital", "is in two groups"),
            ("id: AA-02", "id: AA-01\n    # again", "# again", "two agreements AA-01"),
            ("for days: 10", "for days: as long as it lasts", "encounter:", "without a limit"),
            ("{needed: no, because: auditors answer for everybody}", "{needed: no}", "{needed: no}", "because of what"),
            ("[sharing choices, access log]\n    r", "[alerts]\n    r", "information: [alerts]", "nothing else"),
            ("glass: {roles: [doctor]", "glass: {roles: [auditor]", "[auditor], minutes", "a role of this agreement"),
            ("what others recorded: yes", "what others recorded: no", "explicit consent:", "other basis"),
            ("[who the person is]", "[reasonable adjustments]", "see: [reasonable", "is not one of"),
            ("    kind: general practice", "    kind: [", "  hospitals:", "not readable as YAML"),
            ("[practices, HOS, charities]", "[]", "whose information: []", "must not be empty"),
            ("neighbourhood: Testing", "neighbourhood: &all Testing\nother: *all", "other:", "write it out"),
        ],
    )
    def test_every_mistake_is_told_with_its_line(self, words: str, by: str, at: str, message: str):
        text = spoiled(words, by)

        said = {line: told for line, told in problems(text) if message in told}
        assert abs(min(said) - line_of(text, at)) <= (1 if message.startswith("two agreements") else 0), said

    def test_lines_are_exact(self):
        text = spoiled("    version: 2", "    version: 2\n    colour: red")

        assert problems(text)[0][0] == line_of(text, "colour: red")
        with pytest.raises(AgreementError, match=rf"line {line_of(text, 'colour: red')}, column 5: 'colour'"):
            load(text)

    def test_all_mistakes_are_told_at_once(self):
        text = spoiled("version: 2", "version: two", spoiled("title: Audit", "titel: Audit"))

        assert len(problems(text)) >= 3

    def test_what_the_law_restricts_cannot_be_opened_by_an_agreement(self):
        sensitive = '    sensitive information: {"assisted conception (HFE Act)": [doctor]}\n    relationship:\n'
        text = spoiled("    relationship:\n", sensitive)

        assert any("not a sensitivity that can be named" in said for _, said in problems(text))
