"""The little of FHIRPath that points at elements of a Patient: `Patient.name[0]`, `Patient.birthDate`."""

import re
from collections.abc import Collection, Iterator
from typing import Any

CHOICES = ("deceased", "multipleBirth")


def valued(patient: dict[str, Any], path: str) -> Any:
    """The value at a path; None where there is none."""
    match = re.fullmatch(r"Patient\.(\w+)(?:\[(\d+)\])?", path)
    assert match, path
    name, index = match[1], match[2]
    if name in CHOICES:
        return next((value for member, value in patient.items() if member.startswith(name)), None)
    return patient.get(name) if index is None else patient[name][int(index)]


def elements(patient: dict[str, Any], but: Collection[str]) -> Iterator[str]:
    """Paths of all that a Patient says, without the elements named in `but`."""
    for member, value in patient.items():
        if member in but or member in ("resourceType", "meta"):
            continue
        choice = next((name for name in CHOICES if member.startswith(name)), None)
        if isinstance(value, list):
            yield from (f"Patient.{member}[{place}]" for place in range(len(value)))
        else:
            yield f"Patient.{choice or member}"
