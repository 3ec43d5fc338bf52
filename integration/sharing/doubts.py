"""What is not wrong in a file of agreements, but hardly meant: `toldonce agreements check` tells it with its line."""

from collections.abc import Iterator

from integration.sharing.agreement_file import Document, Place, Problem, read
from integration.sharing.agreements import Agreement, Agreements
from integration.sharing.request import Category

_FLAG = frozenset({Category.ADJUSTMENTS, Category.IMPAIRMENTS})
"""Listed with no role: rule 8 speaks of them."""


def doubts(text: str, agreements: Agreements) -> list[Problem]:
    """What somebody should look at in the text that `agreements` was loaded from."""
    document = read(text)
    found = list(_unused(document, agreements))
    if not agreements.agreements:
        found.append(document.problem(("agreements",), "there are no agreements: nobody could see anything"))
    for number, one in enumerate(agreements.agreements):
        found += _of(document, ("agreements", number), agreements, one)
    return sorted(found)


def _of(document: Document, place: Place, agreements: Agreements, one: Agreement) -> Iterator[Problem]:
    kinds = set(one.categories)
    for number, word in enumerate(one.roles):
        role = agreements.roles[word]
        if {*role.sees, *role.own, *_FLAG}.isdisjoint(kinds):
            message = f"the role {word} may see none of the kinds of information of this agreement"
            yield document.problem((*place, "in which roles", number), message)
    seen = {kind for word in one.roles for kind in (*agreements.roles[word].sees, *agreements.roles[word].own)}
    for number, kind in enumerate(one.categories):
        if kind not in seen | _FLAG:
            message = f"no role of this agreement may see '{kind}'"
            yield document.problem((*place, "kinds of information", number), message)
    if one.need_of_location and Category.DEMOGRAPHICS not in kinds:
        message = "who the person is is not among the kinds of information: there is nothing that locates them"
        yield document.problem((*place, "roles that need to know where restricted people are"), message)
    if one.relationship.needed and one.relationship.because:
        yield document.problem((*place, "relationship", "because"), "a relationship is needed: no reason is asked for")


def _unused(document: Document, agreements: Agreements) -> Iterator[Problem]:
    used = {word for one in agreements.agreements for word in one.roles}
    for name in agreements.roles.keys() - used:
        yield document.problem(("roles", name), f"no agreement is for the role {name}")
