"""Must-support elements of UK Core, and how often our resources have them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from tests.conformance.validator import UK_CORE

_FHIR = "{http://hl7.org/fhir}"
PREFIX = "https://fhir.hl7.org.uk/StructureDefinition/"


@dataclass(frozen=True)
class Element:
    """An element, or an extension by its URL, that a profile marks mustSupport. `path`: below the resource."""

    path: str
    extension: str = ""

    @property
    def name(self) -> str:
        return self.extension.rpartition("-")[2] if self.extension else self.path


def must_support() -> Mapping[str, list[Element]]:
    """Profile URL -> its elements. Slices of anything but extensions are left out: the element around them counts."""
    found: dict[str, list[Element]] = {}
    for file in sorted((UK_CORE / "ukcore" / "structuredefinitions").glob("UKCore-*.xml")):
        root = ElementTree.parse(file).getroot()
        marked = [
            one for one in root.iter(f"{_FHIR}element") if (flag := one.find(f"{_FHIR}mustSupport")) is not None
            and flag.get("value") == "true"
        ]  # fmt: skip
        found[_said(root, "url")] = list(_elements(marked))
    return found


def _elements(marked: Iterable[ElementTree.Element]) -> Iterator[Element]:
    for one in marked:
        id_, path = one.get("id", ""), _said(one, "path").partition(".")[2]
        profile = one.find(f"{_FHIR}type/{_FHIR}profile")
        if ":" not in id_:
            yield Element(path)
        elif profile is not None and path == "extension":
            yield Element(path, profile.get("value", ""))


def _said(node: ElementTree.Element, name: str) -> str:
    child = node.find(f"{_FHIR}{name}")
    return child.get("value", "") if child is not None else ""


def rates(resources: Iterable[Mapping[str, Any]]) -> dict[str, tuple[int, dict[str, int]]]:
    """Profile -> how many resources claim it, and of each must-support element how many have it."""
    elements, totals = must_support(), Counter[str]()
    filled: dict[str, Counter[str]] = defaultdict(Counter)
    for resource in resources:
        for profile in resource.get("meta", {}).get("profile", ()):
            if profile in elements:
                totals[profile] += 1
                filled[profile].update(one.name for one in elements[profile] if _has(resource, one))
    return {
        profile: (total, {one.name: filled[profile][one.name] for one in elements[profile]})
        for profile, total in sorted(totals.items())
    }


def _has(resource: Mapping[str, Any], element: Element) -> bool:
    nodes: list[Any] = [resource]
    for part in element.path.split("."):
        nodes = [child for node in nodes for child in _children(node, part)]
    if element.extension:
        return any(node.get("url") == element.extension for node in nodes)
    return bool(nodes)


def _children(node: Any, part: str) -> Iterator[Any]:
    """`value[x]` is any of its choices. A primitive has no children."""
    if not isinstance(node, dict):
        return
    start = part.removesuffix("[x]")
    for name, value in node.items():
        if name == part or (start != part and name.startswith(start) and name[len(start) :][:1].isupper()):
            yield from value if isinstance(value, list) else [value]
