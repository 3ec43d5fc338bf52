"""IHE Basic Audit Log Patterns as StructureDefinitions: its FSH sources, for nobody ships them compiled here.

Reads as much of FHIR Shorthand as the RESTful profiles of BALP use, and refuses a rule that it does not know.
https://profiles.ihe.net/ITI/BALP/, https://hl7.org/fhir/uv/shorthand/reference.html
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
FILES = ("PatientRead", "PatientQuery", "PatientCreate", "PatientUpdate", "PatientDelete")
_BASE = "https://profiles.ihe.net/ITI/BALP/"
_ASSURANCE_LEVEL = f"{_BASE}StructureDefinition/ihe-assuranceLevel"
_ENTITY_TYPE = f"{_BASE}CodeSystem/BasicAuditEntityType"
_ORDER = ("type", "subtype", "action", "recorded", "outcome", "agent", "source", "entity")
_PARTS = (
    "", "extension", "what", "type", "role", "who", "name", "requestor", "media", "network", "purposeOfUse",
    "lifecycle", "securityLabel", "description", "query", "detail",
)  # fmt: skip
"""Elements of AuditEvent, and of its agents and entities, in R4's order, which a differential keeps."""
_PATTERNS = {
    "type": "Coding",
    "subtype": "Coding",
    "action": "Code",
    "outcome": "Code",
    "agent.type": "CodeableConcept",
    "agent.requestor": "Boolean",
    "entity.type": "Coding",
    "entity.role": "Coding",
}
"""Which pattern[x] a value of an element is."""
_ITEM = re.compile(r"^(Profile|ValueSet|Parent|Id): *(\S+)$")


def definitions(folder: Path) -> Iterator[Json]:
    """The profiles, and what they need, from the FSH files in `folder`."""
    yield _assurance_level()
    codes = {"code": "XrequestId"}
    yield _canonical("CodeSystem", "BasicAuditEntityType", content="complete", concept=[codes])
    for name in FILES:
        for kind, item in _items((folder / f"{name}.fsh").read_text()):
            yield _value_set(item) if kind == "ValueSet" else _profile(item)


def _items(text: str) -> Iterator[tuple[str, Json]]:
    """Each Profile and ValueSet: its name, parent, id and rules, comments and texts left out."""
    text = re.sub(r'"""[\s\S]*?"""', "", text)
    text = re.sub(r"(?m)(^|\s)//.*$", "", text)
    text = re.sub(r"\n[ \t]+(?=[^*\s])", " ", text)  # a rule that goes on in the next line
    kind, item = "", Json()
    for line in map(str.strip, text.splitlines()):
        if (found := _ITEM.match(line)) and found[1] in ("Profile", "ValueSet"):
            if item:
                yield kind, item
            kind, item = found[1], {"name": found[2], "rules": []}
        elif found:
            item[found[1].lower()] = found[2]
        elif line.startswith("* "):
            item["rules"].append(line[2:])
    if item:
        yield kind, item


def _canonical(resource_type: str, id_: str, **more: Any) -> Json:
    return {
        "resourceType": resource_type,
        "id": id_,
        "url": f"{_BASE}{resource_type}/{id_}",
        "status": "active",
        **more,
    }


def _value_set(item: Json) -> Json:
    codes = [re.split(r"\s", rule, maxsplit=1)[0].split("#") for rule in item["rules"] if not rule.startswith("^")]
    include = [{"system": system, "concept": [{"code": code}]} for system, code in codes]
    return _canonical("ValueSet", item["name"], compose={"include": include})


def _profile(item: Json) -> Json:
    elements: dict[str, Json] = {}
    for rule in item["rules"]:
        _apply(elements, rule)
    parent = item["parent"]
    base = "http://hl7.org/fhir/" if parent == "AuditEvent" else f"{_BASE}"
    id_ = parent if parent == "AuditEvent" else f"IHE.BasicAudit.{parent}"
    return _canonical(
        "StructureDefinition",
        item["id"],
        name=item["name"],
        kind="resource",
        abstract=False,
        type="AuditEvent",
        baseDefinition=f"{base}StructureDefinition/{id_}",
        derivation="constraint",
        differential={"element": [elements[path] for path in sorted(elements, key=_place)]},
    )


