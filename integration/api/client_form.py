"""The form by which a client system is registered: YAML, explained line by line in docs/clients.md."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from joserfc.jwk import JWKRegistry
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from integration.api.client_keys import public_keys
from integration.api.clients import require_keys
from integration.ingest import document
from integration.ingest.document import Document, Ods
from integration.oauth_errors import InvalidScope
from integration.sharing.request import Client
from integration.sharing.scopes import parse_scope

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_Purpose = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,20}$")]
_VERSION_2 = re.compile(r".*\.c?r?u?d?s?")


def _scope(text: str) -> str:
    try:
        parse_scope(text)
    except InvalidScope as refusal:
        raise ValueError(refusal.description) from None
    if not _VERSION_2.fullmatch(text):
        raise ValueError("a registration says which of c, r, u, d and s, not read, write or *")
    return text


class ClientForm(Document):
    """The whole form."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    name: _Text
    organisation: Ods
    contact: _Text
    roles: tuple[_Text, ...] = Field(min_length=1)
    purposes: tuple[_Purpose, ...] = Field(min_length=1)
    scopes: tuple[Annotated[str, AfterValidator(_scope)], ...] = Field(default=("system/*.rs",), min_length=1)
    feeds: tuple[_Text, ...] = ()
    jwks_url: str = ""
    jwks: Mapping[str, Any] = {}
    rate: float | None = Field(default=None, gt=0, le=100_000)
    burst: int | None = Field(default=None, ge=1, le=1_000_000)
    certificate_bound: bool = False

    @model_validator(mode="after")
    def _keys(self) -> "ClientForm":
        require_keys(self.client())
        return self

    def client(self) -> Client:
        """The registration that it asks for."""
        return Client(
            id=self.id,
            name=self.name,
            organisation=self.organisation,
            roles=frozenset(self.roles),
            purposes=frozenset(self.purposes),
            scopes=tuple(dict.fromkeys(self.scopes)),
            jwks=self.jwks,
            feeds=frozenset(self.feeds),
            jwks_url=self.jwks_url,
            rate=self.rate,
            burst=self.burst,
            contact=self.contact,
            certificate_bound=self.certificate_bound,
        )


def read(path: Path) -> Client:
    """The registration that a form asks for. Raises NotPossible, naming the lines that are wrong."""
    return document.load(path, ClientForm, "").client()


def registration(client: Client) -> dict[str, str]:
    """What is registered, line by line, as it is shown and as the audit keeps it: keys by id and thumbprint."""
    return {
        "id": client.id,
        "name": client.name,
        "organisation": client.organisation,
        "contact": client.contact,
        "active": "yes" if client.active else "no",
        "roles": ", ".join(sorted(client.roles)),
        "purposes": ", ".join(sorted(client.purposes)),
        "scopes": " ".join(client.scopes),
        "feeds": ", ".join(sorted(client.feeds)),
        "keys": client.jwks_url or ", ".join(_named(key) for key in public_keys(client.jwks).values()),
        "rate": "" if client.rate is None else f"{client.rate:g} a second",
        "burst": "" if client.burst is None else str(client.burst),
        "certificate-bound": "yes" if client.certificate_bound else "no",
    }


def _named(jwk: Mapping[str, Any]) -> str:
    """RFC 7638: the thumbprint is of the key itself, whatever its id says."""
    return f"{jwk['kid']} (SHA-256 {JWKRegistry.import_key(dict(jwk)).thumbprint()})"
