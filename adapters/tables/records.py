"""What the rows of every national table data set have in common, and the rows that several of them have alike. No FHIR,
no reading: mappings import from here.

Identity columns come in two forms. The sender itself holds them in clear (NHS number, birth date, postcode). The copy
that an ICB receives has pseudonyms instead, which are accepted, but never read as the value they stand for. None of
these data sets carries names.
"""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import ClassVar

import msgspec


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """Whose submission it is and which days it covers (ISO dates, inclusive). `created`: ISO moment, London time
    where it has no offset; it orders submissions."""

    provider: str
    start: str
    end: str
    submitter: str | None = None
    created: str | None = None
    version: str | None = None
    system: str | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True, tag_field="table", omit_defaults=True):
    """A row as JSON: its member `table` is the table's code. `KEY` names the fields whose values, with provider and
    table, tell it from the person's other rows: local ids are reused, so every id on the row's path belongs to it."""

    KEY: ClassVar[tuple[str, ...]] = ()
    LASTS: ClassVar[bool] = False
    """Whether the row stands although a later submission does not carry it."""

    provider: str = ""
    """ODS code, from the header."""
    date: str | None = None
    """ISO date that places the row in a reporting period: its own, else that of the row it hangs on, else None."""

    @property
    def table(self) -> str:
        """Code of the table, for example `CYP201`."""
        return str(self.__struct_config__.tag)

    def key(self) -> tuple[str, ...]:
        """Natural key among the rows of one source patient: provider, table, ids."""
        return _natural_key(type(self))(self)


@cache
def _natural_key(kind: type[Row]) -> Callable[[Row], tuple[str, ...]]:
    """How rows of one kind tell their key; made once, for every row of every fold asks."""
    table = str(kind.__struct_config__.tag)
    # Two names at least, for of a single one attrgetter makes no tuple.
    ids = attrgetter("provider", "provider", *kind.KEY)

    def key(row: Row) -> tuple[str, ...]:
        provider, _, *rest = ids(row)
        return (provider, table, *[one or "" for one in rest])

    return key


class Person(Row, frozen=True, kw_only=True):
    """Who the person is. `nhs_number` has passed its check digit."""

    KEY = ("organisation", "local_patient")
    LASTS = True

    local_patient: str
    organisation: str
    nhs_number: str | None = None
    nhs_number_status: str | None = None
    birth_date: str | None = None
    postcode: str | None = None
    gender: str | None = None
    ethnic_category: str | None = None
    language: str | None = None
    death_date: str | None = None


class Registration(Row, frozen=True, kw_only=True):
    """Registered practice, `end` None while current."""

    KEY = ("practice", "start")

    local_patient: str
    practice: str
    start: str | None = None
    end: str | None = None


class CarePlan(Row, frozen=True, kw_only=True):
    """A care plan; when it was last updated, and from when it is followed."""

    KEY = ("plan",)

    plan: str
    local_patient: str
    type: str | None = None
    created: str | None = None
    created_time: str | None = None
    updated: str | None = None
    updated_time: str | None = None
    implemented: str | None = None


class CarePlanAgreement(Row, frozen=True, kw_only=True):
    """Who agreed the plan's content, and when."""

    KEY = ("plan", "agreed_by", "agreed")

    plan: str
    agreed_by: str
    agreed: str | None = None
    agreed_time: str | None = None


class Disability(Row, frozen=True, kw_only=True):
    """A disability; its tables have no date."""

    KEY = ("code",)

    local_patient: str
    code: str
    impact: str | None = None


class CareContact(Row, frozen=True, kw_only=True):
    """A contact of a referral. `medium` is of the list that preceded `mechanism`; the two are not equivalent."""

    KEY = ("referral", "contact")

    contact: str
    referral: str
    on: str
    time: str | None = None
    team: str | None = None
    minutes: int | None = None
    consultation_type: str | None = None
    subject: str | None = None
    medium: str | None = None
    mechanism: str | None = None
    location: str | None = None
    site: str | None = None
    attendance: str | None = None
    cancelled: str | None = None
    cancellation_reason: str | None = None


class StaffMember(Row, frozen=True, kw_only=True):
    """A professional, told of each person who met them, for the table itself names no patient."""

    KEY = ("professional",)
    LASTS = True

    professional: str
    registration_body: str | None = None
    registration: str | None = None
    staff_group: str | None = None
    occupation: str | None = None
    job_role: str | None = None
