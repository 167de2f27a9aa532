"""A pipeline of deals and its stages."""

from __future__ import annotations

from tests.recording import Call, Json

PIPELINES = "/crm/v3/pipelines/{object_type}"
OF_DEALS: Json = {"object_type": "deals"}


def tell(call: Call) -> None:
    stages = [
        {"label": label, "displayOrder": order, "metadata": {"probability": probability}}
        for order, (label, probability) in enumerate([("Asked", "0.2"), ("Won", "1.0")])
    ]
    new = {"label": "Renewals", "displayOrder": 1, "stages": stages}
    made = call("POST", PIPELINES, new, **OF_DEALS)
    one = OF_DEALS | {"key": made["id"]}
    call("PATCH", f"{PIPELINES}/{{key}}", {"label": "Contracts"}, **one)
    call("GET", f"{PIPELINES}/{{key}}", **one)
    call("GET", PIPELINES, **OF_DEALS)
    call("PUT", f"{PIPELINES}/{{key}}", new, **one)
    lost = {"label": "Lost", "displayOrder": 2, "metadata": {"probability": "0.0"}}
    stage_id = call("POST", f"{PIPELINES}/{{key}}/stages", lost, **one)["id"]
    stage = one | {"stage_id": stage_id}
    call("GET", f"{PIPELINES}/{{key}}/stages", **one)
    call("GET", f"{PIPELINES}/{{key}}/stages/{{stage_id}}", **stage)
    call("PATCH", f"{PIPELINES}/{{key}}/stages/{{stage_id}}", {"label": "Gone"}, **stage)
    call("PUT", f"{PIPELINES}/{{key}}/stages/{{stage_id}}", lost, **stage)
    call("DELETE", f"{PIPELINES}/{{key}}/stages/{{stage_id}}", **stage)
    call("DELETE", f"{PIPELINES}/{{key}}", **one)
