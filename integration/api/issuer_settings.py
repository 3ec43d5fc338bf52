"""The document of identity providers (`TOLDONCE_ISSUERS`, YAML): who vouches for users of clients, and for those who
sign in to the console, and how their claims are read. docs/clients.md."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from integration.api.client_keys import require_key_url
from integration.api.published import require_genuine
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


class ConsoleApplication(Part):
    """The console as an application of the provider, which it proves to be by an assertion that it signs
    (`private_key_jwt`, OpenID Connect Core 1.0, 9)."""

    name: str = Field(min_length=1, max_length=100)
    """What its people call the provider: the page says `Sign in with ...`."""
    client: str = Field(min_length=1)
    """The console's id at the provider."""
    key: Path
    """RSA or EC private key, PEM."""
    key_id: str = ""
    """Of its public half, as it is registered (Keycloak, CIS2)."""
    certificate: Path | None = None
    """PEM, where the provider knows the key by its certificate (Entra ID): its SHA-256 thumbprint is sent."""
    algorithm: Algorithm = "RS256"
    """What the assertion is signed with; Entra ID asks for PS256."""
    scope: str = Field(default="openid", pattern=r"^openid( [!-~]+)*$")
    """More than `openid` where a claim of `user` or `require` is told for more only: `openid profile` (`oid` of Entra
    ID)."""
    acr_values: str = ""
    """How strongly people are to be authenticated, where the provider is told so: `AAL3_ANY` (CIS2). What they were is
    checked by `require`."""


class Issuer(Part):
    """One identity provider, by its OpenID Connect ID tokens."""

    issuer: Url
    """`iss`, to the letter."""
    jwks_url: Annotated[str, AfterValidator(_key_url)] = ""
    """Its keys. Left out, for the console: where its metadata say."""
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256",), min_length=1)
    clients: Mapping[str, str] = {}
    """Our client -> its id at the provider. A token made for one application is of no use to another."""
    console: ConsoleApplication | None = None
    """Left out: nobody signs in to the console with it."""
    user: str = "sub"
    """Path to the claim that names the user for good: `nhsid_useruid` (CIS2), `sub`."""
    roles: RoleClaim | None = None
    """Left out: the provider says nothing of roles, and the client's word counts as it does without a provider."""
    require: Mapping[str, tuple[str | int | bool, ...]] = {}
    """Claims, by path, that must have one of these values: `id_assurance_level: ["3"]`."""

    @model_validator(mode="after")
    def _keys_are_somewhere(self) -> Self:
        if self.clients and not self.jwks_url:
            raise ValueError("clients need the provider's jwks_url")
        if self.console:
            require_genuine(self.issuer, "issuer")
        return self


class Issuers(Document):
    """The whole document."""

    issuers: tuple[Issuer, ...] = ()

    def named(self, iss: object) -> Issuer | None:
        """The provider of that name."""
        return next((one for one in self.issuers if one.issuer == iss), None)


def load(path: Path | None) -> Issuers:
    """The document at `path`; none: nobody vouches for users. Raises NotPossible, naming the fields that are wrong."""
    return document.load(path, Issuers, "") if path else Issuers()
