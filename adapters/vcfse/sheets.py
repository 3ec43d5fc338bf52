"""Bytes of a spreadsheet -> sheets of cells: an XLSX workbook, or a CSV file.

Row and column numbers are those that the spreadsheet program shows. Hidden rows, columns and sheets are read like
others: a filter hides rows, and hiding is not deleting. Of a formula its saved value is read.
"""

import re
from typing import NoReturn

from adapters.vcfse.book import LARGEST_FILE, SAVE_AGAIN, Book, refuse, too_large
from adapters.vcfse.columns import is_directory
from adapters.vcfse.delimited import read_csv
from adapters.vcfse.workbook import read_workbook

_PDF, _MARKUP = b"%pdf", (b"<html", b"<!doctype", b"<table", b"<?xml")
_JSON_NAME = re.compile(rb'"(\w+)"\s*:')
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def read_book(content: bytes) -> Book:
    """All sheets of a file. Raises Unreadable when it is no spreadsheet, is locked, broken or too large."""
    if not content.strip():
        refuse("empty-file", "the file is empty", "Save the sheet again and send it once more.")
    if len(content) > LARGEST_FILE:
        too_large("the file")
    if content.startswith(OLE):
        _refuse_ole(content)
    opening = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if opening.startswith(_PDF):
        refuse("not-a-spreadsheet", "this is a PDF file", "Send the spreadsheet that it was made from.")
    if opening.startswith(_MARKUP):
        refuse("not-a-spreadsheet", "this is a web page, even if its name says otherwise", SAVE_AGAIN)
    if opening.startswith((b"{", b"[")) and (names := _JSON_NAME.findall(opening)):
        _refuse_json({name.decode() for name in names})
    return read_workbook(content) if content.startswith(ZIP) else read_csv(content)


def _refuse_ole(content: bytes) -> NoReturn:
    """The container of workbooks with a password, and of those of Excel before 2007."""
    if "EncryptedPackage".encode("utf-16-le") in content:
        refuse("password", "the workbook is locked by a password", "Save it without a password; the transfer is safe.")
    refuse("old-workbook", "the workbook has the format of Excel before 2007", SAVE_AGAIN)


def _refuse_json(names: set[str]) -> NoReturn:
    if is_directory(names):
        refuse_directory()
    refuse("not-a-spreadsheet", "this is JSON, not a table", "Send the referrals and contacts as XLSX or CSV.")


def refuse_directory() -> NoReturn:
    """Raises Unreadable."""
    refuse(
        "service-directory",
        "this is of a service directory (Open Referral): it lists services, not people",
        "Send referrals and contacts here; a directory of services is no part of anybody's record.",
    )
