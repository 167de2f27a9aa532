"""Pipelines through HubSpot's own Python library; a wrong success code would give None."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from hubspot import HubSpot
from hubspot.crm import objects, pipelines
from hubspot.crm.pipelines.exceptions import ApiException
from pytest_django.live_server_helper import LiveServer

from crm.api import scopes, tokens

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    # The library keeps its sockets, hence the server its threads: they must not keep the database.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    user = User.objects.create(username="ines", is_staff=True, is_superuser=True)
    _, secret = tokens.issue("contract tests", user, scopes.known())
    return HubSpot(access_token=secret, host=live_server.url, base_url=live_server.url)


def stage(label: str, probability: str = "0.5", place: int = 0) -> Any:
    return pipelines.PipelineStageInput(
        label=label, display_order=place, metadata={"probability": probability}
    )


def new(client: Any, label: str = "Renewals") -> Any:
    given = pipelines.PipelineInput(
        label=label, display_order=1, stages=[stage("First"), stage("Won", "1.0", 1)]
    )
    return client.crm.pipelines.pipelines_api.create("deals", given)


def deal_in(client: Any, stage_id: str) -> Any:
    given = objects.SimplePublicObjectInputForCreate(properties={"dealstage": stage_id})
    return client.crm.deals.basic_api.create(given)


def test_a_pipeline_is_made_read_changed_and_deleted(client: Any) -> None:
    api = client.crm.pipelines.pipelines_api
    made = new(client)
    assert [one.label for one in made.stages] == ["First", "Won"]
    assert made.stages[1].metadata == {"probability": "1.0", "isClosed": "true"}
    assert api.get_by_id("deals", made.id).label == "Renewals"
    changed = api.update(
        "deals", made.id, pipelines.PipelinePatchInput(label="Again", display_order=0)
    )
    assert (changed.label, changed.display_order, len(changed.stages)) == ("Again", 0, 2)
    assert api.archive("deals", made.id) is None
    assert [one.id for one in api.get_all("deals").results] == ["default"]
    back = api.update("deals", made.id, pipelines.PipelinePatchInput(archived=False))
    assert (back.id, back.label, len(back.stages)) == (made.id, "Again", 2)


def test_a_pipeline_is_replaced_and_stages_of_the_same_name_stay(client: Any) -> None:
    made = new(client)
    deal = deal_in(client, made.stages[1].id)
    given = pipelines.PipelineInput(
        label="Other", display_order=3, stages=[stage("Won", "0.9"), stage("New", "0.1", 1)]
    )
    replaced = client.crm.pipelines.pipelines_api.replace("deals", made.id, given)
    assert [one.label for one in replaced.stages] == ["Won", "New"]
    assert replaced.stages[0].id == made.stages[1].id
    read = client.crm.deals.basic_api.get_by_id(deal.id, properties=["dealstage"])
    assert read.properties["dealstage"] == replaced.stages[0].id


def test_stages_are_added_read_changed_replaced_and_deleted(client: Any) -> None:
    api = client.crm.pipelines.pipeline_stages_api
    pipeline = new(client)
    made = api.create("deals", pipeline.id, stage("Offer", "0.4", 5))
    assert (made.display_order, made.archived) == (5, False)
    assert api.get_by_id("deals", pipeline.id, made.id).label == "Offer"
    changed = api.update(
        "deals", pipeline.id, made.id, pipelines.PipelineStagePatchInput(label="Offer sent")
    )
    assert (changed.label, changed.metadata["probability"]) == ("Offer sent", "0.4")
    replaced = api.replace("deals", pipeline.id, made.id, stage("Signed", "1.0", 2))
    assert (replaced.id, replaced.metadata["isClosed"]) == (made.id, "true")
    assert len(api.get_all("deals", pipeline.id).results) == 3
    assert api.archive("deals", pipeline.id, made.id) is None
    assert len(api.get_all("deals", pipeline.id).results) == 2
    back = api.update(
        "deals", pipeline.id, made.id, pipelines.PipelineStagePatchInput(archived=False)
    )
    assert back.label == "Signed"


@pytest.mark.parametrize(
    "check", ["validate_references_before_delete", "validate_deal_stage_usages_before_delete"]
)
def test_what_records_stand_in_is_deleted_only_without_a_look_at_them(
    client: Any, check: str
) -> None:
    pipeline = new(client)
    first = pipeline.stages[0]
    deal = deal_in(client, first.id)
    api, stages = client.crm.pipelines.pipelines_api, client.crm.pipelines.pipeline_stages_api
    looking = {check: True}
    with pytest.raises(ApiException) as refused:
        api.archive("deals", pipeline.id, **looking)
    assert (refused.value.status, "holds 1 deal" in refused.value.body) == (400, True)
    # For stages the library has no such choice.
    with pytest.raises(ApiException) as refused:
        stages.archive("deals", pipeline.id, first.id)
    assert (refused.value.status, "STAGE_ID_IN_USE" in refused.value.body) == (400, True)
    given = pipelines.PipelineInput(label="x", display_order=0, stages=[stage("Only")])
    with pytest.raises(ApiException):
        api.replace("deals", pipeline.id, given, **looking)
    api.archive("deals", pipeline.id)
    read = client.crm.deals.basic_api.get_by_id(deal.id, properties=["dealstage"])
    assert read.properties["dealstage"] == first.id
