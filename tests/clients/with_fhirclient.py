"""fhirclient of PyPI against FHIR_BASE: what it got, as JSON. Its models check every resource that they are made of."""

import json
import os

import requests
from fhirclient.client import FHIRClient
from fhirclient.models.bundle import Bundle
from fhirclient.models.encounter import Encounter
from fhirclient.models.flag import Flag
from fhirclient.models.patient import Patient

BASE, PERSON = os.environ["FHIR_BASE"], os.environ["PERSON"]
NUMBER = "https://fhir.nhs.uk/Id/nhs-number|9990000018"


def token() -> str:
    endpoint = requests.get(f"{BASE}/.well-known/smart-configuration").json()["token_endpoint"]
    form = {
        "grant_type": "client_credentials",
        "scope": "system/*.rs system/Flag.cud",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": os.environ["ASSERTION"],
    }
    return requests.post(endpoint, data=form).json()["access_token"]


smart = FHIRClient(settings={"app_id": "stock", "api_base": BASE})
server = smart.server
server.session.headers["Authorization"] = f"Bearer {token()}"
told = {"capabilities": server.capabilityStatement.resource_type}
told["number"] = [one.id for one in Patient.where({"identifier": NUMBER}).perform_resources(server)]
pages = Encounter.where({"patient": PERSON, "_count": "5"}).perform_iter(server)
told["encounters"] = [entry.resource.id for page in pages for entry in page.entry or ()]
everything = Bundle(server.request_json(f"Patient/{PERSON}/$everything"))
told["everything"] = len(everything.entry)
first = told["encounters"][0]
told["history"] = Bundle(server.request_json(f"Encounter/{first}/_history")).type
told["read"] = Encounter.read(first, server).id
flag = Flag(json.loads(os.environ["FLAG"]))
created = Flag(flag.create(server))
told["created"] = created.meta.versionId
ended = Flag({**created.as_json(), **json.loads(os.environ["ENDED"])})
server.session.headers["If-Match"] = 'W/"1"'
told["updated"] = Flag(ended.update(server)).meta.versionId
try:
    ended.update(server)
except Exception as refused:  # noqa: BLE001  whatever this client raises
    told["too late"] = refused.response.status_code
print(json.dumps(told))  # noqa: T201  this is its answer
