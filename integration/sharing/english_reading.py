"""Plain English of `english.py`, signed perhaps, back into the agreements that it states.

Nothing is understood but the sentences of `english_sentences.py`, so what is read is exactly what is written.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from integration.sharing import english_sentences as say
from integration.sharing.agreement_file import AgreementError, Problem
from integration.sharing.agreements import Agreements
from integration.sharing.sentences import Sentence

Content = dict[str, Any]
Place = Callable[[Content, Content], None]
"""Puts the values of a sentence into the part of the document that it speaks of."""


def read_english(text: str) -> Agreements:
    """The agreements that a text states. Raises AgreementError with the line of the first sentence that is none of
    ours, or of a value that is none."""
    document: Content = {"organisations": {}, "purposes": {}, "roles": {}, "agreements": []}
    part = document
    for number, said in _sentences(text):
        if said in say.HEADINGS:
            continue
        try:
            part = _take(document, part, said)
        except (ValueError, KeyError) as error:
            raise AgreementError([Problem(number, 1, f"this is no sentence of an agreement here: {said}")]) from error
    try:
        return msgspec.convert(document, Agreements, strict=False)
    except msgspec.ValidationError as error:
        raise AgreementError([Problem(1, 1, f"something is missing: {error}")]) from error


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    """Each sentence with its first line's number; indented lines go on with the one before."""
    begun: tuple[int, str] | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if begun and line.startswith("    ") and line.strip():
            begun = (begun[0], f"{begun[1]} {line.strip()}")
            continue
        if begun:
            yield begun
        begun = (number, line.strip()) if line.strip() else None
    if begun:
        yield begun


def _take(document: Content, part: Content, said: str) -> Content:
    """Put one sentence where it belongs; the part that the next sentences speak of. Raises ValueError."""
    for sentence, begin in _BEGINNINGS.items():
        if (values := sentence.hear(said)) is not None:
            return begin(document, values)
    for sentence, place in _SENTENCES.items():
        if (values := sentence.hear(said)) is not None:
            place(part, values)
            return part
    raise ValueError("no sentence of ours")


def _neighbourhood(document: Content, values: Content) -> Content:
    document["neighbourhood"] = values["name"]
    return document


def _group(document: Content, values: Content) -> Content:
    return _new(document["organisations"], values["name"], {"kind": values["kind"], "members": {}})


def _purpose(document: Content, values: Content) -> Content:
    return _new(document["purposes"], values["name"], {"code": values["code"], "kind": values["kind"]})


def _role(*, clinical: bool) -> Callable[[Content, Content], Content]:
    def begin(document: Content, values: Content) -> Content:
        return _new(document["roles"], values["name"], {"clinical or care role": clinical})

    return begin


def _agreement(document: Content, values: Content) -> Content:
    begun = {**values, "relationship": {}, "lawful basis": {}, "sensitive information": {}}
    document["agreements"].append(begun)
    return begun


def _new(parts: Content, name: str, begun: Content) -> Content:
    if name in parts:
        raise ValueError("said twice")
    parts[name] = begun
    return begun


def _put(*path: str, value: Any = None) -> Place:
    """Puts a fixed value, or the sentence's only one, at `path`; nothing is said twice."""

    def place(part: Content, values: Content) -> None:
        *outer, last = path
        for key in outer:
            part = part.setdefault(key, {})
        _once(part, last, next(iter(values.values())) if value is None else value)

    return place


def _once(part: Content, key: str, value: Any) -> None:
    if key in part:
        raise ValueError("said twice")
    part[key] = value


def _dates(part: Content, values: Content) -> None:
    _once(part, "in force from", values["starts"])
    if "ends" in values:
        part["in force until"] = values["ends"]


def _member(part: Content, values: Content) -> None:
    _once(part["members"], values["code"], values["name"])


def _sensitive(part: Content, values: Content) -> None:
    _once(part["sensitive information"], values["name"], values["roles"])


def _emergency(part: Content, values: Content) -> None:
    _once(part, "breaking the glass", {"roles": values["roles"], "minutes": values["minutes"]})


def _evidence(kind: str, own: str) -> Place:
    def place(part: Content, values: Content) -> None:
        terms: Content = {"days after it ends": values.get("days", 0)}
        if own != "never":
            terms["own word counts for days"] = values["own"] if own == "days" else say.LASTING
        _once(part["relationship"].setdefault("evidence that counts", {}), kind, terms)

    return place


def _nothing(part: Content, values: Content) -> None:
    """What is so unless something else is said."""


_BEGINNINGS: dict[Sentence, Callable[[Content, Content], Content]] = {
    say.NEIGHBOURHOOD: _neighbourhood,
    say.GROUP: _group,
    say.PURPOSE: _purpose,
    say.CARE_ROLE: _role(clinical=True),
    say.OTHER_ROLE: _role(clinical=False),
    say.AGREEMENT: _agreement,
}
_CONSENT = "explicit consent"
_SENTENCES: dict[Sentence, Place] = {
    say.MEMBER: _member,
    say.SEES: _put("may see"),
    say.SEES_OWN: _put("may see of the own organisation only"),
    say.RECORDS: _put("may record"),
    say.IN_SHORT: _put("in short"),
    say.IN_FORCE: _dates,
    say.IN_FORCE_UNTIL: _dates,
    say.REVIEW: _put("review by"),
    say.SOURCES: _put("whose information"),
    say.RECIPIENTS: _put("who may see it"),
    say.ROLES: _put("in which roles"),
    say.PURPOSES: _put("for which purposes"),
    say.KINDS: _put("kinds of information"),
    say.NOTHING_SENSITIVE: _nothing,
    say.SENSITIVE: _sensitive,
    say.RELATIONSHIP: _put("relationship", "needed", value=True),
    say.NO_RELATIONSHIP: _put("relationship", "needed", value=False),
    say.BECAUSE: _put("relationship", "because"),
    say.PUBLISHING: _put(_CONSENT, "needed to share what a charity recorded", value=True),
    say.PUBLISHING_FREELY: _put(_CONSENT, "needed to share what a charity recorded", value=False),
    say.VIEWING: _put(_CONSENT, "needed for a charity to see what others recorded", value=True),
    say.VIEWING_FREELY: _put(_CONSENT, "needed for a charity to see what others recorded", value=False),
    say.OTHER_BASIS: _put(_CONSENT, "other basis"),
    say.OWN_RECORD: _put(_CONSENT, "recorded by the viewing charity itself counts for days"),
    say.NO_OWN_RECORD: _nothing,
    say.MUST_SAY_HOW: _put(_CONSENT, "and must say how it was taken", value=True),
    say.NEED_NOT_SAY_HOW: _nothing,
    say.EMERGENCY: _emergency,
    say.NO_EMERGENCY: _nothing,
    say.LOCATION: _put("roles that need to know where restricted people are"),
    say.NO_LOCATION: _nothing,
    say.TELLS: _put("tell the viewer that something is withheld", value=True),
    say.TELLS_NOT: _put("tell the viewer that something is withheld", value=False),
    say.ARTICLE_6: _put("lawful basis", "UK GDPR Article 6"),
    say.ARTICLE_9: _put("lawful basis", "UK GDPR Article 9"),
    say.CONFIDENTIALITY: _put("lawful basis", "common law duty of confidentiality"),
    **{sentence: _evidence(kind, own) for (kind, _, own), sentence in say.EVIDENCE.items()},
}
