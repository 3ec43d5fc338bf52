"""What holds at a month's end, of people whose story everybody knows."""

from datetime import date

import pytest

from adapters.synthetic.moments import day
from adapters.synthetic.neighbourhood import LAST_DAY
from integration.teams.measures.person_time import Month, Span, months_of
from tests.measures.caseload import CARE, Stay, with_caseload
from tests.measures.test_truth import FIRST, LAST, evaluated, strata
from tests.spec.neighbourhood import MRS_T, Neighbourhood

HOME_CARE, CHARITY = day(LAST_DAY, 428), day(LAST_DAY, 340)
"""When the council began to help Mrs T at home; when her practice asked the charity to, whose social prescriber then
coordinated her care."""
MRS_B = "9990000026"
NEVER = date.max


@pytest.mark.parametrize(
    ("number", "measure", "since"),
    [
        (MRS_T, "care-plan", HOME_CARE),
        (MRS_T, "care-plan-review-in-date", HOME_CARE),
        (MRS_T, "named-care-coordinator", CHARITY),
        (MRS_T, "social-prescribing-referral", CHARITY),
        (MRS_B, "social-prescribing-referral", NEVER),
    ],
)
async def test_it_holds_from_the_month_in_which_it_began(
    coventry: Neighbourhood, number: str, measure: str, since: date
):
    person = await coventry.person(number)
    async with with_caseload(coventry, "one-person", [Stay(person, Span(FIRST, date.max))]) as caseload:
        report = await evaluated(await coventry.as_caller(*CARE), measure, caseload)
    held = [month["population"][2]["count"] for month in strata(report)]
    assert held == [int(month >= Month.of(since)) for month in months_of(FIRST, LAST)]
