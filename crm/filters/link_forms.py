"""The form of a block of filters on associated records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crm.filters.inputs import Ask, Choice, Form, Input, Offer, Values, number_of, text_of
from crm.filters.scopes import Scope
from crm.objects import base as objects
from crm.registry import UnknownKind


def offers(scope: Scope) -> Iterable[Offer]:
    """A block for each object type that records can be associated with."""
    if not scope.object_type or scope.is_inside:
        return
    for type_id in dict.fromkeys(
        link.to_object_type for link in scope.library.association_types(scope.object_type)
    ):
        kind = objects.get(type_id)
        yield Offer(
            label=f"Associated {kind.name.replace('_', ' ')}",
            heading="Associated records",
            values={"objectTypeId": type_id},
            name=f"association {kind.plural}",
            description=f"Filters that one of the associated {kind.plural_label.lower()} meets.",
        )


def form(values: Values, scope: Scope) -> Form | None:
    try:
        kind = objects.get(text_of(values, "objectTypeId"))
    except UnknownKind:
        return None
    operators = (
        Choice(value="IN_LIST", label="any"),
        Choice(value="NOT_IN_LIST", label="none"),
    )
    return Form(
        title=f"Associated {kind.plural_label.lower()}:",
        inputs=(
            Input(name="objectTypeId", ask=Ask.HIDDEN, label=""),
            Input(
                name="operator", ask=Ask.CHOICE, label="Which", choices=operators, default="IN_LIST"
            ),
            Input(
                name="link",
                ask=Ask.CHOICE,
                label="Label",
                choices=_links(kind.type_id, scope),
                after="where",
            ),
        ),
        inner=scope.inside(kind.type_id),
        add_label=f"Add filter on the {kind.label.lower()}",
    )


def _links(type_id: str, scope: Scope) -> tuple[Choice, ...]:
    found = [
        Choice(
            value=f"{link.category}:{link.type_id}",
            label=f"as {link.label}" if link.label else "without a label",
        )
        for link in scope.library.association_types(scope.object_type)
        if link.to_object_type == type_id
    ]
    return (Choice(value="", label="with any label"), *found)


def to_form(json: Mapping[str, Any]) -> dict[str, str]:
    number = json.get("associationTypeId")
    category = json.get("associationCategory") or "HUBSPOT_DEFINED"
    return {
        "objectTypeId": objects.get(json["objectTypeId"]).type_id,
        "operator": str(json.get("operator") or "IN_LIST"),
        "link": f"{category}:{number}" if number is not None else "",
    }


def from_form(values: Values) -> dict[str, Any]:
    category, _, number = text_of(values, "link").partition(":")
    link = {"associationTypeId": number_of(number), "associationCategory": category}
    return {
        "objectTypeId": text_of(values, "objectTypeId"),
        "operator": text_of(values, "operator"),
        **(link if number else {}),
    }
