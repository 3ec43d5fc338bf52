"""The community trust's side of the synthetic world: a CSDS submission per quarter, each covering half a year, so that
every row is sent about twice and the second sending corrects the first.

The dirt is the data set's own: leading zeros that a spreadsheet stripped, NHS numbers that nobody traced (02) or that
are missing, postcodes from before a move, a referral sent under the wrong team, a contact that never took place, a
birth date with day and month swapped.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random

from adapters.community import records
from adapters.community.write import write
from adapters.records import LONDON
from adapters.synthetic.community_rows import STEP, Case, Submission, rows_of, staff_rows
from adapters.synthetic.organisations import COMMUNITY
from adapters.synthetic.world import FeedFile, LifeEvent, World

_QUARTERS = 8
_WINDOW = 2 * STEP - timedelta(days=1)


def feed_files(world: World) -> Iterator[FeedFile]:
    """The trust's submissions of two years, oldest first; the same world gives the same bytes."""
    cases = _cases(world)
    for submission in _submissions(world.today):
        rows = [row for case in cases for row in rows_of(case, submission)]
        created = datetime.combine(submission.end + timedelta(days=1), time(6), LONDON)
        header = records.Header(
            version="1.6",
            provider=COMMUNITY.code,
            submitter=COMMUNITY.code,
            start=submission.start.isoformat(),
            end=submission.end.isoformat(),
            created=created.replace(tzinfo=None).isoformat(),
            system="Synthetic",
        )
        yield FeedFile(
            feed="community",
            sender=COMMUNITY.code,
            name=f"CSDS_{COMMUNITY.code}_{submission.end:%Y%m%d}.zip",
            content=write(header, [*rows, *staff_rows(world.staff)]),
            as_of=created,
        )


def _submissions(today: date) -> Iterator[Submission]:
    for number in range(_QUARTERS):
        end = today - timedelta(days=1) - STEP * (_QUARTERS - 1 - number)
        yield Submission(number, end - _WINDOW, end)


def _cases(world: World) -> list[Case]:
    cases = {
        person.key: Case(person, f"C{100001 + index}", Random(f"{world.seed}:community:{person.key}"))  # noqa: S311 - synthetic data, reproducible on purpose
        for index, person in enumerate(world.people)
    }
    for event in world.events:
        if event.person in cases:
            _file(event, cases[event.person])
    known = [case for case in cases.values() if case.referrals]
    for case in known:
        _soil(case)
    plain = [case for case in known if case.person.name is None and case.person.birth_date.day <= 12]
    if plain:
        plain[len(plain) // 2].mistypes_birth_date = True
    return known


def _file(event: LifeEvent, case: Case) -> None:
    if event.organisation != COMMUNITY.code:
        return
    if event.kind == "birth-date-corrected":
        case.birth_dates.append(event)
    elif event.kind == "community-referral":
        case.referrals.append(event)
    elif event.kind == "community-contact":
        case.contacts[event.detail.get("referral", "")].append(event)
    elif event.kind == "community-care-plan":
        case.plans.append(event)
    elif event.kind == "safeguarding":
        case.safeguarding.append(event)


def _soil(case: Case) -> None:
    """Decides once what is wrong, so that every submission agrees on it."""
    case.untraced = case.random.random() < 0.1
    case.keeps_old_postcode = case.random.random() < 0.3
    for referral in case.referrals:
        if case.person.name is None and case.random.random() < 0.03:
            case.mistaken[referral.key] = "team"
        for contact in case.contacts[referral.key]:
            chance = case.random.random()
            case.mistaken[contact.key] = "contact" if chance < 0.02 else "zero" if chance < 0.12 else ""
