"""The demo: a synthetic neighbourhood through the whole house, the clients that ask, and the commands to try."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from joserfc.jwk import ECKey

from adapters.synthetic import organisations
from adapters.synthetic.world import FeedFile
from integration.api.clients import register
from integration.api.keys import new_client_key, public_jwks, save_private
from integration.audit.search import IG_OFFICER
from integration.config import Settings
from integration.recording.kinds import RECORD_SCOPES
from integration.sharing.request import Client
from integration.sharing.scopes import CASELOAD_SCOPE, SEND_SCOPE, SUBSCRIBE_SCOPE
from integration.store.connection import Connection

PROVIDER = "Demo Identity"
"""What the demo's identity provider is called."""
COMMAND = ".venv/bin/toldonce"
PYTHON = ".venv/bin/python"
FIRST_URL = f'{PYTHON} -c \'import json,sys; print(json.load(sys.stdin)["entry"][0]["fullUrl"])\''
AGREEMENTS = Path(__file__).parent / "sharing" / "coventry.yaml"
CASELOADS = Path(__file__).parent / "teams" / "caseloads" / "coventry"
"""A description for each neighbourhood team, with a rule, and one of the forum, whose members come on it by hand."""
FORUM = (
    ("X90502", "9990000026", "key-worker"),
    ("X90401", "9990000034", "risk"),
    ("X90401", "9990000018", "no-one-leads"),
)
"""Who is on the forum's caseload: by whose GP, by NHS number, and for which of its reasons."""
OFFICER = ("R. Okafor", "X9H")
"""The demo's information governance officer, of the hub."""
COORDINATOR = ("Amara Singh", "X9N04", "care coordinator")
"""The demo's care coordinator, of the team that looks after Mrs T."""
ACCOUNTS = {"r.okafor": (*OFFICER, IG_OFFICER), "amara.singh": COORDINATOR}
"""Whose accounts at the demo's identity provider may sign in to the console."""
NOBODY = ("j.visitor", "Jo Visitor, whom this console does not know")
"""An account there that may not."""
MRS_T = "9990000018"
"""Her NHS number; who else there is: `adapters/synthetic/named`."""


@dataclass(frozen=True)
class DemoClient:
    """A client system of the demo: what it is registered for, and what it asks as when nothing else is said."""

    id: str
    name: str
    organisation: str
    roles: Sequence[str]
    purposes: Sequence[str]
    feeds: Sequence[str] = ()
    """Feeds that it may send files of."""
    records: bool = False
    """Whether what its users say may be recorded through the API, and it may subscribe to what happens."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """What it is registered for."""
        recording = (*RECORD_SCOPES, CASELOAD_SCOPE, SUBSCRIBE_SCOPE) if self.records else ()
        return ("system/*.rs", *((SEND_SCOPE,) if self.feeds else ()), *recording)


INT_ROLES = ("care coordinator", "GP", "community nurse", "social worker", "social prescriber")
"""As whom the people of an integrated neighbourhood team ask; where nothing is said, as the first."""
CLIENTS = (
    DemoClient(
        "gp-system",
        "Earlsdon Avenue Practice clinical system",
        "X90401",
        ("GP", "receptionist"),
        ("TREAT", "PATADMIN"),
        records=True,
    ),
    DemoClient(
        "hospital-epr",
        "Hospital patient record",
        "X9A",
        ("emergency doctor", "hospital doctor"),
        ("TREAT", "ETREAT"),
        records=True,
    ),
    DemoClient(
        "community-system",
        "Community nursing system",
        "X9C",
        ("community nurse", "mental health practitioner"),
        ("TREAT",),
    ),
    DemoClient(
        "council-system",
        "Adult social care case system",
        "X9L",
        ("social worker", "approved mental health professional"),
        ("TREAT", "PATADMIN"),
        records=True,
    ),
    DemoClient(
        "companions",
        "Companions Coventry case book",
        "X9V01",
        ("social prescriber", "charity worker"),
        ("TREAT", "PATADMIN"),
        feeds=("vcfse",),
        records=True,
    ),
    DemoClient(
        "int-south-west",
        "South-West INT case management",
        "X9N03",
        INT_ROLES,
        ("TREAT", "COC", "PATADMIN"),
        records=True,
    ),
    DemoClient(
        "int-south", "South INT case management", "X9N04", INT_ROLES, ("TREAT", "COC", "PATADMIN"), records=True
    ),
    DemoClient(
        "hub",
        "Coordination hub case management",
        "X9H",
        ("care coordinator", "analyst"),
        ("TREAT", "COC", "HOPERAT"),
        records=True,
    ),
    DemoClient("outreach", "Open Door Outreach case book", "X9V02", ("charity worker",), ("TREAT",)),
    DemoClient("ambulance", "Ambulance patient record", "X9B", ("paramedic",), ("ETREAT",)),
    DemoClient("distant-hospital", "An unrelated hospital", "X9Z", ("hospital doctor",), ("TREAT",)),
    DemoClient("ig-office", "Information governance console", "X9H", ("information governance officer",), ("HCOMPL",)),
)
BY_ID = {client.id: client for client in CLIENTS}


async def register_clients(owner: Connection, data_dir: Path) -> None:
    """Register the demo's clients, each with a key of its own that is made once and kept in the data folder."""
    known = {one.code for one in organisations.ORGANISATIONS}
    for client in CLIENTS:
        assert client.organisation in known
        key = client_key(data_dir, client.id)
        await register(
            owner,
            Client(
                id=client.id,
                name=client.name,
                organisation=client.organisation,
                roles=frozenset(client.roles),
                purposes=frozenset(client.purposes),
                scopes=client.scopes,
                jwks=public_jwks(key),
                feeds=frozenset(client.feeds),
            ),
        )


