"""A filter as groups of rows to fill in, read from filter JSON and written back to it.

What no form can show (deeper nesting, unknown kinds, deleted properties) becomes a row that can
only be read and removed; its JSON, like that of every row nobody changed, is written back as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crm.filters.errors import FilterError
from crm.filters.fields import Fields
from crm.filters.inputs import Ask, Form, Given, Input, Offer, Values, text_of, texts_of
from crm.filters.kinds import Condition, Subject, Unusable, branch_types, filter_types
from crm.filters.scopes import Scope
from crm.filters.tree import Branch, Tree, TreeReader
from crm.registry import Registry


class Unreadable(ValueError):
    """What the browser sent is no filter of this form."""


#: The field that names the kind of a piece of filter JSON, and who knows the kinds.
KINDS: dict[str, Registry[Condition]] = {
    "filterType": filter_types,
    "filterBranchType": branch_types,
}
#: Rows inside rows inside rows: no grammar has more.
MOST_DEPTH = 4
MANY = (Ask.TEXTS, Ask.CHOICES)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One filter, or a block of filters such as those on an associated record."""

    #: "filterType:PROPERTY"; "" for what can only be read and removed.
    kind: str = ""
    values: Values = field(default_factory=dict)
    #: As it was read, None for a new one.
    json: Mapping[str, Any] | None = None
    rows: tuple[Row, ...] = ()

    @property
    def condition(self) -> type[Condition] | None:
        key, _, name = self.kind.partition(":")
        kinds = KINDS.get(key)
        return kinds.find(name) if kinds else None

    def form(self, scope: Scope) -> Form | None:
        """What to ask for; None when it can only be read and removed."""
        return self.condition.form(self.values, scope) if self.condition else None


#: OR of groups, a group is an AND of rows.
Groups = tuple[tuple[Row, ...], ...]


def new_row(condition: type[Condition], offer: Offer) -> Row:
    return Row(kind=kind_key(condition), values=offer.values)


def kind_key(condition: type[Condition]) -> str:
    key = "filterType"
    if branch_types.find(condition.type_name) is condition:
        key = "filterBranchType"
    return f"{key}:{condition.type_name}"


def given(values: Values, item: Input) -> Given:
    """What stands in an input."""
    if item.ask in MANY:
        return texts_of(values, item.name)
    return text_of(values, item.name) if item.name in values else item.default


# Reading


def read(branch: Any, scope: Scope) -> Groups:
    """The groups of a filter branch in JSON, whatever it is."""
    if not isinstance(branch, Mapping):
        return ()
    name = branch.get("filterBranchType")
    if name == "OR":
        alone = tuple((_row(item, "filterType", scope),) for item in _list(branch, "filters"))
        return alone + tuple(_group(item, scope) for item in _list(branch, "filterBranches"))
    return (_group(branch, scope),)


def _group(branch: Any, scope: Scope) -> tuple[Row, ...]:
    is_and = isinstance(branch, Mapping) and branch.get("filterBranchType") == "AND"
    rows = _rows(branch, scope) if is_and else ()
    return rows or (_row(branch, "filterBranchType", scope),)


def _rows(branch: Mapping[str, Any], scope: Scope) -> tuple[Row, ...]:
    rows = [_row(item, "filterType", scope) for item in _list(branch, "filters")]
    rows += [_row(item, "filterBranchType", scope) for item in _list(branch, "filterBranches")]
    return tuple(rows)


def _list(branch: Mapping[str, Any], name: str) -> list[Any]:
    found = branch.get(name)
    return found if isinstance(found, list) else []


def _row(json: Any, key: str, scope: Scope) -> Row:
    kept = Row(json=json)
    if not isinstance(json, Mapping):
        return kept
    row = replace(kept, kind=f"{key}:{json.get(key)}")
    condition = row.condition
    if condition is None:
        return kept
    try:
        row = replace(row, values=condition.to_form(json, scope))
        form = row.form(scope)
    except (LookupError, TypeError, ValueError, AttributeError):
        return kept
    if form is None or not _means_the_same(json, _written(row, form, scope), key, scope):
        return kept
    return replace(row, rows=_rows(json, form.inner)) if form.inner else row


def _means_the_same(
    json: Mapping[str, Any], written: Mapping[str, Any], key: str, scope: Scope
) -> bool:
    """Whether the form holds all that the JSON says, so that a change loses nothing else."""
    before = _parsed(json, scope, key)
    return before is None or before == _parsed(written, scope, key)


def _parsed(json: Mapping[str, Any], scope: Scope, key: str) -> Any:
    """What a piece of JSON means by itself; None when it means nothing."""
    alone = {**json, "filters": [], "filterBranches": []}
    holder = "filters" if key == "filterType" else "filterBranches"
    branch = {"filterBranchType": "AND", holder: [alone]}
    try:
        return tree_of(branch, scope)
    except FilterError:
        return None


