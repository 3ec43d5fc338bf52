"""Settings: only `TOLDONCE_*` environment variables, each listed in docs/settings.md (a test compares)."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything that can be set. Defaults are right for the demo on one machine, not for production."""

    model_config = SettingsConfigDict(env_prefix="TOLDONCE_", frozen=True)

    database_url: str | None = None
    """PostgreSQL URL, of the database's owner (migrations) or of a login role (each serving process its own); empty =
    the embedded PostgreSQL in `data_dir`."""
    recording_database_url: str | None = None
    """PostgreSQL URL of the login role `toldonce_worker`, for a process that serves and whose own URL is that of
    `toldonce_api`: what is recorded through the API goes this way; empty = there it only reads."""
    data_dir: Path = Path(".toldonce")
    """Embedded database, signing keys, demo clients' keys."""
    host: str = "127.0.0.1"
    """Address to serve HTTP on; the embedded PostgreSQL allows loopback only."""
    port: int = 8000
    """Port to serve HTTP on."""
    base_url: str | None = None
    """Public FHIR base; empty = http://host:port/fhir."""
    proxies: str = ""
    """Addresses and networks of the proxies in front, with spaces between (`10.0.0.5 10.1.0.0/16`): what their
    X-Forwarded-For says of whoever asks is believed, and nobody else's; empty = nobody's."""
    client_certificates: bool = False
    """Whether those proxies ask clients for certificates, hand on what they were shown as Client-Cert (RFC 9440) and
    drop what others send under that name: then access tokens can be bound to certificates (docs/clients.md)."""
    id_secret: SecretStr | None = None
    """Secret of the keyed resource ids; empty = made once and kept in `data_dir` (never in production)."""
    mllp_port: int = 2575
    """Port to receive HL7 v2 over MLLP on."""
    mllp_tls_certificate: Path | None = None
    """PEM file with the certificate chain for MLLP over TLS; empty = MLLP is not encrypted."""
    mllp_tls_key: Path | None = None
    """PEM file with its private key; empty = it is in the certificate's file."""
    mllp_tls_client_ca: Path | None = None
    """PEM file with the authorities that sign the senders' certificates; empty = senders need none."""
    gp_connect: Path | None = None
    """YAML document of GP Connect: who asks, which practices, how fresh (docs/gp-connect.md); empty = no pulls."""
    pds: Path | None = None
    """YAML document of PDS: who asks, where, about whom, how often (docs/pds.md); empty = nobody is traced."""
    mesh: Path | None = None
    """YAML document of the MESH mailbox: where, whose, what is which feed (docs/transports.md); empty = no MESH."""
    mesh_password: SecretStr = SecretStr("")
    """Password of the MESH mailbox."""
    mesh_shared_key: SecretStr = SecretStr("")
    """Shared key of the MESH environment that the mailbox is in."""
    ingest_largest: int = 64 << 20
    """Bytes of a file that `POST /ingest/{feed}` takes; larger ones come by MESH or by a watched folder."""
    issuers: Path | None = None
    """YAML document of identity providers that vouch for users, and with which people sign in to the console
    (docs/clients.md); empty = users are who clients say, and a code opens the console."""
    keys_authority: Path | None = None
    """PEM file with the authorities that sign the certificates of identity providers, and of where clients publish
    their keys; empty = the system's own list."""
    notifications_authority: Path | None = None
    """PEM file with the authorities that sign the certificates of subscribers' endpoints; empty = the system's own
    list."""
    client_rate: float = Field(default=1000, gt=0)
    """Requests a second that each process takes from a client whose registration says nothing else."""
    client_burst: int = Field(default=2000, ge=1)
    """Requests of such a client that may come together after a pause."""
    measures_smallest: int = Field(default=8, ge=2)
    """People from whom on a measure shows a figure to those who ask beyond care; a figure of fewer, but some, is not
    shown (docs/measures.md)."""
    measures_nearest: int = Field(default=5, ge=1)
    """What such a figure is rounded to."""
    measures_client: str = "hub"
    """Id of the registered client as which `toldonce measure` asks where none is named."""
    audit_origin: str = "toldonce.example/audit"
    """Name of the audit log in its checkpoints, such as `records.example.org/audit`. It counts when the first key is
    made."""
    audit_copy: Path | None = None
    """Folder for the copy of checkpoints and leaf hashes (docs/audit.md), on a machine that whoever looks after the
    database cannot write to; empty = no copy is kept."""
    audit_maildir: Path | None = None
    """Maildir into which every hour a message with the newest checkpoint is put; empty = none is."""
    audit_witnesses: str = ""
    """Verifier keys of the witnesses whose cosignatures are taken, with spaces between."""
    audit_years: int = 8
    """Years for which audit events are kept at least; `toldonce audit retain` refuses to remove younger ones."""
    export_hours: int = Field(default=24, ge=1)
    """Hours for which the files of a bulk export can be fetched."""
    exports_served: bool = True
    """Whether a process that serves writes bulk exports too; false where `toldonce export-worker` runs beside it."""
    test_data: bool = True
    """Tag every resource as test data (meta.tag HTEST). Everything this project ships with is synthetic."""

    @property
    def fhir_base(self) -> str:
        return self.base_url or f"http://{self.host}:{self.port}/fhir"

    @property
    def proxy_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(ip_network(one) for one in self.proxies.split())

    @model_validator(mode="after")
    def _proxies_are_some(self) -> "Settings":
        if any(network.prefixlen == 0 for network in self.proxy_networks):
            raise ValueError("proxies are some addresses, not all: anybody could then say who they are")
        if self.client_certificates and not self.proxy_networks:
            raise ValueError("client certificates are handed on by proxies: name them")
        return self


@lru_cache
def settings() -> Settings:
    return Settings()
