"""The document of identity providers (`TOLDONCE_ISSUERS`, YAML): who vouches for users, and how their claims are read.
docs/clients.md."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from integration.api.client_keys import require_key_url
from integration.ingest import document
from integration.ingest.document import Document, Part, Url

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]


def _key_url(url: str) -> str:
    require_key_url(url)
    return url


class RoleClaim(Part):
    """Where an ID token says which roles its user has."""

    claim: str
    """Path to the list, with dots: `realm_access.roles` (Keycloak), `nhsid_nrbac_roles` (CIS2)."""
    code: str | None = None
    """The member with the code, where each is an object: `role_code` (CIS2)."""
    organisation: str | None = None
    """The member with the ODS code of the organisation that it holds in: `org_code` (CIS2)."""
    map: Mapping[str, str]
    """Their code -> our role. What is not in it gives no role."""


class Issuer(Part):
    """One identity provider, by its OpenID Connect ID tokens."""

    issuer: Url
    """`iss`, to the letter."""
    jwks_url: Annotated[str, AfterValidator(_key_url)]
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256",), min_length=1)
    clients: Mapping[str, str]
    """Our client -> its id at the provider. A token made for one application is of no use to another."""
    user: str = "sub"
    """Path to the claim that names the user for good: `nhsid_useruid` (CIS2), `sub`."""
    roles: RoleClaim | None = None
    """Left out: the provider says nothing of roles, and the client's word counts as it does without a provider."""
    require: Mapping[str, tuple[str | int | bool, ...]] = {}
    """Claims, by path, that must have one of these values: `id_assurance_level: ["3"]`."""


class Issuers(Document):
    """The whole document."""

    issuers: tuple[Issuer, ...] = ()

    def named(self, iss: object) -> Issuer | None:
        """The provider of that name."""
        return next((one for one in self.issuers if one.issuer == iss), None)


def load(path: Path | None) -> Issuers:
    """The document at `path`; none: nobody vouches for users. Raises NotPossible, naming the fields that are wrong."""
    return document.load(path, Issuers, "") if path else Issuers()
