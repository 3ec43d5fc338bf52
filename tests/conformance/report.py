"""What a run found, as the tables of docs/conformance.md."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.conformance import explained, fill
from tests.conformance.corpus import API, DIRECTORY, DOCS, Specimen
from tests.conformance.validator import Issue

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
_OF_A_FEED = ("gp", "acute", "community", "mental_health", "social_care", "vcfse", "pds", "recorded", DIRECTORY)


@dataclass
class Report:
    """`wrong` is what must be empty: errors, and warnings that nobody explained."""

    profiles: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(profile or type, source) -> resources."""
    warnings: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    rates: dict[str, tuple[int, dict[str, int]]] = field(default_factory=dict)

    @property
    def resources(self) -> int:
        return self.profiles.total()


def report(specimens: Sequence[Specimen], issues: Sequence[Sequence[Issue]]) -> Report:
    made = Report()
    for one, found in zip(specimens, issues, strict=True):
        resource = one.resource
        claimed = resource.get("meta", {}).get("profile") or [resource["resourceType"]]
        made.profiles.update((profile, one.source) for profile in claimed)
        for issue in found:
            if why := explained.reason(issue):
                made.warnings[why] += 1
            else:
                made.wrong[_said(one, resource["resourceType"], issue)] += 1
    made.rates = fill.rates(one.resource for one in specimens if one.source in _OF_A_FEED)
    return made


def _said(one: Specimen, resource_type: str, issue: Issue) -> str:
    place = re.sub(r"/\*.*?\*/|\[\d+\]", "", issue.at)
    return f"{issue.severity} in {resource_type}{place} from {one.source}: {issue.text}"


def tables(made: Report) -> str:
    """The part of the page that a run writes."""
    return "\n\n".join("\n".join(part) for part in (_counts(made), _warnings(made), _rates(made)))


def _counts(made: Report) -> Iterator[str]:
    sources = [one for one in (*_OF_A_FEED, API, DOCS) if any(source == one for _, source in made.profiles)]
    yield f"| profile | {' | '.join(sources)} |"
    yield f"|---|{'---:|' * len(sources)}"
    for profile in sorted({profile for profile, _ in made.profiles}, key=_short):
        counts = (made.profiles[profile, source] for source in sources)
        yield f"| {_short(profile)} | {' | '.join(f'{count:,}' if count else '' for count in counts)} |"


def _warnings(made: Report) -> Iterator[str]:
    yield "| warnings | why they stand |"
    yield "|---:|---|"
    for why, count in made.warnings.most_common():
        yield f"| {count:,} | {why} |"


def _rates(made: Report) -> Iterator[str]:
    yield "| profile | resources | must-support elements, and how many resources have them |"
    yield "|---|---:|---|"
    for profile, (total, elements) in made.rates.items():
        said = ", ".join(f"{name} {count / total:.0%}" for name, count in elements.items())
        yield f"| {_short(profile)} | {total:,} | {said or 'none'} |"


def _short(profile: str) -> str:
    return (
        profile.rpartition("/")[2].removeprefix("IHE.BasicAudit.")
        if "BALP" not in profile
        else f"BALP {profile.rpartition('.')[2]}"
    )


def write(made: Report) -> None:
    """Into the page, between its marks."""
    begin, end = "<!-- figures: made by `make conformance` -->", "<!-- end of figures -->"
    before, _, rest = PAGE.read_text().partition(begin)
    after = rest.partition(end)[2]
    PAGE.write_text(f"{before}{begin}\n\n{tables(made)}\n\n{end}{after}")
