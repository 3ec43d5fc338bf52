"""Mutations of tables of text: cells, rows, columns, delimiters, encodings."""

from random import Random

from tests.fuzz.octets import odd

DELIMITERS = (b",", b";", b"\t", b"|")
Rows = list[list[bytes]]


def mutate(draw: Random, content: bytes) -> bytes:
    """One to four changes. Quoted delimiters are taken as delimiters: that is a mutation too."""
    delimiter = max(DELIMITERS, key=content.count)
    rows: Rows = [line.split(delimiter) for line in content.split(b"\n")]
    for _ in range(draw.randint(1, 4)):
        draw.choice((_cell, _cell, _cell, _row, _column))(draw, rows)
    if draw.random() < 0.05:
        delimiter = draw.choice(DELIMITERS)
    ending = draw.choice((b"\r", b"\r\n", b"\n\n")) if draw.random() < 0.05 else b"\n"
    return _encoded(draw, ending.join(delimiter.join(row) for row in rows))


def _cell(draw: Random, rows: Rows) -> None:
    row = draw.choice(rows)
    at = draw.randrange(len(row))
    other = draw.choice(rows)
    row[at] = draw.choice((odd(draw), odd(draw), draw.choice(other), b'"' + row[at], row[at] + b'"', row[at] * 2))


def _row(draw: Random, rows: Rows) -> None:
    at = draw.randrange(len(rows))
    match draw.randrange(5):
        case 0 if len(rows) > 1:
            del rows[at]
        case 1:
            rows.insert(draw.randrange(len(rows) + 1), list(rows[at]))
        case 2:
            rows.insert(at, [odd(draw)])
        case 3:
            draw.shuffle(rows)
        case _:
            rows[at] = rows[at][: draw.randrange(len(rows[at]) + 1)] or [b""]


def _column(draw: Random, rows: Rows) -> None:
    width = max(len(row) for row in rows)
    one, other = draw.randrange(width), draw.randrange(width)
    change = draw.randrange(3)
    for row in rows:
        if max(one, other) < len(row):
            match change:
                case 0:
                    row[one], row[other] = row[other], row[one]
                case 1 if len(row) > 1:
                    del row[one]
                case _:
                    row.insert(other, row[one])


def _encoded(draw: Random, content: bytes) -> bytes:
    if draw.random() > 0.05:
        return content
    text = content.decode("utf-8", "replace")
    return text.encode(draw.choice(("utf-8-sig", "utf-16", "cp1252", "utf-16-le", "cp037")), "replace")
