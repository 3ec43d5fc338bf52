"""fhirpy (asynchronous) against FHIR_BASE: what it got, as JSON. Run by `test_clients.py` in its own environment."""

import asyncio
import json
import os

import aiohttp
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound

BASE, PERSON = os.environ["FHIR_BASE"], os.environ["PERSON"]
NUMBER = "https://fhir.nhs.uk/Id/nhs-number|9990000018"
FLAG = json.loads(os.environ["FLAG"])


async def token() -> str:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{BASE}/.well-known/smart-configuration") as answer:
            endpoint = (await answer.json())["token_endpoint"]
        form = {
            "grant_type": "client_credentials",
            "scope": "system/*.rs system/Flag.cud",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": os.environ["ASSERTION"],
        }
        async with session.post(endpoint, data=form) as answer:
            return (await answer.json())["access_token"]


def connected(bearer: str, **headers: str) -> AsyncFHIRClient:
    return AsyncFHIRClient(BASE, authorization=f"Bearer {bearer}", extra_headers=headers)


async def main() -> None:
    bearer = await token()
    client = connected(bearer)
    told = {"capabilities": (await client.execute("metadata", method="get"))["resourceType"]}
    told["number"] = [one.id for one in await client.resources("Patient").search(identifier=NUMBER).fetch()]
    pages = client.resources("Encounter").search(patient=PERSON).limit(5)
    told["encounters"] = [one.id async for one in pages]
    everything = await client.execute(f"Patient/{PERSON}/$everything")
    told["everything"] = len(everything["entry"])
    first = told["encounters"][0]
    told["history"] = (await client.execute(f"Encounter/{first}/_history", method="get"))["type"]
    told["read"] = (await client.reference("Encounter", first).to_resource()).id
    flag = client.resource("Flag", **{name: value for name, value in FLAG.items() if name != "resourceType"})
    await flag.save()
    told["created"] = flag.serialize()["meta"]["versionId"]
    ended = {**flag.serialize(), **json.loads(os.environ["ENDED"])}
    current = connected(bearer, **{"If-Match": 'W/"1"'})
    told["updated"] = (await current.execute(f"Flag/{flag.id}", method="put", data=ended))["meta"]["versionId"]
    try:
        await current.execute(f"Flag/{flag.id}", method="put", data=ended)
    except MultipleResourcesFound:  # its name for any 412
        told["too late"] = 412
    print(json.dumps(told))  # noqa: T201  this is its answer


asyncio.run(main())
