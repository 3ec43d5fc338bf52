"""The OpenAPI document is made of what is registered, and the page of the document."""

from integration.api.interactions import Interaction, SearchParam
from integration.api.openapi import openapi_document, page

READ = Interaction("Flag", "read", "One <Flag>.")
SEARCH = Interaction("Flag", "search-type", "Flags.", (SearchParam("patient", "reference", "whose"),))
CREATE = Interaction("Flag", "create", "Record one.")
SERVED = [
    ("GET", "/Flag/{id_}", READ),
    ("GET", "/Flag", SEARCH),
    ("POST", "/Flag/_search", SEARCH),
    ("POST", "/Flag", CREATE),
]


def test_every_path_is_there_with_its_parameters_and_bodies():
    document = openapi_document(SERVED, "http://test/fhir")
    assert set(document["paths"]) == {"/Flag/{id}", "/Flag", "/Flag/_search"}
    assert [one["name"] for one in document["paths"]["/Flag/{id}"]["get"]["parameters"]] == ["id"]
    assert [one["in"] for one in document["paths"]["/Flag"]["get"]["parameters"]] == ["query"]
    assert list(document["paths"]["/Flag"]["post"]["requestBody"]["content"]) == ["application/fhir+json"]
    by_form = document["paths"]["/Flag/_search"]["post"]
    assert by_form["parameters"] == []
    assert list(by_form["requestBody"]["content"]) == ["application/x-www-form-urlencoded"]


def test_only_what_hears_conditions_has_their_headers_and_says_not_modified():
    heard = Interaction("Location", "read", "One place.", conditional_read="full-support")
    served = [*SERVED, ("GET", "/Location/{id_}", heard)]
    paths = openapi_document(served, "http://test/fhir")["paths"]
    place, flag = paths["/Location/{id}"]["get"], paths["/Flag/{id}"]["get"]
    headers = [one["name"] for one in place["parameters"] if one["in"] == "header"]
    assert headers == ["If-None-Match", "If-Modified-Since"]
    assert ["304" in one["responses"] for one in (place, flag)] == [True, False]


def test_the_page_shows_each_of_them_and_loads_nothing_from_elsewhere():
    shown = page(openapi_document(SERVED, "http://test/fhir"))
    assert shown.count("<tr>") == 1 + len(SERVED)
    assert "One &lt;Flag&gt;." in shown
    assert "src=" not in shown
    assert "<script" not in shown
