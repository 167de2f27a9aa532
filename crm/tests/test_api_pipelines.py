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
