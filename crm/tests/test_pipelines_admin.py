from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm import changes, pipelines
from crm.models import Pipeline, PipelineStage
from crm.tests.writing import SYSTEM

pytestmark = pytest.mark.django_db


def page(pipeline: Pipeline) -> str:
    return reverse("admin:crm_pipeline_change", args=[pipeline.pk])


def support() -> Pipeline:
    return Pipeline.objects.get(pipeline_id="0")


def stages_of(pipeline: Pipeline) -> list[tuple[str, str]]:
    found = pipeline.stages.filter(archived_at=None)
    return [(one.label, one.metadata["ticketState"]) for one in found]


def filled_in(pipeline: Pipeline, *rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The page as a browser sends it: the stages that are there, then `rows`."""
    there = list(pipeline.stages.filter(archived_at=None))
    data: dict[str, Any] = {
        "label": pipeline.label,
        "display_order": 0,
        "stages-TOTAL_FORMS": len(there) + len(rows),
        "stages-INITIAL_FORMS": len(there),
    }
    for place, stage in enumerate(there):
        data |= {
            f"stages-{place}-id": stage.pk,
            f"stages-{place}-label": stage.label,
            f"stages-{place}-state": stage.metadata["ticketState"],
            f"stages-{place}-display_order": place,
        }
    for place, row in enumerate(rows, start=len(there)):
        data |= {f"stages-{place}-{name}": value for name, value in row.items()}
    return data | more


def test_the_list_shows_pipelines_with_their_stages(admin_client: Client) -> None:
    text = admin_client.get(reverse("admin:crm_pipeline_changelist")).content.decode()
    assert "Support pipeline" in text
    assert "New, Waiting on contact, Waiting on us, Closed" in text


def test_a_new_pipeline_begins_with_the_usual_stages(admin_client: Client) -> None:
    given = {"object_type": "0-5", "label": "Returns"}
    answer = admin_client.post(reverse("admin:crm_pipeline_add"), given)
    made = Pipeline.objects.get(label="Returns")
    assert answer.headers["Location"] == page(made)
    assert stages_of(made) == stages_of(support())
    assert not {"1", "2"} & set(made.stages.values_list("stage_id", flat=True))


def test_only_types_with_pipelines_are_offered(admin_client: Client) -> None:
    given = {"object_type": "0-1", "label": "People"}
    answer = admin_client.post(reverse("admin:crm_pipeline_add"), given)
    assert "Select a valid choice" in answer.content.decode()
    assert Pipeline.objects.count() == 3


def test_stages_are_renamed_moved_added_and_taken_away(admin_client: Client) -> None:
    pipeline = support()
    data = filled_in(
        pipeline,
        {"label": "Escalated", "state": "OPEN"},
        **{"stages-0-label": "Fresh", "stages-1-display_order": 9, "stages-2-DELETE": "on"},
    )
    answer = admin_client.post(page(pipeline), data)
    assert answer.status_code == 302, answer.context["errors"]
    assert stages_of(pipeline) == [
        ("Fresh", "OPEN"),
        ("Closed", "CLOSED"),
        ("Waiting on contact", "OPEN"),
        ("Escalated", "OPEN"),
    ]
    assert PipelineStage.objects.get(stage_id="1").label == "Fresh"


def test_a_stage_in_use_is_refused_on_the_page(admin_client: Client) -> None:
    pipeline = support()
    changes.create("0-5", [{"hs_pipeline_stage": "3"}], SYSTEM)
    data = filled_in(pipeline, **{"stages-0-label": "Fresh", "stages-2-DELETE": "on"})
    answer = admin_client.post(page(pipeline), data)
    assert "&#x27;Waiting on us&#x27; holds 1 ticket." in answer.content.decode()
    assert stages_of(pipeline)[0] == ("New", "OPEN")


def test_taking_all_stages_away_is_refused(admin_client: Client) -> None:
    pipeline = support()
    data = filled_in(pipeline, **{f"stages-{place}-DELETE": "on" for place in range(4)})
    answer = admin_client.post(page(pipeline), data)
    assert "A pipeline needs a stage." in answer.content.decode()
    assert len(stages_of(pipeline)) == 4


def test_a_probability_beside_the_usual_ones_is_kept(admin_client: Client) -> None:
    given = pipelines.StageGiven(label="Odd", metadata={"probability": "0.25"})
    pipeline = pipelines.create("0-3", "Odd ones", [given])
    text = admin_client.get(page(pipeline)).content.decode()
    assert '<option value="0.25" selected>' in text


def test_archiving_asks_first_and_keeps_the_last(admin_client: Client) -> None:
    pipeline = support()
    address = reverse("admin:crm_pipeline_delete", args=[pipeline.pk])
    assert "Archive Support pipeline?" in admin_client.get(address).content.decode()
    answer = admin_client.post(address, follow=True)
    assert "The last pipeline has to stay." in answer.content.decode()
    pipelines.create("0-5", "Other", pipelines.usual_stages("0-5"))
    admin_client.post(address)
    pipeline.refresh_from_db()
    assert pipeline.archived_at is not None


def test_lists_show_stages_as_coloured_chips(admin_client: Client) -> None:
    changes.create("0-5", [{"subject": "Broken", "hs_pipeline_stage": "2"}], SYSTEM)
    text = admin_client.get(reverse("admin:crm_ticket_changelist")).content.decode()
    assert re.search(r'<span class="co-chip co-\w+">Waiting on contact</span>', text)
