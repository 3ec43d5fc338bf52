"""What happened to one person, written down as life events: one method per kind, so that details have one spelling.

Each method returns the key of its event. Times are naive Europe/London wall time.
"""

from collections import Counter
from datetime import UTC, date, datetime, time

from adapters.records import LONDON
from adapters.synthetic.organisations import ACUTE, COMMUNITY, COUNCIL
from adapters.synthetic.world import EventKind, LifeEvent

_PREFIX: dict[EventKind, str] = {
    "gp-consultation": "gp", "attendance": "ae", "admission": "ip", "transfer": "tr", "admission-cancelled": "ca",
    "discharge-cancelled": "cd", "outpatient": "op", "community-referral": "cr", "community-contact": "cc",
    "community-care-plan": "cp", "mental-health-referral": "mr", "mental-health-contact": "mc",
    "mental-health-care-plan": "mp", "mental-health-stay": "ms", "care-request": "rq", "care-assessment": "as",
    "care-service": "sv", "care-review": "rv", "safeguarding": "sg", "charity-referral": "vr", "charity-contact": "vc",
    "moved": "mv", "birth-date-corrected": "bd", "record-merged": "rm", "died": "dd",
}  # fmt: skip


class Diary:
    """Collects the life events of one person, numbered per kind in the order of writing (`mrs-t-gp-001`)."""

    def __init__(self, person: str, practice: str | None) -> None:
        """`person`: key; `practice`: organisation code of the registered practice."""
        self.events: list[LifeEvent] = []
        self._person = person
        self._practice = practice
        self._written: Counter[EventKind] = Counter()

    def _write(
        self,
        kind: EventKind,
        at: datetime,
        organisation: str,
        *,
        end: datetime | None = None,
        staff: str | None = None,
        detail: dict[str, str] | None = None,
    ) -> str:
        self._written[kind] += 1
        key = f"{self._person}-{_PREFIX[kind]}-{self._written[kind]:03d}"
        at, end = _existing(at), _existing(end) if end else None
        self.events.append(LifeEvent(key, self._person, kind, at, organisation, end, staff, detail or {}))
        return key

    # General practice

    def consultation(
        self,
        at: datetime,
        code: str,
        term: str,
        note: str,
        *,
        staff: str | None = None,
        mode: str = "surgery",
        sensitive: bool = False,
    ) -> str:
        """A contact with the practice about `code` (SNOMED CT). `mode`: surgery, telephone, home, online, care-home."""
        assert self._practice
        staff = staff or f"gp-{self._practice}-1"
        detail = {"code": code, "term": term, "note": note, "mode": mode}
        if sensitive:
            detail["sensitive"] = "yes"
        return self._write("gp-consultation", at, self._practice, staff=staff, detail=detail)

    # Acute hospital

    def attendance(self, at: datetime, end: datetime, code: str, reason: str, *, outcome: str = "home") -> str:
        """An A&E attendance for `reason` (SNOMED `code`). `outcome`: admitted, home or died."""
        detail = {"reason": reason, "code": code, "outcome": outcome}
        return self._write("attendance", at, ACUTE.code, end=end, staff="consultant-180", detail=detail)

    def admission(
        self,
        at: datetime,
        end: datetime | None,
        code: str,
        reason: str,
        *,
        specialty: str,
        ward: str,
        bed: str,
        method: str = "21",
        destination: str = "19",
    ) -> str:
        """An inpatient stay; `end` None = still in. `specialty`: treatment function code; `method`: admission method
        (21 emergency via A&E, 11 waiting list); `destination`: discharge destination (19 home, 54 care home, 79 died).
        """
        detail = {
            "reason": reason, "code": code, "specialty": specialty, "ward": ward, "bed": bed, "method": method,
            "destination": destination,
        }  # fmt: skip
        staff = f"consultant-{specialty}"
        return self._write("admission", at, ACUTE.code, end=end, staff=staff, detail=detail)

    def transfer(self, at: datetime, admission: str, *, ward: str, bed: str) -> str:
        """A move to another ward or bed within `admission` (its key)."""
        detail = {"admission": admission, "ward": ward, "bed": bed}
        return self._write("transfer", at, ACUTE.code, detail=detail)

    def admission_cancelled(self, at: datetime, admission: str) -> str:
        """The admission never took place (A11)."""
        return self._write("admission-cancelled", at, ACUTE.code, detail={"admission": admission})

    def discharge_cancelled(self, at: datetime, admission: str) -> str:
        """A discharge recorded before `at` was wrong (A13); the true one is the admission's end."""
        return self._write("discharge-cancelled", at, ACUTE.code, detail={"admission": admission})

    def outpatient(self, at: datetime, specialty: str, *, outcome: str = "3", reason: str = "") -> str:
        """An outpatient appointment. `outcome`: 1 discharged, 2 another appointment given, 3 appointment later,
        dna = did not attend."""
        detail = {"specialty": specialty, "outcome": outcome, "reason": reason}
        return self._write("outpatient", at, ACUTE.code, staff=f"consultant-{specialty}", detail=detail)

    # Community

    def community_referral(
        self, at: datetime, team: str, reason: str, *, source: str = "GP", end: datetime | None = None
    ) -> str:
        """A referral to a community team (CSDS team type code); `end` = discharge from it. `source`: in words."""
        detail = {"team": team, "reason": reason, "source": source}
        return self._write(
            "community-referral", at, COMMUNITY.code, end=end, staff=f"community-{team}-1", detail=detail
        )

    def community_contact(
        self,
        at: datetime,
        referral: str,
        *,
        staff: str,
        mechanism: str = "01",
        location: str = "A01",
        attendance: str = "5",
        minutes: int = 30,
    ) -> str:
        """A contact of a community team under `referral` (its key), in CSDS codes."""
        detail = {
            "referral": referral, "mechanism": mechanism, "location": location, "attendance": attendance,
            "minutes": str(minutes),
        }  # fmt: skip
        return self._write("community-contact", at, COMMUNITY.code, staff=staff, detail=detail)

    def community_care_plan(
        self, at: datetime, plan_type: str, *, staff: str, organisation: str = COMMUNITY.code
    ) -> str:
        """A care plan of `plan_type`, in words."""
        return self._write("community-care-plan", at, organisation, staff=staff, detail={"plan_type": plan_type})

    # Mental health (codes of the Mental Health Services Data Set)

    def mental_health_referral(
        self, at: datetime, team: str, reason: str, *, source: str = "A1", end: datetime | None = None
    ) -> str:
        """A referral to a mental health team (team type code) for `reason` (code); `end` = discharge. The team's first
        member coordinates the care as long as it lasts."""
        detail = {"team": team, "reason": reason, "source": source}
        staff = f"mental-health-{team}-1"
        return self._write("mental-health-referral", at, COMMUNITY.code, end=end, staff=staff, detail=detail)

    def mental_health_contact(
        self,
        at: datetime,
        referral: str,
        *,
        staff: str,
        mechanism: str = "01",
        location: str = "B01",
        attendance: str = "5",
    ) -> str:
        """A contact of 45 minutes under `referral` (its key)."""
        detail = {"referral": referral, "mechanism": mechanism, "location": location, "attendance": attendance}
        return self._write("mental-health-contact", at, COMMUNITY.code, staff=staff, detail=detail)

    def mental_health_care_plan(self, at: datetime, plan_type: str, *, staff: str) -> str:
        """A care plan: 10 care plan, 12 crisis plan, 13 positive behaviour support plan."""
        return self._write("mental-health-care-plan", at, COMMUNITY.code, staff=staff, detail={"plan_type": plan_type})

    def mental_health_stay(
        self, at: datetime, end: datetime | None, referral: str, *, ward: str, status: str = "01", order: bool = False
    ) -> str:
        """A stay on a mental health ward; `end` None = still in. `status`: legal status code (01 informal, 02 and 03
        sections of the Mental Health Act); `order`: a community treatment order follows it."""
        detail = {"referral": referral, "ward": ward, "status": status, "order": "yes" if order else "no"}
        return self._write("mental-health-stay", at, COMMUNITY.code, end=end, detail=detail)

    # Social care (values of Adult Social Care Client Level Data, release 2)

    def care_request(self, at: datetime, route: str, outcome: str, *, staff: str = "social-worker-1") -> str:
        """A request for support: route of access and event outcome."""
        detail = {"route": route, "outcome": outcome}
        return self._write("care-request", at, COUNCIL.code, end=at, staff=staff, detail=detail)

    def care_assessment(
        self,
        at: datetime,
        outcome: str,
        *,
        end: datetime,
        assessment_type: str = "Long term assessment",
        staff: str = "social-worker-1",
    ) -> str:
        """A care needs assessment, completed at `end`."""
        detail = {"assessment_type": assessment_type, "outcome": outcome}
        return self._write("care-assessment", at, COUNCIL.code, end=end, staff=staff, detail=detail)

    def care_service(
        self,
        at: datetime,
        service_type: str,
        component: str,
        *,
        provider: str = COUNCIL.code,
        end: datetime | None = None,
        staff: str = "social-worker-1",
        description: str = "",
    ) -> str:
        """A service of `provider` (organisation code), running while `end` is None; `description` in words."""
        detail = {"service_type": service_type, "component": component, "provider": provider}
        if description:
            detail["description"] = description
        return self._write("care-service", at, COUNCIL.code, end=end, staff=staff, detail=detail)

    def care_review(self, at: datetime, reason: str, outcome: str, *, staff: str = "social-worker-1") -> str:
        """A completed review of the support."""
        detail = {"reason": reason, "outcome": outcome}
        return self._write("care-review", at, COUNCIL.code, end=at, staff=staff, detail=detail)

    def safeguarding(self, at: datetime, stage: str, concern: str, *, staff: str = "social-worker-1") -> str:
        """An adult safeguarding enquiry. `stage`: referral, reopened or closed."""
        detail = {"stage": stage, "concern": concern}
        return self._write("safeguarding", at, COUNCIL.code, staff=staff, detail=detail)

    # Voluntary sector

    def charity_referral(
        self,
        at: datetime,
        charity: str,
        reason: str,
        *,
        worker: str,
        source: str,
        action: str,
        accepted: bool = True,
        end: datetime | None = None,
    ) -> str:
        """A referral to `charity` (organisation code); `worker`: staff key."""
        detail = {
            "reason": reason, "source": source, "action": action, "worker": worker,
            "accepted": "yes" if accepted else "no",
        }  # fmt: skip
        return self._write("charity-referral", at, charity, end=end, staff=worker, detail=detail)

    def charity_contact(
        self, at: datetime, charity: str, referral: str, channel: str, summary: str, worker: str
    ) -> str:
        """A contact under `referral` (its key). `channel`: visit, phone or group."""
        detail = {"referral": referral, "channel": channel, "summary": summary}
        return self._write("charity-contact", at, charity, staff=worker, detail=detail)

    # Life

    def moved(self, on: date, organisation: str) -> str:
        """The person moved on that day, as `organisation` was told; the address is in `Person.addresses`."""
        return self._write("moved", datetime.combine(on, time(12)), organisation)

    def birth_date_corrected(self, at: datetime, organisation: str, wrong: date) -> str:
        """Until `at`, `organisation` held the birth date `wrong`."""
        return self._write("birth-date-corrected", at, organisation, detail={"wrong": wrong.isoformat()})

    def record_merged(self, at: datetime, organisation: str, discarded: str, **detail: str) -> str:
        """`organisation` found that it held two records and discarded the local id `discarded` (A40)."""
        return self._write("record-merged", at, organisation, detail={"discarded": discarded, **detail})

    def died(self, at: datetime, organisation: str, place: str) -> str:
        """The person died; `place`: home, hospital, care-home or hospice."""
        return self._write("died", at, organisation, detail={"place": place})


def _existing(at: datetime) -> datetime:
    """The moment itself, or an hour later in the hour that clocks leave out in March."""
    return at.replace(tzinfo=LONDON).astimezone(UTC).astimezone(LONDON).replace(tzinfo=None)