def client_key(data_dir: Path, client_id: str) -> ECKey:
    """A demo client's private key; made at the first call."""
    folder = data_dir / "keys" / "clients"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{client_id}.json"
    if not path.exists():
        save_private(path, new_client_key())
    return ECKey.import_key(json.loads(path.read_text()))


def today(data_dir: Path) -> date:
    """The last day that the demo's neighbourhood tells of: the day of its first run, for relationships lapse with time;
    later runs on the same data folder tell the same story."""
    kept = data_dir / "demo-day"
    if not kept.exists():
        kept.write_text(date.today().isoformat())  # noqa: DTZ011  the local day, as people mean it
    return date.fromisoformat(kept.read_text())


def faulty_files() -> list[FeedFile]:
    """What goes wrong on an ordinary day, so that the demo's quarantine has something to show."""
    truncated = b"MSH|^~\\&|PAS|X9A|ROUTE|ROUTE|2026093"
    bad_digit = (
        b"MSH|^~\\&|PAS|X9A|ROUTE|ROUTE|20260930090000||ADT^A28^ADT_A05|BADDIGIT1|P|2.4\r"
        b"EVN||20260930090000|||||20260930090000\r"
        b"PID|1||9990000000^^^NHS~M999999^^^X9A^MR||SAMPLE^SAM^^^MR^^L||19700101|1\r"
    )
    nobody = (
        b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Organization","id":"1"}}]}'
    )
    return [
        FeedFile("acute", "X9A", "TRUNCATED.hl7", truncated),
        FeedFile("acute", "X9A", "BADDIGIT1.hl7", bad_digit),
        FeedFile("gp", "X90401", "nobody.json", nobody),
        FeedFile("vcfse", "X9V01", "referrals-without-names.csv", b"Client ID,Referral date\r\n17,01/09/2026\r\n"),
    ]


def try_these(settings: Settings, officer: str, coordinator: str, *, accounts: bool) -> str:
    """Commands to paste into another terminal: a token, a record, a page, and the question why; and the console, with
    the codes of the officer and of the care coordinator, and where there are `accounts` with those."""
    base = settings.fhir_base
    site = base.removesuffix("/fhir")
    bearer = '-H "Authorization: Bearer $TOKEN"'
    sign_in = f'choose "Sign in with {PROVIDER}", then who you are; or use' if accounts else "sign in with"
    her = f"curl -s {bearer} '{base}/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|{MRS_T}' | {FIRST_URL}"
    return f"""
Serving {base}

1. A token, as Mrs T's general practice (good for five minutes):

   TOKEN=$({COMMAND} token --client gp-system)

2. Her record, from five sectors:

   curl -s {bearer} "$({her})/\\$everything" | {PYTHON} -m json.tool

3. A page: who may see what, in the words of the agreements:

   curl -s {site}/   # or open it in a browser

And why another caller gets another record:

   {COMMAND} explain --client companions --nhs-number {MRS_T}

The console for the information governance officer, in a browser: {site}/console
   {sign_in} the code {officer}, good for once and for 10 minutes; another one:
   {COMMAND} console sign-in --user "{OFFICER[0]}" --organisation {OFFICER[1]}

The same console for a care coordinator of a neighbourhood team, with caseloads and the huddle:
   {sign_in} the code {coordinator}; another one:
   {COMMAND} console sign-in --user "{COORDINATOR[0]}" --organisation {COORDINATOR[1]} --role "{COORDINATOR[2]}"
"""
