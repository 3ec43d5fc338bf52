"""Parquet files of an extract, written in constant memory: a row group is on disk before the next one is begun.

pyarrow is the reference implementation (Apache-2.0). At 55 MB it is optional: `pip install toldonce[extract]`.
https://arrow.apache.org/docs/python/parquet.html
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from integration.errors import NotPossible
from integration.teams.export.column import Column, Table
from integration.teams.export.columns import TABLES
from integration.teams.export.extract import Row

_ROWS = 2_000
"""Rows that are held as Python has them."""
_GROUP = 50_000
"""Rows of a row group: what a reader takes at once."""
PERSON = Column("person", "id", "whom it is about: the key of the table person", lambda _: None)


class Writer:
    """Writes rows to one file for each table. Use `writing`."""

    def __init__(self, folder: Path, arrow: Any, parquet: Any) -> None:
        self._arrow = arrow
        self._schemas = {table.name: _schema(arrow, table) for table in TABLES}
        self._files = {
            table.name: parquet.ParquetWriter(_begun(folder, table), self._schemas[table.name], compression="zstd")
            for table in TABLES
        }
        self._rows: dict[str, list[Row]] = {table.name: [] for table in TABLES}
        self._batches: dict[str, list[Any]] = {table.name: [] for table in TABLES}
        self.counts: dict[str, int] = dict.fromkeys(self._rows, 0)
        """Rows of each table so far."""

    def add(self, table: Table, row: Row) -> None:
        """Take one row."""
        self.counts[table.name] += 1
        rows = self._rows[table.name]
        rows.append(row)
        if len(rows) >= _ROWS:
            self._pack(table.name)
            if len(self._batches[table.name]) * _ROWS >= _GROUP:
                self._write(table.name)

    def finish(self) -> None:
        """Write what is held."""
        for name, file in self._files.items():
            self._pack(name)
            self._write(name)
            file.close()

    def _pack(self, name: str) -> None:
        schema, rows = self._schemas[name], self._rows[name]
        if rows:
            columns = zip(*rows, strict=True)
            arrays = [self._arrow.array(values, of.type) for values, of in zip(columns, schema, strict=True)]
            self._batches[name].append(self._arrow.record_batch(arrays, schema=schema))
            self._rows[name] = []

    def _write(self, name: str) -> None:
        if batches := self._batches[name]:
            self._files[name].write_table(self._arrow.Table.from_batches(batches), row_group_size=_GROUP)
            self._batches[name] = []


@contextmanager
def writing(folder: Path) -> Iterator[Writer]:
    """Files of this folder, which is made and must be empty. They get their names when all are whole: what was cut off
    cannot be taken for an extract. Raises NotPossible."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise NotPossible("Parquet needs pyarrow: pip install 'toldonce[extract]'") from None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise NotPossible("the folder is not empty; name a new one")
    writer = Writer(folder, pyarrow, parquet)
    yield writer
    writer.finish()
    for table in TABLES:
        _begun(folder, table).rename(folder / f"{table.name}.parquet")


def _begun(folder: Path, table: Table) -> Path:
    return folder / f".{table.name}.parquet.begun"


def _schema(arrow: Any, table: Table) -> Any:
    types: Mapping[str, Any] = {
        "text": arrow.string(),
        "id": arrow.string(),
        "integer": arrow.int64(),
        "number": arrow.float64(),
        "boolean": arrow.bool_(),
        "moment": arrow.timestamp("us", tz="UTC"),
    }
    columns: Sequence[Column] = (PERSON, *table.columns)
    fields = [arrow.field(one.name, types[one.type], metadata={"description": one.doc}) for one in columns]
    return arrow.schema(fields, metadata={"description": table.doc})