def tree_of(branch: Mapping[str, Any], scope: Scope, *, lenient: bool = False) -> Tree:
    """A branch about `scope` as a tree; raises FilterError unless `lenient`."""
    subject = Subject(scope.definitions, scope.object_type, is_event=not scope.object_type)
    reader = TreeReader(subject, scope.library, lenient)
    try:
        return Tree(reader.root(Fields.of(branch, "")))
    except FilterError as error:
        if not lenient:
            raise
        part = Unusable(path=error.path, problem=error.message)
        return Tree(Branch("", is_and=True, is_not=False, nodes=(part,)))


# Writing


def write(groups: Groups, scope: Scope) -> dict[str, Any]:
    """The filter JSON of the groups, in the shape that lists want: OR of ANDs."""
    branches = [_branch("AND", rows, scope) for rows in groups if rows]
    return {
        "filterBranchType": "OR",
        "filterBranchOperator": "OR",
        "filterBranches": branches,
        "filters": [],
    }


def _branch(name: str, rows: tuple[Row, ...], scope: Scope) -> dict[str, Any]:
    return {"filterBranchType": name, "filterBranchOperator": name, **_content(rows, scope)}


def _content(rows: tuple[Row, ...], scope: Scope) -> dict[str, Any]:
    written = [write_row(row, scope) for row in rows]
    return {
        "filterBranches": [item for item in written if "filterBranchType" in item],
        "filters": [item for item in written if "filterBranchType" not in item],
    }


def write_row(row: Row, scope: Scope) -> dict[str, Any]:
    """The filter JSON of a row."""
    form = row.form(scope)
    if form is None:
        return dict(row.json or {"filterType": row.kind.partition(":")[2]})
    written = dict(row.json) if row.json and not _is_changed(row, form, scope) else None
    if written is None:
        written = _written(row, form, scope)
    return {**written, **_content(row.rows, form.inner)} if form.inner else written


def _written(row: Row, form: Form, scope: Scope) -> dict[str, Any]:
    """The filter JSON of what the form shows, defaults included."""
    assert row.condition
    shown = {item.name: given(row.values, item) for item in form.inputs}
    key, _, name = row.kind.partition(":")
    operator = {"filterBranchOperator": "AND"} if key == "filterBranchType" else {}
    return {key: name, **operator, **row.condition.from_form(shown, scope)}


def _is_changed(row: Row, form: Form, scope: Scope) -> bool:
    assert row.condition
    assert row.json
    try:
        before = row.condition.to_form(row.json, scope)
    except (LookupError, TypeError, ValueError, AttributeError):
        return True
    return any(given(before, item) != given(row.values, item) for item in form.inputs)


# What travels between browser and server


def dump(groups: Groups) -> str:
    return json.dumps([[_state(row) for row in rows] for rows in groups], separators=(",", ":"))


def _state(row: Row) -> dict[str, Any]:
    state: dict[str, Any] = {"kind": row.kind, "values": dict(row.values)}
    if row.json is not None:
        state["json"] = row.json
    if row.rows:
        state["rows"] = [_state(inner) for inner in row.rows]
    return state


def load(text: str) -> Groups:
    """The reverse of dump(); raises Unreadable for anything else."""
    try:
        groups = json.loads(text) if text.strip() else []
    except (ValueError, RecursionError):
        raise Unreadable("It is no JSON.") from None
    return load_groups(groups)


def load_groups(groups: Any) -> Groups:
    """Groups as the browser sends them; raises Unreadable for anything else."""
    if not isinstance(groups, list):
        raise Unreadable("It is no list of groups.")
    return tuple(load_rows(rows) for rows in groups if rows)


def load_rows(state: Any, depth: int = 0) -> tuple[Row, ...]:
    """Rows as the browser sends them; raises Unreadable for anything else."""
    if not isinstance(state, list) or depth > MOST_DEPTH:
        raise Unreadable("It is no list of filters.")
    return tuple(load_row(item, depth) for item in state)


def load_row(state: Any, depth: int = 0) -> Row:
    if not isinstance(state, dict):
        raise Unreadable("It is no filter.")
    kind, json, values = state.get("kind", ""), state.get("json"), state.get("values", {})
    if not isinstance(kind, str) or not isinstance(json, dict | None):
        raise Unreadable("It is no filter.")
    if not isinstance(values, dict) or not all(_is_given(value) for value in values.values()):
        raise Unreadable("Its values are no texts.")
    return Row(
        kind=kind, values=values, json=json, rows=load_rows(state.get("rows", []), depth + 1)
    )


def _is_given(value: Any) -> bool:
    texts = value if isinstance(value, list) else [value]
    return all(isinstance(text, str) for text in texts)
