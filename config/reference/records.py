"""Reference pages of crm: object types, property types, filters."""

from __future__ import annotations

from config.reference.markdown import bullets, code, codes, page, prose, table
from crm.filters.kinds import Condition, branch_types, filter_types
from crm.filters.memberships import memberships
from crm.filters.operations import OperationType, Operator, operation_types
from crm.filters.refinements.base import refinements
from crm.objects import base as objects
from crm.objects.base import ObjectType, Relation, object_types
from crm.property_types.base import Definition, property_types
from crm.registry import Registry


def objects_page() -> str:
    return page(
        "Object types",
        "What kinds of records there are, with the properties each of them starts with."
        " An account can add properties of its own.",
        *(_object(kind) for kind in object_types),
    )


def _object(kind: type[ObjectType]) -> str:
    facts = [
        f"Id {code(kind.type_id)}, name {code(kind.name)}, plural {code(kind.plural)}.",
        f"Columns of its list: {codes(kind.list_columns)}.",
    ]
    if kind.import_keys:
        facts.append(f"An import finds a record by: {codes(kind.import_keys)}.")
    blocks = [f"## {kind.plural_label}", prose(kind.__doc__), bullets(facts)]
    for name, label in kind.groups.items():
        inside = [item for item in kind.properties if item.group == name]
        blocks += [f"### {label}", _properties(inside)]
    if kind.relations:
        blocks += ["### Standard associations", _relations(kind.relations)]
    return "\n\n".join(blocks)


def _properties(definitions: list[Definition]) -> str:
    rows = [
        [item.label, code(item.name), item.type, item.field_type, _options(item), _marks(item)]
        for item in definitions
    ]
    return table(["Property", "Name", "Type", "Edited as", "Options", "Also"], rows)


def _options(definition: Definition) -> str:
    if definition.external_options:
        return f"the account's {definition.external_options.lower()}s"
    return ", ".join(f"{option.label} ({code(option.value)})" for option in definition.options)


def _marks(definition: Definition) -> str:
    marks = {
        "unique": definition.is_unique,
        "read only": definition.is_read_only,
        "found by search": definition.is_searchable,
    }
    return ", ".join(mark for mark, holds in marks.items() if holds)


def _relations(relations: tuple[Relation, ...]) -> str:
    rows = [
        [
            objects.get(item.to_object_type).label,
            item.label or "no label",
            code(item.name),
            f"{item.type_id} and back {item.inverse_type_id}",
        ]
        for item in relations
    ]
    return table(["To", "Label", "Name", "Type ids"], rows)


def property_types_page() -> str:
    rows = [
        [kind.label, code(kind.name), prose(kind.__doc__), ", ".join(kind.field_types)]
        for kind in property_types
    ]
    return page(
        "Property types",
        "A value is cleaned when it is written, so that nothing has to be guessed when it is"
        " read. An empty value is not stored: the property is then unknown.",
        table(["Type", "Name", "Stores", "Edited as"], rows),
    )


def filters_page() -> str:
    return page(
        "Filters",
        "A filter is a tree of AND and OR branches over the leaves below. It is HubSpot's filter"
        " JSON and has one meaning, an SQL condition, in triggers, branches and lists alike. An"
        " unknown or unfinished part matches nobody.",
        "## Kinds of filters",
        _conditions(filter_types, "filterType"),
        "## Branches that are a question of their own" if len(branch_types) else "",
        _conditions(branch_types, "filterBranchType") if len(branch_types) else "",
        "## What a record can be in, besides lists",
        "An IN_LIST filter with metadata asks for these.",
        table(
            ["inListType", "Meaning"],
            [[code(kind.in_list_type), prose(kind.__doc__)] for kind in memberships],
        ),
        "## When and how often",
        "Filters on events and on associated records take these as `pruningRefineBy` (when) and"
        " `coalescingRefineBy` (how often).",
        table(
            ["type", "Meaning"],
            [[code(kind.name), prose(kind.__doc__)] for kind in refinements],
        ),
        "## Operators of property filters",
        *(_operation(kind) for kind in operation_types),
    )


def _conditions(registry: Registry[Condition], key: str) -> str:
    rows = [[code(kind.type_name), prose(kind.__doc__)] for kind in registry]
    return table([key, "Meaning"], rows)


def _operation(kind: type[OperationType]) -> str:
    blocks = [
        f"### {code(kind.name)}",
        f"{prose(kind.__doc__)} For properties of type {codes(sorted(kind.property_types))}.",
        table(
            ["Reads", "Operator", "Also"],
            [[item.label, code(item.name), _notes(item)] for item in kind.operators],
        ),
    ]
    return "\n\n".join(blocks)


def _notes(operator: type[Operator]) -> str:
    marks = {
        "the opposite of another operator": operator.is_negative,
        "time alone can change the answer": operator.time_sensitive,
    }
    return ", ".join(mark for mark, holds in marks.items() if holds)
