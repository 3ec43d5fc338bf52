"""docs/bulk-export.md: the tables and columns of the extract, as the code has them."""

from collections.abc import Callable

from integration.teams.export.column import Table
from integration.teams.export.columns import TABLES
from integration.teams.export.parquet import PERSON

PAGE = "docs/bulk-export.md"


def test_the_page_lists_every_column(documented: Callable[[str, str, str], None]) -> None:
    documented(PAGE, "columns", "\n\n".join(map(_table, TABLES)))


def _table(table: Table) -> str:
    rows = "\n".join(f"| `{one.name}` | {one.type} | {one.doc} |" for one in (PERSON, *table.columns))
    return f"### `{table.name}`: {table.doc}\n\n| column | type | what |\n|---|---|---|\n{rows}"
