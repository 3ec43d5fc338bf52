// fhir-kit-client against FHIR_BASE: what it got, as JSON. Run by `test_clients.py`, with its folder as the working one.
import * as kit from "fhir-kit-client";

const { FHIR_BASE, PERSON, ASSERTION, FLAG, ENDED } = process.env;
const Client = kit.default?.default ?? kit.default ?? kit.Client;
const client = new Client({ baseUrl: FHIR_BASE });
const { tokenUrl } = await client.smartAuthMetadata();
const form = new URLSearchParams({
  grant_type: "client_credentials",
  scope: "system/*.rs system/Flag.cud",
  client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  client_assertion: ASSERTION,
});
client.bearerToken = (await (await fetch(tokenUrl, { method: "POST", body: form })).json()).access_token;

const told = { capabilities: (await client.capabilityStatement()).resourceType };
const ids = (bundle) => (bundle.entry ?? []).map((entry) => entry.resource.id);
const searchParams = { identifier: "https://fhir.nhs.uk/Id/nhs-number|9990000018" };
told.number = ids(await client.search({ resourceType: "Patient", searchParams }));
told.encounters = [];
let page = await client.search({ resourceType: "Encounter", searchParams: { patient: PERSON, _count: 5 } });
while (page) {
  told.encounters.push(...ids(page));
  page = await client.nextPage({ bundle: page });
}
const everything = { name: "everything", resourceType: "Patient", id: PERSON, method: "GET" };
told.everything = (await client.operation(everything)).entry.length;
const [first] = told.encounters;
told.history = (await client.history({ resourceType: "Encounter", id: first })).type;
told.read = (await client.read({ resourceType: "Encounter", id: first })).id;
const created = await client.create({ resourceType: "Flag", body: JSON.parse(FLAG) });
told.created = created.meta.versionId;
const ended = { ...created, ...JSON.parse(ENDED) };
const update = { resourceType: "Flag", id: created.id, body: ended, options: { headers: { "If-Match": 'W/"1"' } } };
told.updated = (await client.update(update)).meta.versionId;
await client.update(update).catch((refused) => {
  told["too late"] = refused.response.status;
});
console.log(JSON.stringify(told));
