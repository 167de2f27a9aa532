"""Property definitions, and the cleaning of values before they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError

from crm.calculations.base import Calculation
from crm.calculations.equation import equation
from crm.models import Owner, PipelineStage, Property
from crm.objects import base as objects
from crm.property_types.base import Definition, InvalidValue, Option, type_of
from crm.sql import SQL, literal, sql

#: UniqueValue.value takes no more.
LONGEST_UNIQUE = 1000

Definitions = Mapping[str, Definition]


class InvalidProperties(ValidationError):
    """Some values do not fit their properties: name -> message, all of them at once."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__({name: [message] for name, message in errors.items()})


def load(object_type: str) -> dict[str, Definition]:
    """All properties of an object type by name, archived ones left out.

    Options that are kept elsewhere (owners, pipelines, stages) are in them.
    """
    kind = objects.get(object_type)
    declared = {item.name: item for item in kind.properties}
    found = Property.objects.filter(object_type=object_type, archived_at=None)
    loaded = {
        row.name: from_row(row, declared.get(row.name)) for row in found.select_related("group")
    }
    for name in set(kind.required_properties) & set(loaded):
        loaded[name] = replace(loaded[name], is_required=True)
    return _with_external_options(object_type, loaded)


def from_row(row: Property, declared: Definition | None) -> Definition:
    """The definition in a row; what is wired into the code comes from its declaration."""
    return Definition(
        name=row.name,
        label=row.label,
        type=row.type,
        field_type=row.field_type,
        group=row.group.name,
        description=row.description,
        options=tuple(
            Option(value=item["value"], label=item["label"], hidden=item.get("hidden", False))
            for item in row.options
        ),
        external_options=declared.external_options if declared else "",
        is_unique=row.is_unique,
        is_read_only=row.is_read_only,
        is_calculated=declared.is_calculated if declared else bool(row.formula),
        calculation=_calculation(row, declared),
        is_searchable=row.is_searchable,
        column=declared.column if declared else "",
    )


def _calculation(row: Property, declared: Definition | None) -> Calculation | None:
    if row.formula:
        return equation(row.formula)
    return declared.calculation if declared else None


def _with_external_options(
    object_type: str, definitions: dict[str, Definition]
) -> dict[str, Definition]:
    kinds = {item.external_options for item in definitions.values()}
    options: dict[str, tuple[Option, ...]] = {}
    if "OWNER" in kinds:
        owners = Owner.objects.all()
        options["OWNER"] = tuple(Option(value=str(one.pk), label=str(one)) for one in owners)
    if "STAGE" in kinds:
        options |= _pipeline_options(object_type)
    return {
        name: replace(item, options=options[item.external_options])
        if item.external_options
        else item
        for name, item in definitions.items()
    }


def _pipeline_options(object_type: str) -> dict[str, tuple[Option, ...]]:
    """Pipelines, and stages with the pipeline in their label where there are several."""
    stages = PipelineStage.objects.in_use(object_type)
    pipelines = {stage.pipeline.pipeline_id: stage.pipeline.label for stage in stages}
    return {
        "PIPELINE": tuple(Option(value=key, label=label) for key, label in pipelines.items()),
        "STAGE": tuple(
            Option(
                value=stage.stage_id,
                label=f"{stage.label} ({stage.pipeline.label})"
                if len(pipelines) > 1
                else stage.label,
                parent=stage.pipeline.pipeline_id,
            )
            for stage in stages
        ),
    }


#: What is wrong with a required property that has no value.
REQUIRED = "is required"


def clean_new(definitions: Definitions, values: Mapping[str, Any]) -> dict[str, Any]:
    """Like `clean`, for a new record: every required property needs a value."""
    missing: dict[str, str] = {}
    try:
        cleaned = clean(definitions, values)
    except InvalidProperties as error:
        cleaned, missing = {}, dict(error.errors)
    for name, item in definitions.items():
        if item.is_required and name not in missing and _is_blank(values.get(name)):
            missing[name] = REQUIRED
    if missing:
        raise InvalidProperties(missing)
    return cleaned


def _is_blank(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def clean(
    definitions: Definitions, values: Mapping[str, Any], *, allow_read_only: bool = False
) -> dict[str, Any]:
    """`values` in their stored form; None and "" mean "no value" and become None.

    Raises InvalidProperties with every unknown, read-only or ill-fitting property.
    """
    cleaned: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, value in values.items():
        try:
            cleaned[name] = clean_one(definitions, name, value, allow_read_only=allow_read_only)
        except InvalidValue as error:
            errors[name] = str(error)
    errors |= _stray_stages(definitions, cleaned)
    if errors:
        raise InvalidProperties(errors)
    return cleaned


def _stray_stages(definitions: Definitions, cleaned: Mapping[str, Any]) -> dict[str, str]:
    """A stage and a pipeline given together have to belong together."""
    given = {
        definitions[name].external_options: name
        for name, value in cleaned.items()
        if value is not None
    }
    if not {"PIPELINE", "STAGE"} <= set(given):
        return {}
    name, chosen = given["STAGE"], cleaned[given["PIPELINE"]]
    parents = {option.value: option.parent for option in definitions[name].options}
    if parents[cleaned[name]] == chosen:
        return {}
    pipelines = definitions[given["PIPELINE"]]
    return {name: f"is not a stage of the pipeline {display(pipelines, chosen)!r}"}


def clean_one(
    definitions: Definitions, name: str, value: Any, *, allow_read_only: bool = False
) -> Any:
    """One value in its stored form, None for no value; raises InvalidValue."""
    definition = definitions.get(name)
    if definition is None:
        raise InvalidValue("does not exist")
    if definition.column or (definition.is_read_only and not allow_read_only):
        raise InvalidValue("is read only")
    if _is_blank(value):
        return None
    cleaned = type_of(definition).clean(value, definition)
    if definition.is_unique and len(str(cleaned)) > LONGEST_UNIQUE:
        raise InvalidValue(f"is longer than {LONGEST_UNIQUE:,} characters")
    # 0 and False are values; empty text and empty sets are none.
    return None if cleaned in ("", []) else cleaned


def display(definition: Definition, value: Any) -> str:
    """A stored value as people read it; "" for none."""
    if value is None:
        return ""
    return type_of(definition).display(value, definition)


_COLUMNS = {
    "id": "{alias}.id::text",
    "created_at": """to_char({alias}.created_at AT TIME ZONE 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')""",
    "updated_at": """to_char({alias}.updated_at AT TIME ZONE 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')""",
}


def expression(definition: Definition, alias: str = "r") -> SQL:
    """SQL for the value as text (NULL for none) over `alias` of crm_record."""
    if definition.column:
        return sql(_COLUMNS[definition.column], alias=SQL(alias))
    return SQL(f"({alias}.properties->>{literal(definition.name).text})")


def json_expression(definition: Definition, alias: str = "r") -> SQL:
    """SQL for the value as jsonb (NULL for none) over `alias` of crm_record."""
    if definition.column == "id":
        return SQL(f"to_jsonb({alias}.id)")
    if definition.column:
        return sql("to_jsonb({text})", text=expression(definition, alias))
    return SQL(f"({alias}.properties->{literal(definition.name).text})")
