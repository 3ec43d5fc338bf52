"""Promise 8: a decision that was made is made again from what was recorded at its moment, whatever changed since."""

from uuid import UUID

import pytest

from integration.commands import explain as explain_command
from integration.errors import NotPossible
from integration.sharing import current
from tests.spec.neighbourhood import MRS_T, SEVEN, Asker, Neighbourhood

OBJECTED = """
insert into toldonce.facts (source_patient, person, labels, evidence, choices, restricted)
select source_patient, person, labels, '[]', '[]', true from toldonce.facts
where person = $1 and until = (select max(until) from toldonce.facts where person = $1)
returning id
"""


async def accessed(coventry: Neighbourhood, asker: Asker, person: UUID) -> UUID:
    """The audit event of an access."""
    answer = await (await coventry.asker(asker.name)).everything(person)
    (event,) = [one for one in await coventry.event(answer) if one["resourceType"] == "AuditEvent"]
    return UUID(event["id"])


@pytest.mark.parametrize("asker", SEVEN, ids=[one.name for one in SEVEN])
async def test_an_access_is_explained_as_it_was_decided(coventry: Neighbourhood, asker: Asker):
    event = await accessed(coventry, asker, await coventry.person(MRS_T))
    replayed = await explain_command.replay(coventry.settings, event)

    assert replayed.same
    assert asker.role in replayed.text


async def test_what_is_recorded_later_changes_nothing(coventry: Neighbourhood):
    """The agreements change, and what is known of the person: relationships are gone, and they are restricted."""
    person = await coventry.person(MRS_T)
    event = await accessed(coventry, SEVEN[0], person)
    was = await explain_command.replay(coventry.settings, event)
    text = await coventry.owner.fetchval("select content from toldonce.agreement_document order by id desc limit 1")
    new: list[int] = []
    try:
        await coventry.owner.execute(
            "update toldonce.facts set until = now() where person = $1 and until > now()", person
        )
        new = [row["id"] for row in await coventry.owner.fetch(OBJECTED, person)]
        await current.apply(coventry.owner, text.replace("Sharing for direct care in Coventry", "Another title"))
        assert await explain_command.replay(coventry.settings, event) == was
    finally:
        await coventry.owner.execute("delete from toldonce.facts where id = any($1)", new)
        await coventry.owner.execute(
            "update toldonce.facts set until = 'infinity' "
            "where person = $1 and until = (select max(until) from toldonce.facts where person = $1)",
            person,
        )
        await coventry.owner.execute("delete from toldonce.agreement_document where id > 1")
    assert new
    assert was.same


async def test_a_decision_that_is_another_one_is_told(coventry: Neighbourhood):
    """The facts of that moment were changed behind everybody's back."""
    person = await coventry.person(MRS_T)
    event = await accessed(coventry, SEVEN[0], person)
    change = "update toldonce.facts set restricted = $2 where person = $1 and until = 'infinity'"
    try:
        await coventry.owner.execute(change, person, True)
        assert not (await explain_command.replay(coventry.settings, event)).same
    finally:
        await coventry.owner.execute(change, person, False)


async def test_an_event_without_a_decision_cannot_be_replayed(coventry: Neighbourhood):
    with pytest.raises(NotPossible, match="nothing was decided"):
        await explain_command.replay(coventry.settings, UUID(int=7))
