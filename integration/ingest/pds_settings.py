"""The PDS document (`TOLDONCE_PDS`, YAML): who asks, where, about whom, how often. docs/pds.md."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from adapters.transport.asking import Certificates, Limits
from adapters.transport.breaker import Breaker
from adapters.transport.pace import Pace
from adapters.transport.pds import LIMITS, Pds
from adapters.transport.pds_token import Credentials
from integration.errors import NotPossible
from integration.feeds import FEEDS
from integration.ingest import document
from integration.ingest.document import Document, Ods, Part, Url

SOURCES = tuple(name for name in FEEDS if name != "pds")


class Application(Part):
    """This application, as the API platform knows it."""

    api_key: str
    key_id: str
    key: Path
    """RSA private key, PEM."""
    organisation: Ods | None = None


class PdsSettings(Document):
    """The whole document. Days and seconds are numbers; a relative path is relative to the document's folder."""

    base: Url
    token_url: Url
    sender: Ods
    """Code of the organisation that answers for PDS: whose statements the answers are."""
    application: Application
    feeds: tuple[str, ...] = SOURCES
    """Whose people are traced."""
    verified_too: bool = True
    """Ask about numbers that a source has verified already: for the national address, practice, restriction, death."""
    search: bool = True
    """Search for people without a number."""
    related: bool = True
    """Ask for the related people too."""
    fresh_days: float = Field(default=30, gt=0)
    """Asked again so long after the last answer."""
    per_second: float = Field(default=5, gt=0)
    at_once: int = Field(default=4, ge=1)
    timeout_seconds: float = Field(default=LIMITS.timeout, gt=0)
    attempts: int = Field(default=LIMITS.attempts, ge=1)
    backoff_seconds: float = Field(default=LIMITS.backoff, ge=0)
    longest_wait_seconds: float = Field(default=LIMITS.longest_wait, gt=0)
    failures_that_open: int = Field(default=5, ge=1)
    """So many failures in a row open the circuit."""
    rest_seconds: float = Field(default=30, gt=0)
    """The circuit is tried again after so long; twice as long each further time, to ten minutes."""

    @model_validator(mode="after")
    def _feeds_are_known(self) -> Self:
        if unknown := sorted(set(self.feeds) - set(SOURCES)):
            raise ValueError(f"there is no feed {', '.join(unknown)} to trace people of")
        return self

    def client(self) -> Pds:
        """Asks as this application. Raises NotPossible where its key cannot be read."""
        limits = Limits(
            timeout=self.timeout_seconds,
            attempts=self.attempts,
            backoff=self.backoff_seconds,
            longest_wait=self.longest_wait_seconds,
            largest=LIMITS.largest,
        )
        return Pds(
            self.base,
            self._credentials(),
            organisation=self.application.organisation,
            limits=limits,
            certificates=Certificates(),
            breaker=Breaker(self.failures_that_open, self.rest_seconds),
            pace=Pace(self.per_second),
        )

    def _credentials(self) -> Credentials:
        mine = self.application
        try:
            key = (self.folder / mine.key).read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise NotPossible(f"the key of the PDS application cannot be read ({type(error).__name__})") from None
        return Credentials(token_url=self.token_url, api_key=mine.api_key, key_id=mine.key_id, key=key)


def load(path: Path | None) -> PdsSettings:
    """The document at `path`. Raises NotPossible, naming the fields that are wrong, never their values."""
    return document.load(path, PdsSettings, "PDS is not known: TOLDONCE_PDS names no document (docs/pds.md)")
