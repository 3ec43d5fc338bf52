"""Caseloads: whom a team looks after, by a rule that an analyst can read or by hand, and what follows from it.

document.py    what describes a caseload, as data: whose it is, its rule, the reasons by hand
register.py    reading: which caseloads there are, and who is on them
membership.py  adding and ending: with the relationship that follows from it, in one transaction
"""

from integration.teams.caseloads.document import Caseload
from integration.teams.caseloads.register import Member, caseload, caseloads, members

__all__ = ["Caseload", "Member", "caseload", "caseloads", "members"]
