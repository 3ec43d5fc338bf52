"""Rows of all submissions -> what the provider says of one person now.

For each natural key the row of the latest submission wins. A row that a later submission of the same sender does not
carry any more was withdrawn only if that submission carries the table and the row's own date lies inside the reporting
periods of both: the one that last carried it and the later one. Everything else stays, for CSDS submissions resend only
what is open or changed. CYP001 and rows without a date are never withdrawn by absence.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from adapters.community import records
from adapters.records import FoldedEvent, SourcePatient, Submission

DATASET = "csds"

_DECODER = msgspec.json.Decoder(records.Record)

_MEMBERS: dict[str, tuple[type[records.Row], ...]] = {
    "registrations": (records.Registration,),
    "accommodations": (records.Accommodation,),
    "care_plans": (records.CarePlan,),
    "agreements": (records.CarePlanAgreement,),
    "circumstances": (records.Circumstance,),
    "technologies": (records.AssistiveTechnology,),
    "referrals": (records.Referral,),
    "service_types": (records.ServiceType,),
    "other_reasons": (records.OtherReason,),
    "contacts": (records.CareContact,),
    "activities": (records.CareActivity,),
    "safeguarding_factors": (records.SafeguardingFactor,),
    "child_protection_plans": (records.ChildProtectionPlan,),
    "disabilities": (records.Disability,),
    "previous_diagnoses": (records.PreviousDiagnosis,),
    "diagnoses": (records.ProvisionalDiagnosis, records.PrimaryDiagnosis, records.SecondaryDiagnosis),
    "referral_assessments": (records.ReferralAssessment,),
    "contact_assessments": (records.ContactAssessment,),
    "staff": (records.StaffMember,),
}


def fold(
    patient: SourcePatient,  # noqa: ARG001 - the shape of every feed's fold; the person is in the rows
    events: Sequence[FoldedEvent],
    submissions: Sequence[Submission],
) -> records.State | None:
    """The provider's present view of one person, or None when it never said who the person is.

    `events` in total order, `submissions` sorted by (as_of, digest), both as the pipeline keeps them.
    """
    rows = [(_DECODER.decode(event.record), event.digest) for event in events]
    people = [row for row, _ in rows if isinstance(row, records.MasterPatientIndex)]
    if not people:
        return None
    latest = {row.key(): (row, digest) for row, digest in rows}
    history = _History(submissions)
    standing = [row for row, digest in latest.values() if not history.withdrew(row, digest)]
    return _state(people[-1], standing, max(event.at for event in events))


class _History:
    """The submissions of this data set, found by the envelope they came in."""

    def __init__(self, submissions: Sequence[Submission]) -> None:
        self._all = [submission for submission in submissions if submission.dataset == DATASET]
        self._position = {submission.digest: index for index, submission in enumerate(self._all)}

    def withdrew(self, row: records.Row, digest: str) -> bool:
        """Whether a later submission should have carried `row`, last seen in the envelope `digest`, and did not."""
        position = self._position.get(digest)
        if position is None or row.date is None or isinstance(row, records.MasterPatientIndex):
            return False
        carried = self._all[position]
        table = row.key()[1]
        return _covers(carried, row.date) and any(
            later.sender == carried.sender and table in later.tables and _covers(later, row.date)
            for later in self._all[position + 1 :]
        )


def _covers(submission: Submission, date: str) -> bool:
    return submission.start <= date <= submission.end


def _state(person: records.MasterPatientIndex, rows: Sequence[records.Row], as_of: str) -> records.State:
    by_type: defaultdict[type[records.Row], list[records.Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.key()):
        by_type[type(row)].append(row)
    members: dict[str, Any] = {
        name: tuple(row for kind in kinds for row in by_type[kind]) for name, kinds in _MEMBERS.items()
    }
    return records.State(as_of=as_of, person=person, **members)
