"""A named person and everything that happened to them."""

from dataclasses import dataclass
from datetime import date

from adapters.synthetic.clinical import Drug
from adapters.synthetic.nhs_numbers import nhs_number
from adapters.synthetic.world import LifeEvent, Medicine, Person


@dataclass(frozen=True)
class Story:
    """`events` in the order in which they were told, not sorted."""

    person: Person
    events: tuple[LifeEvent, ...]


def number(serial: int) -> str:
    """The NHS test number of a named person. Raises `ValueError` for a serial without a valid check digit."""
    found = nhs_number(serial)
    if found is None:
        raise ValueError(f"serial {serial} has no NHS number")
    return found


def medicine(drug: Drug, since: date) -> Medicine:
    """A medicine taken since that day."""
    return Medicine(drug.code, drug.term, drug.dose, since)
