"""Pipelines over the API, and records in their stages."""

from __future__ import annotations

import pytest

from crm.tests.api_world import Api, new_api

pytestmark = pytest.mark.django_db

DEALS = "/crm/v3/pipelines/deals"


@pytest.fixture
def api(db: None) -> Api:
    return new_api()


def test_pipelines_and_stages_are_read(api: Api) -> None:
    (pipeline,) = api.get(f"{DEALS}/").body["results"]
    assert (pipeline["id"], pipeline["archived"]) == ("default", False)
    ids = [stage["id"] for stage in pipeline["stages"]]
    assert ids == [
        "appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "decisionmakerboughtin",
        "contractsent", "closedwon", "closedlost",
    ]  # fmt: skip
    won = pipeline["stages"][5]
    assert won["metadata"]["isClosed"] == "true"
    assert float(won["metadata"]["probability"]) == 1
    assert api.get(f"{DEALS}/default").body == pipeline
    assert api.get(f"{DEALS}/default/stages").body == {"results": pipeline["stages"]}
    assert api.get(f"{DEALS}/default/stages/closedwon").body == won
    assert api.get("/crm/pipelines/2026-03/0-3/default").body == pipeline


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{DEALS}/nope", 404), (f"{DEALS}/default/stages/nope", 404),
        (f"{DEALS}/nope/stages", 404), ("/crm/v3/pipelines/contacts", 400),
        ("/crm/v3/pipelines/nope", 400),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told(api: Api, path: str, status: int) -> None:
    assert api.get(path).status == status


def test_another_scope_does_not_show_pipelines() -> None:
    assert new_api("crm.objects.contacts.read").get(DEALS).status == 403


def test_a_stage_that_is_none_is_refused_as_a_value(api: Api) -> None:
    made = api.made("/crm/v3/objects/deals", {"properties": {"dealstage": "closedwon"}})
    assert made["properties"]["pipeline"] == "default"
    deal = f"/crm/v3/objects/deals/{made['id']}"
    for values in ({"dealstage": "nope"}, {"pipeline": "nope"}):
        refused = api("PATCH", deal, {"properties": values})
        assert (refused.status, refused.body["category"]) == (400, "VALIDATION_ERROR")
    assert api.get(deal).body["properties"]["dealstage"] == "closedwon"


TICKETS = "/crm/v3/pipelines/tickets"
OPEN = {"label": "Open", "metadata": {"ticketState": "OPEN"}}


def test_ids_may_be_chosen_and_then_are_taken(api: Api) -> None:
    made = api.made(
        TICKETS, {"label": "Help", "pipelineId": "help", "stages": [OPEN | {"stageId": "open"}]}
    )
    assert (made["id"], made["stages"][0]["id"]) == ("help", "open")
    again = api.post(TICKETS, {"label": "Help", "pipelineId": "help", "stages": [OPEN]})
    assert (again.status, again.body["message"]) == (400, "This id is taken already.")
    other = api.post(f"{TICKETS}/0/stages", OPEN | {"stageId": "open"})
    assert (other.status, other.body["message"]) == (400, "This id is taken already.")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"label": "x"}, {"label": "x", "stages": []}, {"label": "", "stages": [OPEN]},
        {"label": "x" * 201, "stages": [OPEN]}, {"label": "x", "stages": [{"label": "y"}]},
        {"label": "x", "stages": [OPEN | {"metadata": {"ticketState": "half"}}]},
        {"label": "x", "stages": [OPEN | {"metadata": {"ticketState": ["OPEN"]}}]},
        {"label": "x", "stages": [OPEN | {"displayOrder": "first"}]},
        {"label": "x", "stages": [OPEN], "pipelineId": "a;b"},
        {"label": "x", "stages": [OPEN], "pipelineId": "x" * 101},
        {"label": "x", "stages": [OPEN | {"stageId": "1"}, OPEN | {"stageId": "1"}]},
        {"label": "x", "stages": "none"},
    ],
)  # fmt: skip
def test_a_pipeline_that_cannot_be_is_refused_whole(api: Api, body: dict[str, object]) -> None:
    before = api.get(TICKETS).body
    refused = api.post(TICKETS, body)
    assert (refused.status, refused.body["category"]) == (400, "VALIDATION_ERROR")
    if "pipelineId" not in body:
        assert api("PUT", f"{TICKETS}/0", body).status == 400
    assert api.get(TICKETS).body == before


def test_archived_only_brings_back(api: Api) -> None:
    assert api("PATCH", f"{TICKETS}/0", {"archived": True}).status == 400
    assert api("PATCH", f"{TICKETS}/0", {"archived": False}).status == 400
    assert api("PATCH", f"{TICKETS}/0/stages/1", {"archived": True}).status == 400
    made = api.made(TICKETS, {"label": "Help", "stages": [OPEN]})
    api("DELETE", f"{TICKETS}/{made['id']}")
    assert api("PATCH", f"{TICKETS}/{made['id']}", {"archived": True}).status == 400
    assert api("PATCH", f"{TICKETS}/{made['id']}", {"label": "x"}).status == 404
    back = api("PATCH", f"{TICKETS}/{made['id']}", {"archived": False, "label": "Back"})
    assert (back.status, back.body["label"]) == (200, "Back")


def test_the_last_pipeline_and_the_last_stage_stay(api: Api) -> None:
    assert api("DELETE", f"{TICKETS}/0").status == 400
    made = api.made(TICKETS, {"label": "Help", "stages": [OPEN]})
    stage = f"{TICKETS}/{made['id']}/stages/{made['stages'][0]['id']}"
    assert api("DELETE", stage).status == 400
    assert api.get(stage).status == 200


def test_reading_pipelines_is_not_changing_them() -> None:
    reader = new_api("crm.objects.deals.read", "crm.objects.deals.write")
    assert reader.get(DEALS).status == 200
    assert reader.post(DEALS, {"label": "x", "stages": []}).status == 403
    assert reader("DELETE", f"{DEALS}/default").status == 403
