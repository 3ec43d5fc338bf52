// fhirclient of npm (SMART's own) against FHIR_BASE: what it got, as JSON. Run by `test_clients.py`.
import fhirclient from "fhirclient";

const { FHIR_BASE, PERSON, ASSERTION, FLAG, ENDED } = process.env;
const { token_endpoint } = await (await fetch(`${FHIR_BASE}/.well-known/smart-configuration`)).json();
const form = new URLSearchParams({
  grant_type: "client_credentials",
  scope: "system/*.rs system/Flag.cud",
  client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  client_assertion: ASSERTION,
});
const tokenResponse = await (await fetch(token_endpoint, { method: "POST", body: form })).json();
const client = fhirclient({ headers: {} }, {}).client({ serverUrl: FHIR_BASE, tokenResponse });

const ids = (bundle) => (bundle.entry ?? []).map((entry) => entry.resource.id);
const told = { capabilities: (await client.request("metadata")).resourceType };
told.number = ids(await client.request("Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018"));
const pages = await client.request(`Encounter?patient=${PERSON}&_count=5`, { pageLimit: 0 });
told.encounters = pages.flatMap(ids);
told.everything = (await client.request(`Patient/${PERSON}/$everything`)).entry.length;
const [first] = told.encounters;
told.history = (await client.request(`Encounter/${first}/_history`)).type;
told.read = (await client.request(`Encounter/${first}`)).id;
const created = await client.create(JSON.parse(FLAG));
told.created = created.meta.versionId;
const ended = { ...created, ...JSON.parse(ENDED) };
const current = { headers: { "If-Match": 'W/"1"', "Content-Type": "application/fhir+json" } };
told.updated = (await client.update(ended, current)).meta.versionId;
await client.update(ended, current).catch((refused) => {
  told["too late"] = refused.status;
});
console.log(JSON.stringify(told));
