"""A charity's own workbook, opened to write into it, and saved again."""

import io
import warnings

from openpyxl import Workbook, load_workbook

from adapters.vcfse.workbook import measured
from adapters.vcfse.write import as_saved


def opened(content: bytes) -> Workbook:
    """The workbook with all that openpyxl keeps. Raises Unreadable when it is broken or too large, and what openpyxl
    raises when it cannot read a part that Excel and calamine can."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of each feature that it leaves out
        return load_workbook(io.BytesIO(measured(content)))


def saved(workbook: Workbook) -> bytes:
    """Its bytes; the same workbook gives the same bytes."""
    stream = io.BytesIO()
    workbook.save(stream)
    return as_saved(stream)
