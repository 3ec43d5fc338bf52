"""Where oracle and product differ, in words that can be read."""

from typing import Any
from uuid import UUID

from tests.sharing.facts import Question, World
from tests.sharing.oracle import Oracle, Verdict
from tests.sharing.product import Seen

LEAK, WRONG = "leak", "wrongful denial"


def differences(oracle: Oracle, question: Question, verdict: Verdict, seen: Seen) -> list[str]:
    """One line for each difference; none when the two agree. A line begins with `leak` or `wrongful denial`."""
    shown = verdict.visible - verdict.never
    found = [f"{LEAK}: {id_} is shown" for id_ in sorted(seen.visible - shown, key=str)]
    found += [f"{WRONG}: {id_} is not shown" for id_ in sorted(shown - seen.visible, key=str)]
    for id_ in sorted(seen.visible & shown & verdict.located.keys(), key=str):
        if id_ in seen.located and not verdict.located[id_]:
            found.append(f"{LEAK}: where {id_} is to be found")
    if all(verdict.located.values()):  # where agreements differ, all may be hidden
        found += [
            f"{WRONG}: where {id_} is to be found" for id_ in seen.visible & verdict.located.keys() - seen.located
        ]
    found += [f"{LEAK}: a reference to {id_}" for id_ in sorted(seen.refers - shown, key=str)]
    if seen.visible & shown:
        referred = {target for _, row in oracle.world.person(question.person).rows() if row.id in seen.visible
                    for target in row.refers}  # fmt: skip
        if verdict.answer != "beyond care":  # where references of that element are not kept
            found += [f"{WRONG}: no reference to {id_}" for id_ in (referred & shown) - seen.refers]
    locks = (("first", seen.first_lock, shown), ("second", seen.second_lock, verdict.visible))
    for lock, visible, right in locks:
        if visible is not None and visible != right:
            kind = LEAK if visible - right else WRONG
            found.append(f"{kind}: the {lock} lock alone shows {_names(visible ^ right)} otherwise")
    return found + _answer(oracle, question, verdict, seen)


def _answer(oracle: Oracle, question: Question, verdict: Verdict, seen: Seen) -> list[str]:
    found = []
    if (verdict.answer == "refused") != seen.refused and verdict.answer in ("refused", "not found"):
        found.append(f"{WRONG if seen.not_found else LEAK}: answered otherwise than {verdict.answer}")
    if verdict.answer == "not found" and not seen.not_found:
        found.append(f"{LEAK}: somebody who may not be known of is not like nobody")
    if verdict.answer == "beyond care" and seen.visible and not seen.pseudonymised:
        found.append(f"{LEAK}: an answer beyond direct care that is not pseudonymised")
    if verdict.answer in ("answered", "beyond care"):
        found += _marks(oracle, question, verdict, seen)
    return found


def _marks(oracle: Oracle, question: Question, verdict: Verdict, seen: Seen) -> list[str]:
    found = [f"{LEAK}: '{one}' is announced as withheld" for one in sorted(seen.announced - verdict.may_announce)]
    if seen.visible:
        missing = verdict.must_announce - seen.announced
        found += [f"{WRONG}: '{one}' is not announced as withheld" for one in sorted(missing)]
        if question.glass is None and verdict.self_claimed is not None and verdict.self_claimed != seen.self_claimed:
            found.append(f"{LEAK}: self-claimed is {seen.self_claimed}")
    if question.glass is None and seen.broken_glass:
        found.append(f"{WRONG}: a glass that nobody broke")
    if question.glass and verdict.visible != oracle.judge(calm(question)).visible and not seen.broken_glass:
        found.append(f"{LEAK}: a broken glass is not marked")
    return found


def calm(question: Question) -> Question:
    return Question(question.organisation, question.role, question.purpose, question.person, question.at)


def _names(ids: set[UUID]) -> str:
    return ", ".join(sorted(map(str, ids))[:3])


def told(world: World, found: list[str]) -> str:
    """A failing decision in words, after it was made small: what is asked, the facts, and why the oracle says so."""
    (question,) = world.questions
    verdict = Oracle(world).judge(question)
    person = world.person(question.person)
    lines = [f"world {world.seed}", *found, _asked(question), f"the oracle says: {verdict.answer}"]
    for author, row in person.rows():
        reasons = [sorted(rules) for rules in verdict.withheld.get(row.id, ())]
        why = f"withheld by rules {reasons}" if reasons else "shown"
        marks = f" marked {', '.join(row.sensitivities)}" if row.sensitivities else ""
        dates = f" of {row.starts} to {row.ends}" if row.starts or row.ends else ""
        lines.append(f"  {author}: '{row.category}'{marks}{dates}, {row.id}: {why}")
    for source in person.sources:
        lines.append(f"{source.organisation} knows them{', restricted' if source.restricted else ''}")
        lines += [f"  {one.kind} of {one.organisation}, {one.start} to {one.end}" for one in source.evidence]
        lines += [f"  {_consent(consent)}" for consent in source.consents]
    for agreement in world.document["agreements"]:
        lines.append(f"agreement {agreement['id']}")
        lines += [f"  {name}: {value}" for name, value in agreement.items() if name not in _UNSAID]
    lines.append(f"role: {world.document['roles'].get(question.role)}")
    return "\n".join(lines)


_UNSAID = ("id", "version", "title", "lawful basis", "review by")


def _asked(question: Question) -> str:
    glass = f", glass broken: {question.glass.reason}, {question.glass.declared}" if question.glass else ""
    return f"asked: {question.role} of {question.organisation} for {question.purpose} at {question.at}{glass}"


def _consent(consent: dict[str, Any]) -> str:
    kind = consent["policy"][0]["uri"].rpartition("/")[2]
    who = consent["performer"][0].get("display", "the person")
    how = consent.get("sourceAttachment", {}).get("title", "no word how")
    return (
        f"consent {kind}, {consent['status']}, {consent['dateTime']}, {who}, {how}: {_provision(consent['provision'])}"
    )


def _provision(provision: dict[str, Any]) -> str:
    parts = [str(provision["type"])]
    parts += [f"to {actor['reference']['identifier']['value']}" for actor in provision.get("actor", ())]
    parts += [
        f"{name} {one['code']}" for name in ("class", "purpose", "securityLabel") for one in provision.get(name, ())
    ]
    for data in provision.get("data", ()):
        reference = data["reference"]
        parts.append(f"{data['meaning']} {reference.get('reference') or reference['identifier']['value']}")
    parts += [f"{name} {provision[name]}" for name in ("period", "dataPeriod") if name in provision]
    parts += [f"except [{_provision(one)}]" for one in provision.get("provision", ())]
    return ", ".join(parts)
