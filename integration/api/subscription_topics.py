"""read and search of Basic: the topics that can be subscribed to, as the backport has them for R4. Public, not audited:
the same for everybody and about nobody.

http://hl7.org/fhir/R4/http.html#read, http://hl7.org/fhir/R4/http.html#search
"""

from functools import cache

import orjson
from fastapi import Request
from starlette.responses import Response

from integration.api.bundle import searchset
from integration.api.interactions import COMMON_PARAMETERS, FhirRouter, Interaction, SearchParam
from integration.api.media_types import require_acceptable
from integration.api.outcome import FhirResponse
from integration.errors import BadRequest, NotFound
from integration.teams.subscriptions.topics import TOPICS, basic

TYPE = "Basic"
_CODE = SearchParam("code", "token", "SubscriptionTopic", "http://hl7.org/fhir/SearchParameter/Basic-code")
_CODES = frozenset({"SubscriptionTopic", "http://hl7.org/fhir/fhir-types|SubscriptionTopic"})


def serve_topics(router: FhirRouter, base_url: str) -> None:
    """Serve every topic by its id, and all of them."""

    @router.serve(f"/{TYPE}/{{id_}}", Interaction(TYPE, "read", "One topic; public."), public=True)
    async def read(request: Request, id_: str) -> Response:
        require_acceptable(request.headers.get("accept"), request.query_params.get("_format"))
        found = _bodies().get(id_)
        if found is None:
            raise NotFound
        return FhirResponse(found)

    @router.serve(f"/{TYPE}", Interaction(TYPE, "search-type", "Every topic; public.", (_CODE,)), public=True)
    async def search(request: Request) -> Response:
        require_acceptable(request.headers.get("accept"), request.query_params.get("_format"))
        sent = [(name, value) for name, value in request.query_params.multi_items() if name not in COMMON_PARAMETERS]
        if unknown := next((name for name, _ in sent if name != _CODE.name), None):
            raise BadRequest("Topics are searched by code.", parameter=unknown)
        found = list(_bodies().values()) if all(_CODES & set(value.split(",")) for _, value in sent) else []
        return FhirResponse(searchset(found, base=base_url, links={"self": f"{base_url}/{TYPE}"}, total=len(found)))


@cache
def _bodies() -> dict[str, bytes]:
    return {str(topic): orjson.dumps(basic(topic)) for topic in TOPICS}
