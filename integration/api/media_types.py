"""Content negotiation: FHIR JSON of R4 only (http://hl7.org/fhir/R4/http.html#mime-type, #version-parameter)."""

from integration.errors import NotAcceptable, UnsupportedMediaType

_SERVED = frozenset({"application/fhir+json", "application/json", "text/json", "application/*", "*/*"})
_SENT = frozenset({"application/fhir+json", "application/json"})
_FORMATS = _SERVED | {"json"}
_VERSIONS = frozenset({"", "4.0", "4.0.1"})


def require_acceptable(accept: str | None, format_: str | None = None) -> None:
    """Raise NotAcceptable unless FHIR JSON of R4 satisfies the Accept header, or `_format`, which overrides it."""
    if format_:
        # an unescaped + in a query string arrives as a space
        if _type_and_version(format_.replace(" ", "+"))[0] not in _FORMATS:
            raise NotAcceptable(parameter="_format")
        return
    if not accept or accept in ("*/*", "application/fhir+json"):
        return
    if not any(_acceptable(choice) for choice in accept.split(",")):
        raise NotAcceptable(parameter="Accept")


def require_form(content_type: str | None) -> None:
    """Raise UnsupportedMediaType unless a body is declared as a form (R4 http.html#search: POST [type]/_search)."""
    if _type_and_version(content_type or "")[0] != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType("Send application/x-www-form-urlencoded.", parameter="Content-Type")


def require_fhir_json(content_type: str | None) -> None:
    """Raise UnsupportedMediaType unless a body is declared as FHIR JSON of R4 (R4 http.html#mime-type)."""
    media_type, version = _type_and_version(content_type or "")
    if media_type not in _SENT or version not in _VERSIONS:
        raise UnsupportedMediaType("Send application/fhir+json.", parameter="Content-Type")


def _acceptable(choice: str) -> bool:
    media_type, version = _type_and_version(choice)
    return media_type in _SERVED and version in _VERSIONS and not _refused(choice)


def _type_and_version(choice: str) -> tuple[str, str]:
    media_type, *parameters = (part.strip().lower() for part in choice.split(";"))
    versions = [value.strip('" ') for name, _, value in (p.partition("=") for p in parameters) if name == "fhirversion"]
    return media_type, versions[0] if versions else ""


def _refused(choice: str) -> bool:
    """RFC 9110: a quality of zero means `not this one`."""
    parameters = [part.strip().lower().replace(" ", "") for part in choice.split(";")[1:]]
    return any(part in ("q=0", "q=0.0", "q=0.00", "q=0.000") for part in parameters)
