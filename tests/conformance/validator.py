"""The official HL7 validator (HAPI's build of it, `pom.xml`) as a subprocess: resources in, issues out.

Definitions are read from files: UK Core, NHS England and IHE BALP from the folder `shared` beside the repository, our
own from `mappings/definitions`. No package server and no terminology server is asked.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from mappings.definitions import definitions
from tests.conformance import balp

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
UK_CORE = ROOT.parent / "shared" / "ukcore"
BUILT = ROOT / ".conformance"
FOLDERS = (
    UK_CORE / "ukcore",
    *(UK_CORE / "nhsengland" / part for part in ("structuredefinitions", "valuesets", "codesystems")),
    UK_CORE / "bars",
    HERE / "definitions",
)
"""Folders of definitions; the first that defines a URL counts. FHIR R4 itself comes with the validator."""
_MEMORY = "-Xmx2g"


class NoValidator(Exception):  # noqa: N818  not an error where it is caught: a test is skipped
    """The validator cannot run here; the text says what is missing."""


@dataclass(frozen=True)
class Issue:
    """What the validator says of one place in a resource. `severity`: warning, error or fatal; `id`: the validator's
    own name of the message; `at`: a FHIRPath below the resource, such as `.code.coding[0]`."""

    severity: str
    id: str
    at: str
    text: str


def validate(resources: Sequence[bytes]) -> list[list[Issue]]:
    """The issues of each resource, in order; what is only informative is left out. About 100 resources a second after
    20 seconds. Raises NoValidator."""
    classpath = _built()
    with tempfile.TemporaryDirectory() as folder:
        for number, one in enumerate([*definitions(), *balp.definitions(UK_CORE / "ihe-balp-fsh")]):
            Path(folder, f"{number}.json").write_bytes(orjson.dumps(one))
        answered = subprocess.run(
            ["java", _MEMORY, "-cp", classpath, "Validate", *map(str, FOLDERS), folder],
            input=b"\n".join(resources),
            stdout=subprocess.PIPE,
            check=True,
        )
    lines = answered.stdout.splitlines()
    assert len(lines) == len(resources), "the validator must answer for every resource"
    return [[Issue(**issue) for issue in orjson.loads(line)["issues"]] for line in lines]


def _built() -> str:
    """Class path of the validator, compiled. Raises NoValidator."""
    for command in ("java", "mvn"):
        if shutil.which(command) is None:
            raise NoValidator(f"{command} is not installed; on Debian: apt-get install default-jdk-headless maven")
    if not UK_CORE.is_dir():
        raise NoValidator("UK Core's definitions are not there: a folder shared/ukcore beside the repository")
    classpath = BUILT / "classpath"
    build = ("compile", "dependency:build-classpath", f"-Dmdep.outputFile={classpath}")
    made = subprocess.run(
        ["mvn", "--quiet", "--batch-mode", "--file", str(HERE / "pom.xml"), *build],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise NoValidator(f"the validator cannot be built: {made.stdout.strip()[-300:]}")
    return f"{BUILT / 'classes'}:{classpath.read_text().strip()}"
