"""What becomes of every sample file: read by a feed, refused by it, or no feed's file. Names and outcomes only."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from adapters.errors import Unreadable
from integration.ingest.inbox import Delivery
from tests.properties import folding
from tests.samples.test_samples_ingest import SAMPLES, answer, message

AS_OF = datetime(2026, 9, 30, 8, tzinfo=UTC)
INDEX = "INDEX.md"
NO_FEED = (
    ("acute/*_expected/*", "what another program makes of a message, to compare with"),
    ("acute/hl7_v2_to_fhir/*", "what another program makes of a message, to compare with"),
    ("acute/itk_v24/fhir/*", "FHIR examples beside the messages; not HL7 v2"),
    ("acute/simhospital/config/*", "settings of a message generator: wards, doctors, codes"),
    ("community/*.csv", "column titles or code lists of the data set, without anybody's row"),
    ("community/bars_*", "Booking and Referral Standard: messages between two services, not a CSDS submission"),
    ("flags/*", "vocabulary and examples of the national flags, which mappings were checked against"),
    ("reference/*", "profiles, code systems and examples, which mappings were checked against"),
    ("social_care/interweave_fsh/*", "definitions of another shared record's profiles and code systems"),
)
"""Files that no sector would send us: pattern below the samples' folder, why. The first that fits counts."""
SENDERS = {"social_care": "X9L", "vcfse": "X9V01", "pds": "X9P"}


@dataclass(frozen=True)
class Outcome:
    """`came_to` in words; of what was read, how many source patients and resources."""

    folder: str
    name: str
    came_to: str
    patients: int = 0
    resources: int = 0


def outcomes() -> Iterator[Outcome]:
    """Of every file but the index, in order."""
    for path in sorted(one for one in SAMPLES.rglob("*") if one.is_file() and one.name != INDEX):
        name = path.relative_to(SAMPLES).as_posix()
        why = next((why for pattern, why in NO_FEED if fnmatch(name, pattern)), None)
        folder = str(Path(name).parent)
        yield Outcome(folder, path.name, f"no feed's file: {why}") if why else _offered(folder, path)


def _offered(folder: str, path: Path) -> Outcome:
    """To the feed of its sector, as the organisation that it names; a training message once more as a real one."""
    feed = folder.split("/")[0]
    delivery = _delivery(feed, path)
    found = _outcome(folder, path.name, delivery)
    if "`not-production`" in found.came_to:
        real = _outcome(folder, path.name, message(path, as_production=True))
        words = f"refused: `not-production`, a training message. As a real one: {real.came_to}"
        return Outcome(folder, path.name, words, real.patients, real.resources)
    return found


def _delivery(feed: str, path: Path) -> Delivery:
    if feed == "acute":
        return message(path, as_production=False)
    if feed == "gp":
        return answer(path)
    if feed == "pds":
        return Delivery(feed, SENDERS[feed], _named_by_number(path.name), path.read_bytes(), AS_OF)
    return Delivery(feed, SENDERS[feed], path.name, path.read_bytes(), AS_OF)


def _named_by_number(name: str) -> str:
    """As we name an answer of PDS: by the number that was asked for, where the example says it."""
    number = re.search(r"\d{10}", name)
    return f"{number[0]}{'-related' if 'related' in name else ''}.json" if number else name


def _outcome(folder: str, name: str, delivery: Delivery) -> Outcome:
    try:
        parsed = folding.read(delivery)
    except Unreadable as unreadable:
        defect = unreadable.defect
        return Outcome(folder, name, f"refused: `{defect.code}`, {defect.reason}")
    made = folding.record(delivery.feed, [(delivery, parsed)]).values()
    codes = Counter(one.code for one in (*parsed.defects, *(found for each in made for found in each.defects)))
    if not parsed.events:
        return Outcome(folder, name, f"nothing of it used: {_codes(codes)}")
    resources = sum(len(one.resources) for one in made)
    words = f"read, with {_codes(codes)}" if codes else "read"
    return Outcome(folder, name, words, len(made), resources)


def _codes(codes: Counter[str]) -> str:
    return ", ".join(f"`{code}`" for code in sorted(codes))
