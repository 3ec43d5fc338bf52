"""GET /charities/template.xlsx: the empty workbook that a charity may keep its referrals in. Public, not audited: it is
the same for everybody and about nobody."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from adapters.vcfse.template import template

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def template_routes() -> APIRouter:
    router = APIRouter(prefix="/charities", include_in_schema=False)

    async def download() -> Response:
        headers = {"Content-Disposition": 'attachment; filename="referrals.xlsx"', "Cache-Control": "no-cache"}
        return Response(await run_in_threadpool(template), headers=headers, media_type=XLSX)

    router.add_api_route("/template.xlsx", download, methods=["GET"], response_model=None)
    return router
