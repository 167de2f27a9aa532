from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from psycopg.types.json import Jsonb

from conftest import SameQueriesFor
from crm import catalogue, changes, pipelines, properties
from crm.models import Pipeline, PipelineStage, Record
from crm.pipelines import InUse, InvalidPipeline, StageGiven
from crm.properties import InvalidProperties
from crm.sql import sql
from crm.tests.importing import imported, numbers, rejects
from crm.tests.writing import SYSTEM, Row, history

pytestmark = pytest.mark.django_db


def deal(**values: Any) -> int:
    return changes.create("0-3", [values], SYSTEM)[0]


def values(record: int) -> Row:
    return Record.objects.get(pk=record).properties


def renewals() -> Pipeline:
    """A second pipeline of deals, with the stages renewal and renewed."""
    return pipelines.create(
        "0-3",
        "Renewals",
        [
            StageGiven(stage_id="renewal", label="Renewal due", metadata={"probability": "0.5"}),
            StageGiven(stage_id="renewed", label="Renewed", metadata={"probability": 1}),
        ],
        pipeline_id="renewals",
    )


def stage(key: str) -> PipelineStage:
    return PipelineStage.objects.select_related("pipeline").get(stage_id=key)


def test_every_account_begins_with_hubspots_pipelines() -> None:
    found = {
        (row.object_type, row.pipeline_id): [one.stage_id for one in row.stages.all()]
        for row in Pipeline.objects.all()
    }
    assert found == {
        ("0-3", "default"): [
            "appointmentscheduled", "qualifiedtobuy", "presentationscheduled",
            "decisionmakerboughtin", "contractsent", "closedwon", "closedlost",
        ],
        ("0-5", "0"): ["1", "2", "3", "4"],
        ("0-136", "lead-pipeline-id"): [
            "new-stage-id", "attempting-stage-id", "connected-stage-id",
            "qualified-stage-id", "unqualified-stage-id",
        ],
    }  # fmt: skip
    assert stage("closedwon").metadata == {"probability": "1.0", "isClosed": "true"}
    assert stage("closedlost").metadata == {"probability": "0.0", "isClosed": "true"}
    assert stage("contractsent").metadata == {"probability": "0.9", "isClosed": "false"}
    assert stage("4").metadata == {"ticketState": "CLOSED", "isClosed": "true"}


def test_what_staff_changed_is_not_made_anew() -> None:
    renewals()
    pipelines.archive(Pipeline.objects.get(pipeline_id="default"))
    pipelines.change(Pipeline.objects.get(pipeline_id="0"), label="Help desk")
    catalogue.synchronise()
    assert Pipeline.objects.get(pipeline_id="default").archived_at is not None
    assert Pipeline.objects.get(pipeline_id="0").label == "Help desk"
    assert Pipeline.objects.count() == 4


def test_options_come_from_the_pipelines_in_order() -> None:
    before = properties.load("0-5")
    assert [(one.value, one.label) for one in before["hs_pipeline"].options] == [
        ("0", "Support pipeline")
    ]
    assert [(one.value, one.label, one.parent) for one in before["hs_pipeline_stage"].options] == [
        ("1", "New", "0"),
        ("2", "Waiting on contact", "0"),
        ("3", "Waiting on us", "0"),
        ("4", "Closed", "0"),
    ]
    renewals()
    options = properties.load("0-3")["dealstage"].options
    assert options[0].label == "Appointment scheduled (Sales pipeline)"
    assert [(one.value, one.label, one.parent) for one in options[-2:]] == [
        ("renewal", "Renewal due (Renewals)", "renewals"),
        ("renewed", "Renewed (Renewals)", "renewals"),
    ]


