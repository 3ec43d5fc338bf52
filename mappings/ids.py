"""Resource ids: keyed hashes, so that they say nothing and are the same wherever and whenever they are computed."""

import hmac
from dataclasses import dataclass
from functools import lru_cache

from adapters.records import SourcePatient


@dataclass(frozen=True)
class Ids:
    """Ids of one source patient's resources, and of the directory entries they refer to.

    HMAC-SHA256 with the deployment's secret over feed, source organisation, source patient, type and the feed's
    full natural key, formatted as a UUID. Local ids alone would be reused across people, and one organisation may
    send several feeds.
    """

    secret: bytes
    patient: SourcePatient
    feed: str = ""

    def own(self, resource_type: str, *natural_key: str) -> str:
        """Id of a resource about this source patient. `own("Patient")` is the source patient's own id."""
        return self._of(self.patient.local_id, resource_type, *natural_key)

    def directory(self, resource_type: str, *natural_key: str) -> str:
        """Id of an Organization, Practitioner, PractitionerRole or Location: the same for every person.
        An Organization's natural key is its ODS code alone, so that every feed means the same one."""
        return keyed_id(self.secret, "directory", resource_type, *natural_key)

    def of_nobody(self) -> "Ids":
        """For directory entries alone: the same for every person, so that what is made with it can be kept."""
        return Ids(self.secret, _NOBODY)

    def other_patient(self, local_id: str) -> str:
        """Id of another source patient of the same organisation (merges)."""
        return self._of(local_id, "Patient")

    def _of(self, local_id: str, *parts: str) -> str:
        return keyed_id(self.secret, self.feed, self.patient.organisation, local_id, *parts)


_NOBODY = SourcePatient("", "")


@lru_cache(maxsize=65536)
def keyed_id(secret: bytes, *parts: str) -> str:
    """UUID text of the keyed hash of `parts`; the parts are length-prefixed, so no two lists collide."""
    encoded = [part.encode() for part in parts]
    message = b"".join([len(part).to_bytes(4, "big") + part for part in encoded])
    keyed = _keyed(secret).copy()
    keyed.update(message)
    digest = bytearray(keyed.digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x40  # version 4
    digest[8] = digest[8] & 0x3F | 0x80  # variant of RFC 9562
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@lru_cache(maxsize=8)
def _keyed(secret: bytes) -> hmac.HMAC:
    """The hash with its key alone: to prepare that takes longer than to hash an id's parts."""
    return hmac.new(secret, digestmod="sha256")
