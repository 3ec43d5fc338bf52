"""What an IG officer can prove with the API alone, and that nobody else is told anything of the log."""

import base64
from hashlib import sha256
from uuid import UUID

import httpx
import pytest

from integration.audit.keys import LogKeys
from integration.audit.verify.notes import Key, Note
from tests.spec.neighbourhood import SEVEN, Connected, Neighbourhood
from tests.unit.audit.test_notes import cosignature

NOBODYS = UUID(int=7)
PATHS = ("checkpoint", f"events/{NOBODYS}", "consistency?first=1")


@pytest.fixture(scope="module")
async def officer(coventry: Neighbourhood) -> Connected:
    return await coventry.asker("IG officer")


async def asked(coventry: Neighbourhood, caller: Connected, path: str, method: str = "GET", **more) -> httpx.Response:
    url = coventry.settings.fhir_base.removesuffix("/fhir") + f"/audit/{path}"
    return await caller.ask(method, url, **more)


def root_by(path: list[bytes], leaf: bytes, index: int, size: int) -> bytes:
    """RFC 9162, 2.1.3.2."""
    fn, sn, found = index, size - 1, leaf
    for step in path:
        if fn & 1 or fn == sn:
            found = sha256(b"\x01" + step + found).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = sha256(b"\x01" + found + step).digest()
        fn, sn = fn >> 1, sn >> 1
    return found


async def test_an_access_is_proven_to_be_in_the_log_up_to_a_signed_root(coventry: Neighbourhood, officer: Connected):
    answer = await (await coventry.asker("GP")).everything(await coventry.person())
    (event,) = await coventry.event(answer)
    await coventry.sealed()

    proof = (await asked(coventry, officer, f"events/{event['id']}")).json()

    assert proof["audit_event"] == event
    head, _, note = proof["proof"].partition("\n\n")
    path = [base64.b64decode(line) for line in head.splitlines()[2:]]
    leaf = sha256(b"\0" + base64.b64decode(proof["salt"]) + base64.b64decode(proof["content"])).digest()
    signed = Note.parse(note)
    assert signed.signed_by([Key.parse(LogKeys(coventry.settings).signer().vkey)])
    assert root_by(path, leaf, proof["index"], signed.size) == signed.root


async def test_the_newest_checkpoint_and_the_growth_to_it(coventry: Neighbourhood, officer: Connected):
    await coventry.sealed()
    answer = await asked(coventry, officer, "checkpoint")
    assert answer.headers["Content-Type"].startswith("text/plain")
    size = Note.parse(answer.text).size
    growth = (await asked(coventry, officer, f"consistency?first=1&second={size}")).json()
    assert (growth["first"], growth["second"]) == (1, size)
    assert (await asked(coventry, officer, f"consistency?first={size}&second={size}")).json()["proof"] == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("events/1", 404),
        (f"events/{NOBODYS}", 404),
        ("consistency", 400),
        ("consistency?first=0", 400),
        ("consistency?first=x", 400),
        ("consistency?first=5&second=2", 400),
        (f"consistency?first={10**17}", 400),
        ("nothing", 404),
    ],
)
async def test_what_cannot_be_proven_is_refused_and_audited(coventry, officer: Connected, path: str, status: int):
    await coventry.sealed()
    answer = await asked(coventry, officer, path)
    assert answer.status_code == status
    (event,) = await coventry.event(answer)
    assert event["outcome"] == "4"


async def test_asking_for_a_proof_is_audited(coventry: Neighbourhood, officer: Connected):
    (event,) = await coventry.event(await asked(coventry, officer, "checkpoint"))
    assert event["meta"]["tag"][0]["code"] == "audit"


async def test_a_cosignature_of_nobody_we_know_is_refused(coventry: Neighbourhood, officer: Connected):
    note = (await asked(coventry, officer, "checkpoint")).text
    signed = f"{note}{cosignature(Note.parse(note).text)}\n"
    for content in (signed.encode(), b"", b"\xff"):
        answer = await asked(coventry, officer, "cosignatures", "POST", content=content)
        assert answer.status_code == 400


@pytest.mark.parametrize("asker", [one for one in SEVEN if one.name != "IG officer"], ids=lambda one: one.name)
async def test_nobody_else_is_told_anything(coventry: Neighbourhood, asker):
    caller = await coventry.asker(asker.name)
    for path in PATHS:
        answer = await asked(coventry, caller, path)
        (event,) = await coventry.event(answer)
        assert (answer.status_code, event["outcome"]) == (403, "8")


async def test_without_a_token_nothing_is_told(coventry: Neighbourhood):
    nobody = Connected(coventry.http, "none", coventry.settings.fhir_base)
    assert {(await asked(coventry, nobody, path)).status_code for path in PATHS} == {401}
