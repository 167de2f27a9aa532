"""A sweep over every registered kind: a new one is judged here before its author thinks of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django import forms
from django.apps import apps

from crm import clock, properties
from crm.event_types.base import EventType, event_types
from crm.filters import base as filters
from crm.filters.kinds import Condition, branch_types, filter_types
from crm.filters.memberships import Membership, memberships
from crm.filters.operations import OperationType, Operator, operation_types
from crm.filters.refinements.base import Refinement, refinements
from crm.objects.base import ObjectType, object_types
from crm.property_types.base import Definition, InvalidValue, PropertyType, property_types
from crm.registry import Registry
from crm.sql import SQL
from emails.tokens.base import TokenSource, token_sources
from subscriptions import plans
from subscriptions.features import (
    AddOn,
    Feature,
    Hub,
    Limit,
    Tier,
    declared_features,
    declared_limits,
)
from workflows.actions.base import Action, actions
from workflows.definition import Edge, Node
from workflows.transports import Transport, transports

#: Every family of kinds: its registry, its base class, and the attribute that makes a kind one.
FAMILIES: list[tuple[Registry[Any], type, str]] = [
    (object_types, ObjectType, "type_id"),
    (property_types, PropertyType, "name"),
    (filter_types, Condition, "type_name"),
    (memberships, Membership, "in_list_type"),
    (refinements, Refinement, "name"),
    (operation_types, OperationType, "name"),
    (event_types, EventType, "event_type_id"),
    (actions, Action, "action_type_id"),
    (transports, Transport, "kind"),
    (token_sources, TokenSource, "name"),
]
KINDS: list[Any] = [*(kind for family in FAMILIES for kind in family[0]), *branch_types]

#: What people or programs may put where a value belongs.
ODD_VALUES: list[Any] = [
    None, "", " ", "x", "0", "-1", "1e400", "NaN", "\x00", "\ud800", "a" * 70_000, 0, -1, 2**63,
    10**400, 1.5, float("inf"), float("nan"), True, [], ["x"], [[]], {}, {"x": []}, "2024-02-30",
]  # fmt: skip


def ids(kinds: Iterable[Any]) -> list[str]:
    return [
        f"{kind.__module__}.{kind.__name__}" if isinstance(kind, type) else kind.name
        for kind in kinds
    ]


def sweep(name: str, kinds: Iterable[Any]) -> pytest.MarkDecorator:
    found = list(kinds)
    return pytest.mark.parametrize(name, found, ids=ids(found))


def below(base: type) -> Iterator[type]:
    """All classes of the product under `base`."""
    kinds: list[type] = base.__subclasses__()
    for kind in kinds:
        yield from below(kind)
        # A custom object is not declared: it is made from a row.
        if ".tests." not in kind.__module__ and not getattr(kind, "is_custom", False):
            yield kind


def is_sentence(text: str | None) -> bool:
    return bool(text) and str(text).strip()[0].isupper() and str(text).strip()[-1] in ".:)"


@pytest.mark.parametrize(
    ("registry", "base", "attribute"), FAMILIES, ids=[base.__name__ for _, base, _ in FAMILIES]
)
def test_a_kind_that_is_there_is_registered(
    registry: Registry[Any], base: type, attribute: str
) -> None:
    assert len(registry) > 0
    known = [*registry, *branch_types]
    declared = [kind for kind in below(base) if attribute in vars(kind)]
    assert [kind.__qualname__ for kind in declared if kind not in known] == []


@sweep("kind", KINDS)
def test_the_docstring_says_to_users_what_it_is(kind: type) -> None:
    # A dataclass without a docstring gets its signature as one.
    assert is_sentence(kind.__doc__)
    assert not str(kind.__doc__).startswith(f"{kind.__name__}(")


# Object types


@sweep("kind", object_types)
def test_object_type(kind: type[ObjectType]) -> None:
    assert re.fullmatch(r"\d+-\d+", kind.type_id)
    assert re.fullmatch(r"[a-z_]+", kind.name)
    assert re.fullmatch(r"[a-z_]+", kind.plural)
    assert kind.label[0].isupper()
    assert kind.plural_label[0].isupper()
    assert kind.title({}, 7) != ""
    names = [definition.name for definition in kind.properties]
    assert len(names) == len(set(names))
    assert set(kind.list_columns) <= set(names)
    assert set(kind.import_keys) <= set(names)
    assert {definition.group for definition in kind.properties} <= set(kind.groups)


def test_object_types_are_told_apart() -> None:
    words = [word for kind in object_types for word in (kind.name, kind.plural, kind.label)]
    assert len(words) == len(set(words))


def test_relations_lead_to_object_types_and_are_numbered_once() -> None:
    relations = [relation for kind in object_types for relation in kind.relations]
    assert {relation.to_object_type for relation in relations} <= {
        kind.type_id for kind in object_types
    }
    numbers = [relation.type_id for relation in relations]
    numbers += [one.inverse_type_id for one in relations if one.inverse_type_id != one.type_id]
    assert len(numbers) == len(set(numbers))
    names = [relation.name for relation in relations]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "definition",
    [definition for kind in object_types for definition in kind.properties],
    ids=[f"{kind.name}.{one.name}" for kind in object_types for one in kind.properties],
)
def test_declared_property(definition: Definition) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", definition.name)
    assert definition.label.strip() == definition.label != ""
    kind = property_types.get(definition.type)
    assert definition.field_type in kind.field_types
    values = [option.value for option in definition.options]
    assert len(values) == len(set(values))
    has_options = bool(values) or bool(definition.external_options)
    assert has_options == (definition.type == "enumeration")


# Property types


@sweep("kind", property_types)
def test_property_type(kind: type[PropertyType]) -> None:
    assert kind.label[0].isupper()
    assert len(kind.field_types) > 0


@pytest.mark.parametrize("value", ODD_VALUES, ids=lambda value: repr(value)[:30])
@sweep("kind", property_types)
def test_a_property_type_stores_json_or_refuses(kind: type[PropertyType], value: Any) -> None:
    definition = Definition(
        name="thing", label="Thing", type=kind.name, field_type=kind.field_types[0], group="g"
    )
    with suppress(InvalidValue):
        stored = properties.clean_one({"thing": definition}, "thing", value)
        text = json.dumps(stored, allow_nan=False)
        # Neither is stored: a property without a value is not there.
        assert text not in ('""', "[]")
        # Neither can be: PostgreSQL takes no NUL and no half of a surrogate pair.
        assert "\\u0000" not in text
        assert "\\ud800" not in text
        assert (properties.display(definition, stored) == "") == (stored is None)


# Filters


@pytest.mark.django_db
@sweep("kind", [*filter_types, *branch_types])
def test_a_filter_that_says_nothing_is_refused_and_matches_nobody(kind: type[Condition]) -> None:
    assert re.fullmatch(r"[A-Z_]+", kind.type_name)
    branch: dict[str, Any] = {"filterBranchType": "AND", "filterBranches": [], "filters": []}
    if kind in branch_types:
        branch["filterBranches"] = [{"filterBranchType": kind.type_name}]
    else:
        branch["filters"] = [{"filterType": kind.type_name}]
    with pytest.raises(filters.FilterError):
        filters.parse(branch, {})
    predicate = filters.compile(branch, "0-1", clock.now())
    assert len(predicate.problems) > 0
    assert "FALSE" in predicate.where.text


@sweep("kind", operation_types)
def test_operation_type(kind: type[OperationType]) -> None:
    assert re.fullmatch(r"[A-Z_]+", kind.name)
    assert kind.property_types <= {one.name for one in property_types}
    assert len(kind.property_types) > 0
    assert len(kind.operators) > 0


@sweep("operator", dict.fromkeys(one for kind in operation_types for one in kind.operators))
def test_operator(operator: type[Operator]) -> None:
    assert re.fullmatch(r"[A-Z_]+", operator.name)
    assert operator.label == operator.label.strip() != ""
    assert {one.name for one in operation_types if operator in list(one.operators)} == set(
        operator.operation_types
    )
    if operator.is_negative:
        # It answers by turning the positive one round, so that one has to be there.
        positive = [
            one
            for one in operator.__mro__[1:]
            if issubclass(one, Operator) and hasattr(one, "name") and not one.is_negative
        ]
        assert len(positive) > 0


# Actions


def node_of(kind: type[Action], fields: Any) -> Node:
    raw = {"actionId": "1", "actionTypeId": kind.action_type_id, "fields": fields}
    edges = (Edge(target="2"), Edge(target=None, label="None met"))
    return Node(action_id="1", kind=kind.action_type_id, raw=raw, edges=edges, index=0)


def object_type_of(kind: type[Action]) -> str:
    return min(kind.object_types or {"0-1"})


@sweep("kind", actions)
def test_action(kind: type[Action]) -> None:
    assert re.fullmatch(r"\d+-\d+|[A-Z_]+", kind.action_type_id)
    assert kind.label[0].isupper()
    assert kind.group[0].isupper()
    assert kind.icon != ""
    assert kind.object_types <= {one.type_id for one in object_types}
    assert kind.run is not Action.run
    if kind.feature is not None:
        assert declared_features[kind.feature.name] is kind.feature


def test_labels_of_actions_are_told_apart() -> None:
    labels = [kind.label for kind in actions]
    assert len(labels) == len(set(labels))


@pytest.mark.django_db
@sweep("kind", actions)
def test_the_definition_is_a_public_action_definition(kind: type[Action]) -> None:
    definition = json.loads(json.dumps(kind.definition(), allow_nan=False))
    assert definition["actionTypeId"] == kind.action_type_id
    assert definition["labels"]["en"] == {
        "actionName": kind.label,
        "actionDescription": kind.description(),
    }
    assert definition["objectTypes"] == sorted(kind.object_types)
    assert definition["locked"] is False
    assert [one["typeDefinition"]["name"] for one in definition["inputFields"]] == list(
        kind.input_fields
    )
    for one in definition["inputFields"]:
        inner = one["typeDefinition"]
        assert inner["type"] in {
            "string",
            "number",
            "bool",
            "date",
            "datetime",
            "enumeration",
            "json",
        }
        assert inner["fieldType"] != ""
        assert bool(inner["options"]) == (inner["type"] == "enumeration")
        assert all(set(option) == {"value", "label"} for option in inner["options"])
        assert set(one["supportedValueTypes"]) <= {"STATIC_VALUE", "OBJECT_PROPERTY"}
        assert isinstance(one["isRequired"], bool)


@pytest.mark.django_db
@sweep("kind", [kind for kind in actions if kind.feature is not None])
def test_a_locked_action_names_what_unlocks_it(kind: type[Action]) -> None:
    assert kind.feature is not None
    plans.change(dict.fromkeys(Hub, Tier.FREE), dict.fromkeys(AddOn, 0))
    assert kind.definition()["locked"] is True
    problems = kind().problems(node_of(kind, {}), object_type_of(kind))
    assert kind.feature.sentence() in [problem.message for problem in problems]


@sweep("kind", actions)
def test_the_form_asks_for_every_input(kind: type[Action]) -> None:
    form = kind.form_class()({})
    assert isinstance(form, forms.Form)
    assert list(form.fields) == list(kind.input_fields)
    assert all(field.label for field in form.fields.values())
    assert set(form.errors) == {name for name, one in kind.input_fields.items() if one.required}


@pytest.mark.django_db
@pytest.mark.parametrize("value", ODD_VALUES, ids=lambda value: repr(value)[:30])
@sweep("kind", actions)
def test_odd_inputs_are_problems_and_never_errors(kind: type[Action], value: Any) -> None:
    for fields in (value, {}, dict.fromkeys(kind.input_fields, value)):
        node = node_of(kind, fields)
        problems = kind().problems(node, object_type_of(kind))
        assert all(one.message and one.path for one in problems)
        assert kind().summary(node, object_type_of(kind)).strip() != ""


# What leaves the house, and what stands in an email


@sweep("kind", transports)
def test_transport(kind: type[Transport]) -> None:
    assert re.fullmatch(r"[a-z_]+", kind.kind)
    assert kind.claims > 0
    assert isinstance(kind.refusal(), SQL)


@pytest.mark.django_db
@sweep("kind", token_sources)
def test_token_source(kind: type[TokenSource]) -> None:
    assert re.fullmatch(r"[a-z_]+", kind.name)
    names = kind().names()
    assert len(names) > 0
    assert all(name.partition(".")[0] == kind.name and label for name, label in names.items())
    assert kind().check([name.partition(".")[2] for name in names]) == {}
    wrong = kind().check(["no_such_thing"])
    assert list(wrong) == ["no_such_thing"]
    assert wrong["no_such_thing"].endswith((".", "?"))


# Plans


@pytest.mark.django_db
@sweep("feature", declared_features.values())
def test_feature(feature: Feature) -> None:
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", feature.name)
    assert feature.app_label in {config.label for config in apps.get_app_configs()}
    assert feature.label[0].isupper()
    assert len(feature.declared_gates()) > 0
    assert feature.sentence().startswith(f"{feature.label} needs ")
    assert feature.note == "" or is_sentence(feature.note)


@pytest.mark.django_db
@sweep("limit", declared_limits.values())
def test_limit(limit: Limit) -> None:
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", limit.name)
    assert limit.app_label in {config.label for config in apps.get_app_configs()}
    assert limit.label[0].isupper()
    assert len(limit.values) > 0
    assert all(value is None or value > 0 for value in limit.values.values())
    value = limit.value()
    assert value is None or value > 0
    if limit.used is not None:
        assert limit.used() >= 0
