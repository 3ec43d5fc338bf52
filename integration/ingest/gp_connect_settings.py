"""The GP Connect document (`TOLDONCE_GP_CONNECT`, YAML): who asks, which practices, how often. docs/gp-connect.md."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from adapters.transport.asking import Certificates, Limits
from adapters.transport.gp_connect import Practice
from adapters.transport.gp_connect_request import NO_SMARTCARD, Requester
from integration.ingest import document
from integration.ingest.document import Document, Ods, Part, Url

Asid = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]


class AskingUser(Part):
    """Whoever answers for the requests: GP Connect forbids an invented "system" user."""

    id: str
    family: str
    given: str
    prefix: str | None = None
    sds_user: str = NO_SMARTCARD
    sds_role_profile: str = NO_SMARTCARD


class AskingOrganisation(Part):
    ods: Ods
    name: str


class Asking(Part):
    """This system, as GP Connect knows it."""

    asid: Asid
    issuer: Url
    identifier_system: Url
    device: str
    organisation: AskingOrganisation
    user: AskingUser
    signing_key: Path | None = None
    proxy: Url | None = None
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None


class Endpoint(Part):
    ods: Ods
    base: Url
    asid: Asid


class GpConnectSettings(Document):
    """The whole document. Hours and seconds are numbers; a relative path is relative to the document's folder."""

    asking: Asking
    practices: tuple[Endpoint, ...]
    fresh_hours: float = Field(default=24, gt=0)
    """A person's record is asked for again so long after the practice last answered."""
    event_hours: float = Field(default=1, ge=0)
    """After an event, not sooner than so long after the last request."""
    at_once: int = Field(default=4, ge=1)
    """Requests to one practice at one time."""
    timeout_seconds: float = Field(default=60, gt=0)
    attempts: int = Field(default=3, ge=1)
    backoff_seconds: float = Field(default=1, ge=0)

    @cached_property
    def by_code(self) -> Mapping[str, Practice]:
        """The practices by ODS code."""
        return {one.ods: Practice(ods=one.ods, base=one.base, asid=one.asid) for one in self.practices}

    @property
    def limits(self) -> Limits:
        return Limits(timeout=self.timeout_seconds, attempts=self.attempts, backoff=self.backoff_seconds)

    @property
    def certificates(self) -> Certificates:
        asking = self.asking
        return Certificates(
            certificate=self._path(asking.certificate),
            key=self._path(asking.key),
            authority=self._path(asking.authority),
        )

    def requester(self, version: str) -> Requester:
        """The token's claims; `version`: of this product."""
        asking, key = self.asking, self._path(self.asking.signing_key)
        return Requester(
            asid=asking.asid,
            issuer=asking.issuer,
            organisation=asking.organisation.ods,
            organisation_name=asking.organisation.name,
            device=asking.device,
            model="ToldOnce",
            version=version,
            user=asking.user.id,
            family=asking.user.family,
            given=asking.user.given,
            prefix=asking.user.prefix,
            sds_user=asking.user.sds_user,
            sds_role_profile=asking.user.sds_role_profile,
            local_system=asking.identifier_system,
            signing_key=Path(key).read_text("ascii") if key else None,
        )

    def _path(self, path: Path | None) -> str | None:
        return str(self.folder / path) if path else None


def load(path: Path | None) -> GpConnectSettings:
    """The document at `path`. Raises NotPossible, naming the fields that are wrong, never their values."""
    missing = "no practices are known: TOLDONCE_GP_CONNECT names no document (docs/gp-connect.md)"
    return document.load(path, GpConnectSettings, missing)
