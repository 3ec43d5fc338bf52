"""`python -m integration` is the command `toldonce`."""

from integration.cli import app

app()
