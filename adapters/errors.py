"""What can be wrong with what arrives, drawn at the top.

AdapterError
└── Unreadable        nothing of the input can be used; it waits in quarantine as a whole

A fault in one row, segment or resource is not an exception: it is a `Defect` (adapters/records.py)
beside the records that could be read, so that the rest of the batch is stored.
"""

from adapters.records import Defect


class AdapterError(Exception):
    """Base of every error an adapter raises."""


class Unreadable(AdapterError):  # noqa: N818  (it ends the sentence in the tree above)
    """Nothing of the input can be used. Carries the defect that says where, why and what to do."""

    def __init__(self, defect: Defect) -> None:
        super().__init__(f"{defect.where}: {defect.reason}")
        self.defect = defect
