"""A person's name from one field or several, and whether two rows can be about one person."""

import re

from adapters.vcfse.columns import plain, words
from adapters.vcfse.records import Client, Name

PARTICLES = frozenset({"de", "da", "del", "di", "du", "la", "le", "van", "von", "der", "den", "bin", "al", "el", "st"})


def one_field(written: str) -> Name:
    """A name that stands in one cell: `Mrs Margaret (Peggy) Thompson`, `Thompson, Margaret`. The parts are a reading
    (the last word is the family name, a single word is a given name); `text` keeps what was written."""
    bare, nickname = _without_nickname(written)
    family_part, comma, rest = bare.partition(",")
    tokens = (rest if comma else bare).split()
    prefix = tokens.pop(0).rstrip(".") if tokens and plain(tokens[0]) in words("title") else None
    if comma:
        family, given = family_part.strip() or None, tokens
    else:
        family, given = _split(tokens, titled=prefix is not None)
    return Name(family=family, given=tuple(given), prefix=prefix, nickname=nickname, text=written)


def _without_nickname(written: str) -> tuple[str, str | None]:
    bracketed = re.search(r"[(\"“]([^()\"“”]+)[)\"”]", written)
    if not bracketed:
        return written, None
    return (written[: bracketed.start()] + " " + written[bracketed.end() :]).strip(), bracketed[1].strip() or None


def _split(tokens: list[str], *, titled: bool) -> tuple[str | None, list[str]]:
    if len(tokens) < 2:
        alone = tokens[0] if tokens else None
        return (alone, []) if titled else (None, tokens)
    start = len(tokens) - 1
    while start > 1 and tokens[start - 1].casefold() in PARTICLES:
        start -= 1
    return " ".join(tokens[start:]), tokens[:start]


def person_key(client: Client) -> str | None:
    """Family name, given names and birth date in one comparable text; None unless all are known."""
    name = client.name
    if not (name and name.family and name.given and client.birth_date):
        return None
    return f"{_letters(name.family)}|{_letters(' '.join(name.given))}|{client.birth_date}"


def clearly_different(one: Client, other: Client) -> bool:
    """Two rows with one Client ID that cannot be one person, however the charity spells: client ids are shared by
    households and given out again. Nicknames, marriages and typing errors alone, each with an agreeing birth date, are
    no reason. Where names cannot be compared, another sex or an age far apart is one."""
    surname, given = _differ(_family(one), _family(other)), _given_differ(one, other)
    born = one.birth_date is not None and other.birth_date is not None
    same_birth = born and one.birth_date == other.birth_date
    numbers = one.nhs_number is not None and other.nhs_number is not None
    other_number = numbers and one.nhs_number != other.nhs_number
    other_birth = born and not same_birth
    if one.name is None or other.name is None:
        same = same_birth or (numbers and not other_number)
        return (
            (other_birth and other_number) or _far_apart(one, other) or (not same and _differ(_sex(one), _sex(other)))
        )
    if other_birth or other_number or (not born and _far_apart(one, other)):
        return surname or given or (other_birth and other_number)
    return surname and given and not same_birth


FAR_APART = 10
"""Years: an age in a sheet is often that of the first meeting."""


def _far_apart(one: Client, other: Client) -> bool:
    ours, theirs = _birth_year(one), _birth_year(other)
    return ours is not None and theirs is not None and abs(ours - theirs) >= FAR_APART


def _birth_year(client: Client) -> int | None:
    return int(client.birth_date[:4]) if client.birth_date else client.born_about


def _sex(client: Client) -> set[str]:
    stated = _letters(client.gender or "")[:1]
    return {stated} & {"f", "m"}


def says_who(client: Client) -> bool:
    """Whether a row says anything by which its person can be told from another's."""
    return any((client.name, client.birth_date, client.nhs_number, client.born_about, _sex(client)))


def telling(client: Client) -> Client:
    """The client by what `clearly_different` looks at alone."""
    return Client(
        name=client.name,
        birth_date=client.birth_date,
        born_about=client.born_about,
        nhs_number=client.nhs_number,
        gender=client.gender,
    )


def _family(client: Client) -> set[str]:
    """All words of a name may be its family name where the sheet has one field (`Thompson Margaret`)."""
    name = client.name
    if name is None or name.family is None:
        return set()
    spoken = {_letters(name.family)}
    return spoken | {_letters(given) for given in name.given} if name.text else spoken


def _differ(one: set[str], other: set[str]) -> bool:
    return bool(one and other) and not (one & other)


def _given_differ(one: Client, other: Client) -> bool:
    ours, theirs = _given(one), _given(other)
    return bool(ours and theirs) and not any(a.startswith(b) or b.startswith(a) for a in ours for b in theirs)


def _given(client: Client) -> set[str]:
    name = client.name
    if name is None:
        return set()
    first = name.given[:1] + ((name.nickname,) if name.nickname else ())
    return {letters for word in first if (letters := _letters(word))}


def _letters(word: str) -> str:
    return "".join(character for character in word.casefold() if character.isalnum())