def test_loading_costs_one_query_for_all_pipelines(
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    renewals()
    # The properties, the owners, the stages with their pipelines.
    with django_assert_num_queries(3):
        properties.load("0-3")


def test_a_stage_brings_its_pipeline() -> None:
    renewals()
    record = deal(dealname="Acme", dealstage="renewal")
    assert values(record)["pipeline"] == "renewals"
    assert ("pipeline", "renewals") in history(record)


def test_a_new_record_without_a_stage_gets_no_pipeline() -> None:
    assert values(deal(dealname="Acme")) == {"dealname": "Acme"}


def test_a_stage_and_a_pipeline_that_do_not_belong_together_are_refused() -> None:
    renewals()
    with pytest.raises(InvalidProperties) as raised:
        deal(dealname="Acme", pipeline="default", dealstage="renewal")
    assert raised.value.errors == {"dealstage": "is not a stage of the pipeline 'Sales pipeline'"}
    with pytest.raises(InvalidProperties, match="'nowhere' is not an option"):
        deal(dealstage="nowhere")
    assert not Record.objects.exists()


def test_a_stage_of_another_pipeline_needs_that_pipeline_given_too() -> None:
    renewals()
    record = deal(dealstage="closedwon")
    with pytest.raises(InvalidProperties) as raised:
        changes.update("0-3", {record: {"dealstage": "renewal"}}, SYSTEM)
    assert raised.value.errors == {
        "dealstage": "is not a stage of the pipeline 'Sales pipeline' (renewal)"
    }
    with pytest.raises(InvalidProperties) as raised:
        changes.update("0-3", {record: {"pipeline": "renewals"}}, SYSTEM)
    assert raised.value.errors == {
        "dealstage": "is not a stage of the pipeline 'Renewals' (closedwon)"
    }
    assert values(record) == {"dealstage": "closedwon", "pipeline": "default"}
    both = {"pipeline": "renewals", "dealstage": "renewed"}
    assert changes.update("0-3", {record: both}, SYSTEM) == 1
    assert values(record) == both


def test_a_set_of_records_written_in_sql_is_checked_too() -> None:
    renewals()
    records = [deal(dealstage="closedwon"), deal(dealstage="renewed")]
    select = sql(
        "SELECT unnest({ids}::bigint[]) AS record_id, {delta}::jsonb AS delta, '' AS source_id",
        ids=records,
        delta=Jsonb({"dealstage": "closedlost"}),
    )
    with pytest.raises(InvalidProperties, match="is not a stage of the pipeline 'Renewals'"):
        changes.update_from("0-3", select, ["dealstage"], SYSTEM)
    assert [values(one)["dealstage"] for one in records] == ["closedwon", "renewed"]


def test_other_properties_of_a_record_in_an_archived_stage_can_be_written() -> None:
    record = deal(dealstage="closedlost")
    PipelineStage.objects.filter(stage_id="closedlost").update(archived_at="2026-01-01T00:00Z")
    assert changes.update("0-3", {record: {"dealname": "Acme"}}, SYSTEM) == 1
    with pytest.raises(InvalidProperties, match="'closedlost' is not an option"):
        changes.update("0-3", {record: {"dealstage": "closedlost"}}, SYSTEM)


def test_checking_costs_the_same_queries_for_any_number(same_queries_for: SameQueriesFor) -> None:
    def make(size: int) -> list[int]:
        return changes.create("0-3", [{"dealstage": "closedwon"}] * size, SYSTEM)

    def run(records: list[int]) -> None:
        changes.update("0-3", {one: {"dealstage": "closedlost"} for one in records}, SYSTEM)

    same_queries_for(make, run, sizes=(10, 500))


def test_an_import_refuses_the_row_and_goes_on() -> None:
    renewals()
    record = deal(dealname="Acme", dealstage="closedwon")
    other = deal(dealname="B")
    text = f"Record ID,Deal name,Deal stage\n{record},Acme,renewal\n{other},B,renewed\n"
    mapping = {"Record ID": "hs_object_id", "Deal name": "dealname", "Deal stage": "dealstage"}
    job = imported(text, "deals", mapping=mapping)
    assert numbers(job) == (2, 0, 1, 1)
    assert rejects(job) == [(2, "the stage is not one of the record's pipeline")]
    assert values(record)["dealstage"] == "closedwon"
    assert values(other)["dealstage"] == "renewed"


# Editing


def test_a_stage_in_use_stays() -> None:
    record = deal(dealstage="closedwon")
    with pytest.raises(InUse) as raised:
        pipelines.archive_stage(stage("closedwon"))
    assert raised.value.messages == ["'Closed won' holds 1 deal. Move what is in it first."]
    changes.update("0-3", {record: {"dealstage": "closedlost"}}, SYSTEM)
    pipelines.archive_stage(stage("closedwon"))
    assert "closedwon" not in [one.value for one in properties.load("0-3")["dealstage"].options]


def test_records_in_the_bin_do_not_hold_a_stage() -> None:
    record = deal(dealstage="closedwon")
    changes.archive("0-3", sql("SELECT {id}::bigint AS record_id", id=record), SYSTEM)
    pipelines.archive_stage(stage("closedwon"))
    assert stage("closedwon").archived_at is not None


def test_a_pipeline_in_use_and_the_last_one_stay() -> None:
    only = Pipeline.objects.get(pipeline_id="default")
    with pytest.raises(InvalidPipeline, match="The last pipeline has to stay"):
        pipelines.archive(only)
    made = renewals()
    deal(dealstage="renewal")
    with pytest.raises(InUse, match="'Renewals' holds 1 deal"):
        pipelines.archive(made)
    pipelines.archive(only)
    assert [one.value for one in properties.load("0-3")["pipeline"].options] == ["renewals"]
    pipelines.restore(only)
    assert len(properties.load("0-3")["pipeline"].options) == 2


def test_setting_stages_changes_adds_and_archives() -> None:
    made = renewals()
    pipelines.set_stages(
        made,
        [
            StageGiven(label="Called", metadata={"probability": "0.7"}),
            StageGiven(stage_id="renewal", label="Due", metadata={"probability": ".25"}),
        ],
    )
    found = made.stages.filter(archived_at=None)
    assert [(one.label, one.metadata["probability"]) for one in found] == [
        ("Called", "0.7"),
        ("Due", "0.25"),
    ]
    assert stage("renewed").archived_at is not None
    with pytest.raises(InvalidPipeline, match="needs 1 to 100 stages"):
        pipelines.set_stages(made, [])


@pytest.mark.parametrize(
    ("object_type", "metadata"),
    [
        ("0-3", {}),
        ("0-3", {"probability": "1.1"}),
        ("0-3", {"probability": "NaN"}),
        ("0-3", {"probability": "-0.1"}),
        ("0-5", {"ticketState": "MAYBE"}),
        ("0-5", {"probability": "0.5"}),
    ],
)
def test_metadata_has_to_say_what_the_stage_means(object_type: str, metadata: Row) -> None:
    with pytest.raises(InvalidPipeline, match="has to be one of"):
        pipelines.create(object_type, "New", [StageGiven(label="One", metadata=metadata)])
    assert not Pipeline.objects.filter(label="New").exists()


def test_what_the_stage_says_of_being_closed_follows_from_its_state() -> None:
    given = {"ticketState": "closed", "isClosed": "false"}
    made = pipelines.create("0-5", "Returns", [StageGiven(label="Done", metadata=given)])
    assert made.stages.get().metadata == {"ticketState": "CLOSED", "isClosed": "true"}


def test_ids_names_and_types_that_cannot_be() -> None:
    one = StageGiven(label="One", metadata={"probability": "0.5"})
    with pytest.raises(InvalidPipeline, match="Contacts have no pipelines"):
        pipelines.create("0-1", "New", [one])
    with pytest.raises(InvalidPipeline, match="A name has 1 to 200 characters"):
        pipelines.create("0-3", "  ", [one])
    taken = StageGiven(stage_id="closedwon", label="Won", metadata={"probability": "1"})
    with pytest.raises(InvalidPipeline, match="This id is taken already"):
        pipelines.create("0-3", "New", [taken])
    with pytest.raises(InvalidPipeline, match="This id is taken already"):
        pipelines.create("0-3", "New", [one], pipeline_id="default")


@pytest.mark.django_db(transaction=True)
def test_a_record_is_never_put_into_a_stage_that_somebody_archives() -> None:
    """One of the two comes first: the deal is refused, or the stage stays."""

    def write(turn: int) -> bool:
        try:
            deal(dealname=f"Deal {turn}", dealstage="closedwon")
        except InvalidProperties:
            return False
        finally:
            connection.close()
        return True

    def archive(turn: int) -> bool:
        try:
            with transaction.atomic():
                pipelines.archive_stage(stage("closedwon"))
        except InUse:
            return False
        finally:
            connection.close()
        return True

    for turn in range(10):
        PipelineStage.objects.update(archived_at=None)
        Record.objects.all().delete()
        with ThreadPoolExecutor(4) as pool:
            written = [pool.submit(write, n) for n in range(3)]
            archived = pool.submit(archive, turn).result()
            count = sum(one.result() for one in written)
        assert (count > 0) != archived, turn
        assert Record.objects.count() == count
