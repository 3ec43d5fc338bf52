"""How a subscriber knows that a notification is ours, whole and recent: Standard Webhooks 1.0.0, HMAC-SHA256. Pure.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime

_PREFIX = "whsec_"


def endpoint_secret(deployment: bytes, endpoint: int, client: str, generation: int) -> bytes:
    """The secret that is shared with the client of one endpoint: 32 bytes, made of the deployment's, kept nowhere."""
    return hmac.digest(deployment, f"endpoint\0{endpoint}\0{client}\0{generation}".encode(), hashlib.sha256)


def shown(secret: bytes) -> str:
    """A secret as it is handed to the client."""
    return _PREFIX + b64encode(secret).decode()


def signed(secrets: Sequence[bytes], id_: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """The headers of a notification: what it is called, when it was sent, a signature with each secret that holds."""
    moment = str(int(at.timestamp()))
    content = b".".join((id_.encode(), moment.encode(), body))
    signatures = (b64encode(hmac.digest(secret, content, hashlib.sha256)).decode() for secret in secrets)
    return {
        "webhook-id": id_,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }
