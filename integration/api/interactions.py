"""FHIR interactions and the router that serves them: a route and its declaration are made in one step, so the
CapabilityStatement says what is served and nothing else."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import Route

Code = Literal[
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
    "transaction",
    "batch",
    "search-system",
    "history-system",
    "operation",
]
"""R4 CodeSystem restful-interaction, those of a server's resources and of its root."""
Endpoint: TypeAlias = Callable[..., Awaitable[Response]]

_METHODS = {"update": "PUT", "patch": "PATCH", "delete": "DELETE", "create": "POST", "transaction": "POST"}
COMMON_PARAMETERS = frozenset({"_format", "_pretty"})
"""Taken everywhere (R4 http.html#parameters)."""


@dataclass(frozen=True)
class SearchParam:
    """A search parameter of one resource type: `type` is number, date, string, token, reference ... (R4
    search-param-type); `definition` the canonical URL where FHIR defines it."""

    name: str
    type: str
    doc: str = ""
    definition: str = ""


SOURCES = SearchParam("_revinclude", "special", "Provenance:target")
"""Asks for the source of each element of a golden Patient; `doc` is the one value that it takes."""


@dataclass(frozen=True)
class Interaction:
    """Something the server does. `resource_type` empty = the server as a whole; `operation` is a name without $ and
    `definition` the OperationDefinition's URL."""

    resource_type: str
    code: Code
    doc: str
    search_params: tuple[SearchParam, ...] = ()
    operation: str = ""
    definition: str = ""
    profile: str = ""
    """Profile that the resources of this type follow."""
    includes: tuple[str, ...] = ()
    rev_includes: tuple[str, ...] = ()
    """Of a search: values of `_include` and `_revinclude`, as `Type:parameter`."""
    conditional: bool = False
    """Also of whatever meets criteria (http://hl7.org/fhir/R4/http.html#conddelete)."""
    conditional_read: str = ""
    """Of a read: which conditions are heard, as a code of http://hl7.org/fhir/R4/valueset-conditional-read-status.html"""


class FhirRouter:
    """Collects routes under /fhir together with what they declare. `interactions` is what metadata is made from.
    `route_class` is what every served interaction goes through (`exchange.FhirRoute` audits)."""

    def __init__(self, route_class: type[Route] = APIRoute) -> None:
        self.routes: list[Route] = []
        """In order of registration: of those that match a path the first one answers."""
        self._route_class = route_class
        self._served: dict[tuple[str, str, str], Interaction] = {}
        self.paths: list[tuple[str, str, Interaction]] = []
        """HTTP method, path below /fhir, and what is served there: what the OpenAPI document is made from."""

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """Every declared interaction once, in order of registration."""
        return tuple(self._served.values())

    def serve(
        self, path: str, interaction: Interaction, *, method: str = "", public: bool = False
    ) -> Callable[[Endpoint], Endpoint]:
        """Decorator: serve `interaction` at a path below /fhir, for example `/Patient/{id}`. The method follows from
        the code (GET, or what FHIR says) unless given; an interaction may have several paths (search by POST).
        `public`: the same for everybody and about nobody, so it needs no token and is not audited."""
        through = APIRoute if public else self._route_class

        def register(endpoint: Endpoint) -> Endpoint:
            verb = method or _METHODS.get(interaction.code, "GET")
            self.routes.append(through(f"/fhir{path}", endpoint, methods=[verb], include_in_schema=False))
            self.paths.append((verb, path, interaction))
            self._served[(interaction.resource_type, interaction.code, interaction.operation)] = interaction
            return endpoint

        return register
