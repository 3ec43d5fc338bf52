"""What a charity's spreadsheets say: who was referred, what was done, and what the person agreed to.

No national message or file standard is in use; these are the columns of real sheets.
Dates are ISO text, times `HH:MM`.

Free-text notes are withheld: they name third parties, and nobody chose to share them. They stay in the envelope they
came in unless the row's own consent to share notes says yes; then they are read, are published only while the
person's choice about notes and about sharing at all are both in force, and carry a mark (third party) that no
agreement opens unless it names it (mappings/vcfse/notes.py).
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

Answer = Literal["yes", "no", "unclear"]
"""What a consent cell says. `unclear` (for example "yes, but not my GP") permits nothing and blocks like a no."""


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """A person's name as written. `text` is set when the sheet has one field, whose parts are then our reading."""

    family: str | None = None
    given: tuple[str, ...] = ()
    prefix: str | None = None
    nickname: str | None = None
    text: str | None = None


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person lives: address lines and postcode, which belong together."""

    lines: tuple[str, ...] = ()
    postcode: str | None = None


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of a row that say who it is about. `nhs_number`: ten digits with a valid check digit, unverified."""

    client_id: str | None = None
    name: Name | None = None
    birth_date: str | None = None
    born_about: int | None = None
    """Year of birth, give or take one, where the sheet has an age. Tells people of one Client ID apart; no birth
    date."""
    nhs_number: str | None = None
    gender: str | None = None
    phone: str | None = None
    mobile: str | None = None
    email: str | None = None
    location: Location | None = None
    practice: str | None = None
    """The general practice's name: a charity knows no code of it."""


class Sharing(msgspec.Struct, frozen=True, kw_only=True):
    """The consent columns of a row. None = blank. `share`: the charity's data may be published; `view`: the charity
    may see what others hold; `notes`: its free text may be published too."""

    share: Answer | None = None
    view: Answer | None = None
    notes: Answer | None = None
    on: str | None = None
    view_on: str | None = None
    taken_by: str | None = None
    method: str | None = None
    withdrawn_on: str | None = None


def view_is_evidenced(sharing: Sharing) -> bool:
    """Whether a consent to view counts: the charity benefits from it, so it needs when it was given and who took it."""
    return bool((sharing.view_on or sharing.on) and sharing.taken_by)


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """A wellbeing score, as written. `instrument`: ONS4 or WEMWBS; `point`: at the start or the end of support."""

    instrument: Literal["ONS4", "WEMWBS"]
    point: Literal["start", "end"]
    value: str


class Referral(msgspec.Struct, frozen=True, kw_only=True, tag="referral"):
    """One row of a Referrals sheet."""

    client: Client
    sharing: Sharing = Sharing()
    referral_id: str | None = None
    referred_on: str | None = None
    source: str | None = None
    reason: str | None = None
    worker: str | None = None
    service: str | None = None
    """Actions or services, one per line where there are several."""
    accepted: Answer | None = None
    outcome: str | None = None
    measures: tuple[Measure, ...] = ()
    status: str | None = None
    closed_on: str | None = None
    care_coordinator: Answer | None = None
    adjustments: str | None = None
    """Reasonable adjustments in the charity's words, one per line."""
    notes: str | None = None
    """Only where `sharing.notes` is yes; one line for each line of each column of notes."""
    removed: bool = False
    """The row's status says that it is to be taken out (deleted, cancelled)."""


class Contact(msgspec.Struct, frozen=True, kw_only=True, tag="contact"):
    """One row of a Contacts (sessions) sheet. `sharing` is None where the sheet has no consent column: the consent
    given with the referral then covers it."""

    client: Client
    sharing: Sharing | None = None
    contact_id: str | None = None
    referral_id: str | None = None
    contacted_on: str | None = None
    contacted_at: str | None = None
    minutes: int | None = None
    kind: str | None = None
    worker: str | None = None
    service: str | None = None
    topic: str | None = None
    attendance: str | None = None
    notes: str | None = None
    removed: bool = False


Row = Referral | Contact


class SharedClientId(msgspec.Struct, frozen=True, kw_only=True, tag="shared-client-id"):
    """A sheet used one Client ID for clearly different people. Whose consent its rows record cannot be said, so
    nothing of this client is published until a later sheet puts it right."""


Entry = Referral | Contact | SharedClientId
"""What an event of this feed holds."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What the person chose, from all rows. `given`: in force; `withdrawn`: once given, not any more; else refused.
    `on` and `until` are ISO dates; `recorded` is the UTC instant at which a sheet first said so."""

    outcome: Literal["given", "withdrawn", "refused"]
    recorded: str
    on: str | None = None
    until: str | None = None
    taken_by: str | None = None
    method: str | None = None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The charity's present view of one person. `referrals` and `contacts` hold only what may be published: without
    recorded consent they are empty, and only who the person is and what they chose remains; without consent about
    notes their notes are."""

    charity: str
    """ODS-shaped code of the charity."""
    client: Client
    share: Choice | None = None
    view: Choice | None = None
    notes: Choice | None = None
    referrals: Sequence[Referral] = ()
    contacts: Sequence[Contact] = ()


def referral_key(referral: Referral) -> tuple[str, ...]:
    """Natural key of a referral within its client: its id, else date and service. Edits of other columns keep it."""
    if referral.referral_id:
        return ("id", referral.referral_id)
    return ("row", referral.referred_on or "", _fold(referral.service))


def contact_key(contact: Contact) -> tuple[str, ...]:
    """Natural key of a contact within its client: its id, else date, time and kind."""
    if contact.contact_id:
        return ("id", contact.contact_id)
    return ("row", contact.contacted_on or "", contact.contacted_at or "", _fold(contact.kind))


def row_key(row: Row) -> tuple[str, ...]:
    """Natural key of a row within its client, over both kinds of sheet."""
    return ("contact", *contact_key(row)) if isinstance(row, Contact) else ("referral", *referral_key(row))


def is_identified(row: Row) -> bool:
    """Whether the row has an id or a date: without, it cannot be told from others, and only says who and consent."""
    if isinstance(row, Contact):
        return bool(row.contact_id or row.contacted_on)
    return bool(row.referral_id or row.referred_on)


def _fold(text: str | None) -> str:
    return " ".join((text or "").casefold().split())
