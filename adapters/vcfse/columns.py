"""What the words of a charity's sheets mean: sheet names, headers, and what cells say, by `columns.yaml`.

A charity can keep words of its own in its file (adapters/vcfse/wording.py); nothing here knows a header by heart.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import msgspec

Kind = Literal["referral", "contact"]
KINDS: tuple[Kind, ...] = ("referral", "contact")
DateOrder = Literal["day first", "month first", "unclear"]
"""What 03/04/2026 is: 3 April, 4 March, or nothing that may be used."""

Synonyms = Mapping[str, Sequence[str]]


class Vocabulary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of `columns.yaml`."""

    sheets: Synonyms
    client: Synonyms
    sharing: Synonyms
    referral: Synonyms
    contact: Synonyms
    withheld: Sequence[str]
    ignored: Sequence[str]
    directory: Sequence[str]
    words: Synonyms

    def fields(self, kind: Kind) -> Iterable[tuple[str, Sequence[str]]]:
        """Field and headers, of every column that a sheet of this kind may have."""
        for group in (self.referral if kind == "referral" else self.contact, self.client, self.sharing):
            yield from group.items()


@dataclass(frozen=True)
class Guide:
    """What the words of one file mean: those of `columns.yaml`, and before them the charity's own. All words are
    `plain`. `headers`: header -> field; `answers`: what the charity writes for yes, no and nothing -> `yes`, `no`, ``;
    `order`: as the charity stated, None where it did not."""

    headers: Mapping[Kind, Mapping[str, str]]
    sheets: Mapping[str, Kind]
    notes: frozenset[str]
    ignored: frozenset[str]
    answers: Mapping[str, str]
    order: DateOrder | None = None


@lru_cache
def vocabulary() -> Vocabulary:
    """`columns.yaml`, checked. Raises msgspec.ValidationError when an edit broke its shape."""
    return msgspec.yaml.decode((files(__package__) / "columns.yaml").read_bytes(), type=Vocabulary)


@lru_cache
def shipped() -> Guide:
    """What words mean for a charity that has none of its own."""
    known = vocabulary()
    return Guide(
        headers={kind: _by_header(known.fields(kind)) for kind in KINDS},
        sheets={plain(name): kind for kind in KINDS for name in known.sheets[kind]},
        notes=frozenset(map(plain, known.withheld)),
        ignored=frozenset(map(plain, known.ignored)),
        answers={},
    )


def _by_header(fields: Iterable[tuple[str, Sequence[str]]]) -> Mapping[str, str]:
    return {plain(header): field for field, headers in fields for header in headers}


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """A header or word without what people type differently: case, spaces, punctuation. `N.H.S. No?` -> `nhs no`."""
    undotted = re.sub(r"[.'’?]", "", text.casefold())
    return " ".join(re.sub(r"[^\w#✓✔✗✘]+|_", " ", undotted).split())


@lru_cache
def words(group: str) -> frozenset[str]:
    """The plain forms of a word list of `columns.yaml` (`yes`, `removed` ...), and each word itself, case folded."""
    listed = vocabulary().words[group]
    return frozenset(word.casefold() for word in listed) | frozenset(filter(None, map(plain, listed)))


@lru_cache
def titles(kind: Kind) -> Mapping[str, str]:
    """Field -> our own header of it, in the order of `columns.yaml`: the client, consent, then the sheet's own."""
    known = vocabulary()
    own = known.referral if kind == "referral" else known.contact
    return {field: headers[0] for group in (known.client, known.sharing, own) for field, headers in group.items()}


@lru_cache
def own_fields(kind: Kind) -> frozenset[str]:
    """Fields that belong to this kind of sheet alone: they tell what a CSV file holds."""
    known = vocabulary()
    return frozenset(known.referral if kind == "referral" else known.contact)


def is_directory(headers: Iterable[str]) -> bool:
    """Whether a table or JSON with these names is one of a service directory: it has an id, and more that directories
    have and sheets of people have not."""
    found = {plain(header).replace(" ", "_") for header in headers}
    return bool(found & {"id", "contents"}) and len(found & set(vocabulary().directory)) > 1
