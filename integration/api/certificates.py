"""The certificate that a client showed when it connected, as access tokens are bound to it (RFC 8705, 3).

TLS ends at a proxy in front of us, which hands on what it was shown as `Client-Cert` (RFC 9440, 2.2). Pure: whether
whoever sent that header may be believed is `proxies.py`.
"""

from base64 import b64decode, urlsafe_b64encode
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.types import Scope

CERTIFICATE = "toldonce.certificate"
"""Where a scope keeps the thumbprint, if there is one."""
_ESCAPED_PEM = b"-----BEGIN"


def shown(scope: Scope) -> str:
    """Thumbprint of the certificate that this request came with; empty without one."""
    thumbprint_: str = scope.get(CERTIFICATE, "")
    return thumbprint_


@lru_cache(maxsize=4096)
def thumbprint(sent: bytes) -> str:
    """`x5t#S256` (RFC 8705, 3.1) of the certificate that a `Client-Cert` holds: DER as a byte sequence (RFC 9440), or
    PEM escaped as in a URL, which is what nginx has to hand on. Empty where it holds none, so that all who
    showed nothing can never be taken for one another."""
    try:
        certificate = _escaped_pem(sent) if sent.startswith(_ESCAPED_PEM) else _byte_sequence(sent)
    except (ValueError, x509.InvalidVersion):
        return ""
    return urlsafe_b64encode(certificate.fingerprint(SHA256())).rstrip(b"=").decode()


def _escaped_pem(sent: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(unquote_to_bytes(sent))


def _byte_sequence(sent: bytes) -> x509.Certificate:
    """RFC 8941, 3.3.5: base64 between colons."""
    if len(sent) < 2 or not sent.startswith(b":") or not sent.endswith(b":"):
        raise ValueError("no byte sequence")
    return x509.load_der_x509_certificate(b64decode(sent[1:-1], validate=True))