def _place(path: str) -> tuple[int, str, int, int]:
    """Elements by R4's order, each slice after what is sliced, its own children after it."""
    top, _, rest = path.partition(".")
    name, _, part = top.partition(":")
    return _ORDER.index(name), part, _PARTS.index(rest.split(".")[0]), len(rest)


def _apply(elements: dict[str, Json], rule: str) -> None:
    """One rule, such as `agent[client].who 1..1`, into the elements of the differential."""
    path, rest = rule.split(maxsplit=1)
    path = re.sub(r"\[(\w+)]", r":\1", path)
    element = _element(elements, path)
    plain = re.sub(r":\w+", "", path)
    if rest.startswith("^slicing"):
        _slicing(element.setdefault("slicing", {"discriminator": [{}]}), rest)
    elif rest.startswith("contains "):
        for name, low, high in re.findall(r"(\w+) (\d)\.\.(\d|\*)", rest):
            _element(elements, f"{path}:{name}").update(sliceName=name, min=int(low), max=high)
    elif found := re.match(r"(\d*)\.\.(\d|\*)?", rest):
        element |= {"min": int(found[1])} if found[1] else {}
        element |= {"max": found[2]} if found[2] else {}
    elif found := re.match(r"from (\w+) \(required\)", rest):
        element["binding"] = {"strength": "required", "valueSet": f"{_BASE}ValueSet/{found[1]}"}
    elif found := re.match(r"= (\S+)", rest):
        element[f"pattern{_PATTERNS[plain]}"] = _value(found[1], _PATTERNS[plain])
    elif rest == "only Reference(Patient)":
        profile = ["http://hl7.org/fhir/StructureDefinition/Patient"]
        element["type"] = [{"code": "Reference", "targetProfile": profile}]
    elif rest == "MS":
        element["mustSupport"] = True
    elif not rest.startswith("^short"):
        raise ValueError(f"a rule of FSH that is not understood: {rule}")


def _element(elements: dict[str, Json], path: str) -> Json:
    plain = re.sub(r":\w+", "", path)
    return elements.setdefault(path, {"id": f"AuditEvent.{path}", "path": f"AuditEvent.{plain}"})


def _slicing(slicing: Json, rest: str) -> None:
    where, value = re.match(r"\^slicing\.(\S+) = (\S+)", rest).groups()  # type: ignore[union-attr] # all have this form
    value = value.strip('#"')
    if where == "rules":
        slicing["rules"] = value
    else:
        slicing["discriminator"][0][where.removeprefix("discriminator.")] = value


def _value(written: str, kind: str) -> Any:
    if kind == "Boolean":
        return written == "true"
    system, _, code = written.partition("#")
    if kind == "Code":
        return code
    coding = {"system": _ENTITY_TYPE if system == "BasicAuditEntityType" else system, "code": code}
    return {"coding": [coding]} if kind == "CodeableConcept" else coding


def _assurance_level() -> Json:
    """The extension that BALP defines in a file of another kind: any number of levels, on the user."""
    return _canonical(
        "StructureDefinition",
        "ihe-assuranceLevel",
        name="AssuranceLevel",
        kind="complex-type",
        abstract=False,
        context=[{"type": "element", "expression": "AuditEvent.agent"}],
        type="Extension",
        baseDefinition="http://hl7.org/fhir/StructureDefinition/Extension",
        derivation="constraint",
        differential={
            "element": [
                {"id": "Extension.url", "path": "Extension.url", "fixedUri": _ASSURANCE_LEVEL},
                {"id": "Extension.value[x]", "path": "Extension.value[x]", "type": [{"code": "CodeableConcept"}]},
            ]
        },
    )  # fmt: skip
