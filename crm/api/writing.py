"""Records written through the API: single ones and batches go the same, set-based way."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import OperationalError, transaction

from crm import changes, properties
from crm.access import Access, Level, Verb
from crm.api import checking, identity, links
from crm.api.checking import Errors, Rows
from crm.api.errors import ApiError, Conflict, Forbidden, NotFound
from crm.api.links import Wanted
from crm.changes import DuplicateValue, Source
from crm.objects.base import ObjectType
from crm.properties import Definitions, InvalidProperties
from crm.schema_rules import TypeIsGone
from crm.sql import sql

Result = TypeVar("Result")

#: How often a batch is begun when others write the same records at the same time.
ATTEMPTS = 8
DEADLOCK = "40P01"


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of a batch."""

    values: Mapping[str, Any]
    #: Names the record: the value of `id_property`, or its id.
    key: str = ""
    id_property: str = ""
    associations: Sequence[Wanted] = ()
    #: By which the sender knows the input again.
    trace: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a batch: the written records by the place of their input, and the errors."""

    definitions: Definitions
    ids: Mapping[int, int]
    errors: Errors = field(default_factory=dict)
    #: Places of inputs that made a new record.
    new: frozenset[int] = frozenset()


def persistently(kind: type[ObjectType], write: Callable[[], Result]) -> Result:
    """Run `write` in a transaction, again when another writer came in between."""
    for left in reversed(range(ATTEMPTS)):
        try:
            with transaction.atomic():
                return write()
        except InvalidProperties as error:
            # Some rules look at the records as they will be: a stage belongs to its pipeline.
            raise checking.invalid(properties.load(kind.type_id), error.errors) from error
        except TypeIsGone as error:
            raise ApiError(str(error)) from error
        except DuplicateValue as error:
            if not left:
                raise Conflict(str(error)) from error
        except OperationalError as error:
            if not left or getattr(error.__cause__, "sqlstate", "") != DEADLOCK:
                raise
    raise AssertionError("the last attempt returns or raises")


def create(
    kind: type[ObjectType], inputs: Sequence[Input], source: Source, rights: Access
) -> Outcome:
    """Create records and their associations: all, or with traces those that can be."""
    return persistently(kind, lambda: _create(kind, inputs, source, rights))


def _create(
    kind: type[ObjectType], inputs: Sequence[Input], source: Source, rights: Access
) -> Outcome:
    _require_create(kind, rights)
    definitions = properties.load(kind.type_id)
    given = {place: one.values for place, one in enumerate(inputs)}
    rows, errors = _clean(kind, definitions, given, rights)
    errors |= checking.taken(kind, definitions, rows, {}, rights)
    wanted = [item for one in inputs for item in one.associations]
    types = links.types_from(kind, {item.type_key for item in wanted}) if wanted else {}
    for item in links.missing_targets(types, wanted, rights) if wanted else ():
        errors.setdefault(item.start, NotFound(f"No record with the id {item.to} exists."))
    good = _settle(rows, errors, inputs)
    ids = _insert(kind, good, source, definitions)
    links.make(
        types,
        [Wanted(ids[item.start], item.to, item.type_key) for item in wanted if item.start in ids],
    )
    seen = rights.seen(kind.type_id, definitions)
    return Outcome(definitions=seen, ids=ids, errors=errors, new=frozenset(ids))


def _require_create(kind: type[ObjectType], rights: Access) -> None:
    if not rights.may(kind.type_id, Verb.CREATE):
        raise Forbidden(f"The user of this token may not create {kind.plural_label.lower()}.")


def _clean(
    kind: type[ObjectType],
    definitions: Definitions,
    given: Mapping[int, Mapping[str, Any]],
    rights: Access,
    known: Container[int] = (),
) -> tuple[Rows, Errors]:
    """As checking.clean; hidden properties do not exist, those that are only seen are refused."""
    rows, errors = checking.clean(rights.seen(kind.type_id, definitions), given, known)
    levels = rights.levels(kind.type_id)
    for place, values in given.items():
        locked = sorted(name for name in values if levels.get(name) == Level.VIEW)
        if locked:
            rows.pop(place, None)
            errors[place] = Forbidden(
                f"The user of this token may not change {', '.join(locked)}.",
                context={"propertyName": locked},
            )
    return rows, errors


def _not_editable(kind: type[ObjectType], own: Mapping[int, int], rights: Access) -> Errors:
    """An error for each of the records, which are seen, that may not be changed."""
    editable = rights.allowed(kind.type_id, set(own.values()), Verb.EDIT)
    return {
        place: Forbidden(f"The user of this token may not change the {kind.name} {record_id}.")
        for place, record_id in own.items()
        if record_id not in editable
    }


def _insert(
    kind: type[ObjectType], rows: Rows, source: Source, definitions: Definitions
) -> dict[int, int]:
    if not rows:
        return {}
    ids = changes.insert(kind.type_id, list(rows.values()), source, definitions)
    return dict(zip(rows, ids, strict=True))


def _settle(rows: Rows, errors: Errors, inputs: Sequence[Input]) -> Rows:
    """The rows to be written.

    One mistake refuses the whole batch, unless each input has a trace by which the sender can
    tell which were refused.
    """
    traces = {one.trace for one in inputs}
    is_tolerant = "" not in traces and len(traces) == len(inputs)
    if errors and not is_tolerant:
        raise errors[min(errors)]
    return {place: row for place, row in rows.items() if place not in errors}


def update(
    kind: type[ObjectType], inputs: Sequence[Input], source: Source, rights: Access
) -> Outcome:
    """Update records; those that are not there are among the errors."""
    return persistently(kind, lambda: _update(kind, inputs, source, rights))


def _update(
    kind: type[ObjectType], inputs: Sequence[Input], source: Source, rights: Access
) -> Outcome:
    definitions = properties.load(kind.type_id)
    own = _resolve(kind, definitions, inputs, rights)
    _refuse_duplicates(own)
    given = {place: inputs[place].values for place in own}
    rows, errors = _clean(kind, definitions, given, rights, own)
    errors |= checking.taken(kind, definitions, rows, own, rights)
    errors |= _not_editable(kind, own, rights)
    good = _settle(rows, errors, inputs)
    _write(kind, {own[place]: row for place, row in good.items()}, source, definitions)
    missing = {
        place: not_found(kind, [one.key]) for place, one in enumerate(inputs) if place not in own
    }
    ids = {place: own[place] for place in good}
    seen = rights.seen(kind.type_id, definitions)
    return Outcome(definitions=seen, ids=ids, errors=errors | missing)


def _write(
    kind: type[ObjectType],
    deltas: Mapping[int, Mapping[str, Any]],
    source: Source,
    definitions: Definitions,
) -> None:
    changes.write(kind.type_id, deltas, source, definitions)


def _resolve(
    kind: type[ObjectType], definitions: Definitions, inputs: Sequence[Input], rights: Access
) -> dict[int, int]:
    """The ids of the records that inputs name, by place; a query per property that names them."""
    seen = rights.seen(kind.type_id, definitions)
    keys: dict[str, list[str]] = {}
    for one in inputs:
        keys.setdefault(one.id_property, []).append(one.key)
    found = {
        name: identity.find(kind, seen, name, texts, rights=rights) for name, texts in keys.items()
    }
    return {
        place: found[one.id_property][one.key]
        for place, one in enumerate(inputs)
        if one.key in found[one.id_property]
    }


def _refuse_duplicates(own: Mapping[int, int]) -> None:
    seen: set[int] = set()
    for record_id in own.values():
        if record_id in seen:
            raise ApiError(
                f"Duplicate IDs found in batch input: {record_id}. Every record may occur once.",
                context={"id": [str(record_id)]},
            )
        seen.add(record_id)


def upsert(
    kind: type[ObjectType], inputs: Sequence[Input], source: Source, rights: Access
) -> Outcome:
    """Update the records that are there and create the others, by one unique property."""
    return persistently(kind, lambda: _upsert(kind, inputs, source, rights))


def _upsert(
    kind: type[ObjectType], inputs: Sequence[Input], source: Source, rights: Access
) -> Outcome:
    definitions = properties.load(kind.type_id)
    own = _resolve(kind, definitions, inputs, rights)
    _refuse_duplicates(own)
    if len(own) < len(inputs):
        _require_create(kind, rights)
    given = {
        place: one.values if place in own else {one.id_property: one.key} | dict(one.values)
        for place, one in enumerate(inputs)
    }
    rows, errors = _clean(kind, definitions, given, rights, own)
    errors |= _not_editable(kind, own, rights)
    conflicts = checking.taken(kind, definitions, rows, own, rights)
    if conflicts and _resolve(kind, definitions, inputs, rights).keys() != own.keys():
        # Another writer made one of them since the first look: begin again and update it.
        raise DuplicateValue(inputs[0].id_property)
    good = _settle(rows, errors | conflicts, inputs)
    _write(
        kind, {own[place]: row for place, row in good.items() if place in own}, source, definitions
    )
    new = {place: row for place, row in good.items() if place not in own}
    made = _insert(kind, new, source, definitions)
    ids = {place: own[place] if place in own else made[place] for place in good}
    seen = rights.seen(kind.type_id, definitions)
    return Outcome(definitions=seen, ids=ids, errors=errors | conflicts, new=frozenset(made))


def archive(kind: type[ObjectType], ids: Sequence[int], source: Source, rights: Access) -> None:
    """Archive records; those that are not there or are hidden are left out.

    Raises Forbidden when there are some among them that the user sees but may not archive.
    """
    seen = rights.allowed(kind.type_id, set(ids), Verb.VIEW)
    refused = seen - rights.allowed(kind.type_id, seen, Verb.DELETE)
    if refused:
        raise Forbidden(
            f"The user of this token may not archive the {kind.name} {min(refused)}.",
            context={"id": [str(key) for key in sorted(refused)]},
        )
    select = sql("SELECT unnest({ids}::bigint[]) AS record_id", ids=list(seen))
    persistently(kind, lambda: changes.archive(kind.type_id, select, source))


def not_found(kind: type[ObjectType], keys: Sequence[str]) -> NotFound:
    return NotFound(
        f"Could not get some {kind.name.upper()} objects, they may be deleted or not exist."
        " Check that ids are valid.",
        context={"ids": list(keys)},
    )
