"""The plain account of one access or attempt: what `event` makes an AuditEvent of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from integration.audit.codes import Kind, Outcome
from integration.sharing.request import BreakGlass, Caller, Category, Decision, Denial, Reason


@dataclass(frozen=True)
class Account:
    """What a decision said, as the audit keeps it: the rules, agreements and kinds of information it named."""

    allowed: bool
    reasons: tuple[Reason, ...] = ()
    withheld: tuple[Category, ...] = ()
    location_hidden: bool = False
    pseudonymised: bool = False

    @classmethod
    def of(cls, decision: Decision) -> "Account":
        """The account of a Grant or a Denial."""
        if isinstance(decision, Denial):
            return cls(allowed=False, reasons=decision.reasons)
        return cls(
            allowed=True,
            reasons=decision.reasons,
            withheld=decision.announced,
            location_hidden=decision.hide_location or bool(decision.unlocated),
            pseudonymised=decision.pseudonymise,
        )

    @property
    def agreements(self) -> tuple[str, ...]:
        """Every agreement version that was decisive, once each, in order of mention."""
        return tuple(dict.fromkeys(reason.agreement for reason in self.reasons if reason.agreement))


@dataclass(frozen=True, kw_only=True)
class Access:
    """One access, or one attempt. `when` is aware. `caller` None: could not be authenticated."""

    when: datetime
    kind: Kind
    interaction: str
    """Code of http://hl7.org/fhir/restful-interaction: read, vread, search-type, operation, create ..."""
    route: str
    """Method and template, such as `GET /fhir/Patient/{id}`."""
    outcome: Outcome
    caller: Caller | None
    person: UUID | None = None
    target: str = ""
    """`Type/id` of the single resource asked for."""
    query: str = ""
    """Path and parameters as they were sent. Kept in base64, as BALP has it; never in a log."""
    request_id: str = ""
    correlation_id: str = ""
    address: str = ""
    """Network address of the client."""
    token: str = ""
    """`jti` of the access token."""
    decision: Account | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many resources of each type were sent."""
    break_glass: BreakGlass | None = None
    details: Sequence[tuple[str, str]] = ()
    """What else belongs to the account, by name: of a decision about identity what was decided, why, and about whom."""
    failure: str = ""
    """Error code and text of a failed access, without patient data."""

    @classmethod
    def work(cls, caller: Caller, route: str, kind: Kind, said: Mapping[str, str]) -> "Access":
        """Work that is done now and is about nobody's record: `said` are its details, by name."""
        return cls(
            when=datetime.now(UTC),
            kind=kind,
            interaction="operation",
            route=route,
            outcome=Outcome.SUCCESS,
            caller=caller,
            details=tuple(said.items()),
        )
