"""What was measured: numbers that can be a measurement are quantities, whatever else was sent stays as it was."""

import pytest

from mappings.tables.finding import measured


@pytest.mark.parametrize(("sent", "value"), [("72.5", 72.5), ("-3", -3), ("1E5", 100000), ("0", 0), ("1e-3", 0.001)])
def test_a_number_is_a_quantity(sent: str, value: float) -> None:
    assert measured(sent, "kg") == {
        "valueQuantity": {"value": value, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}
    }


@pytest.mark.parametrize(
    "sent", ["1E99999999", "-1E99999999", "1E-99999999", "1E400", "9" * 20, "NaN", "Infinity", "not known"]
)
def test_what_cannot_be_a_measurement_stays_as_sent(sent: str) -> None:
    """`1E99999999` written out would have a hundred million digits, and JSON has no exact number of twenty."""
    assert measured(sent, "kg") == {"valueString": sent}


def test_nothing_is_nothing() -> None:
    assert measured(None) == measured("") == {}
