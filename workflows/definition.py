"""A workflow's document: automation v4 flow JSON <-> Flow. The only parser of it.

The document is kept as it came, key by key; a Flow is the frozen reading of it that the engine and
the pages work with. What cannot be read becomes a Problem with a path, never a guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

BRANCH_TYPES = {"LIST_BRANCH", "STATIC_BRANCH", "AB_TEST_BRANCH"}
CRITERIA_TYPES = {"MANUAL", "LIST_BASED"}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something in a document that has to be mended before the workflow can be turned on."""

    message: str
    #: Where in the document: "actions[2].fields.listId".
    path: str = ""
    action_id: str = ""
    field: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class DefinitionError(ValueError):
    """A document that cannot be stored, with every reason why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(str(problem) for problem in problems))


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A way out of a node. `label` names the branch it belongs to, "" for the only way."""

    target: str | None
    label: str = ""
    is_goto: bool = False


@dataclass(frozen=True, kw_only=True)
class Node:
    """One placed step. `kind` is its actionTypeId, or its type where it has none."""

    action_id: str
    kind: str
    #: The JSON of the node as stored.
    raw: Mapping[str, Any]
    edges: tuple[Edge, ...]
    #: Place in the list of actions, for paths in messages.
    index: int

    @property
    def fields(self) -> Mapping[str, Any]:
        found = self.raw.get("fields")
        return found if isinstance(found, dict) else {}

    @property
    def path(self) -> str:
        return f"actions[{self.index}]"


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """Who is enrolled, and whether again."""

    type: str = "MANUAL"
    filter_branch: Mapping[str, Any] | None = None
    should_re_enroll: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Flow:
    """The frozen reading of a document."""

    object_type: str
    start: str | None
    nodes: Mapping[str, Node]
    criteria: Criteria
    #: Whether a record comes in that meets the criteria because another was merged into it (W-202).
    enrolls_merged: bool = False

    def walk(self) -> Iterator[tuple[Node, int, str]]:
        """The nodes from the start on, each once, as (node, depth, label of the branch)."""
        seen: set[str] = set()
        stack: list[tuple[str | None, int, str]] = [(self.start, 0, "")]
        while stack:
            action_id, depth, label = stack.pop()
            node = self.nodes.get(action_id or "")
            if node is None or node.action_id in seen:
                continue
            seen.add(node.action_id)
            yield node, depth, label
            inner = depth + 1 if len(node.edges) > 1 or node.kind in BRANCH_TYPES else depth
            stack += [
                (edge.target, inner, edge.label)
                for edge in reversed(node.edges)
                if not edge.is_goto
            ]


def parse(document: Any) -> Flow:
    """Read a document; raises DefinitionError when its shape cannot be stored (A-161)."""
    if not isinstance(document, dict):
        raise DefinitionError([Problem(message="A workflow is a JSON object.")])
    problems: list[Problem] = []
    nodes = _nodes(document.get("actions", []), problems)
    start = document.get("startActionId")
    start = str(start) if start not in (None, "") else None
    if start is not None and start not in nodes:
        problems.append(Problem(message=f"There is no action {start!r}.", path="startActionId"))
    object_type = document.get("objectTypeId")
    if not isinstance(object_type, str) or not object_type:
        problems.append(Problem(message="Name the object type, such as 0-1.", path="objectTypeId"))
    _check_type(document, problems)
    criteria = _criteria(document.get("enrollmentCriteria"), problems)
    if problems:
        raise DefinitionError(problems)
    assert isinstance(object_type, str)
    return Flow(
        object_type=object_type,
        start=start,
        nodes=nodes,
        criteria=criteria,
        enrolls_merged=document.get("canEnrollMergedRecords") is True,
    )


def _check_type(document: Mapping[str, Any], problems: list[Problem]) -> None:
    """CONTACT_FLOW if and only if the object is the contact (W-020)."""
    expected = "CONTACT_FLOW" if document.get("objectTypeId") == "0-1" else "PLATFORM_FLOW"
    given = document.get("type", expected)
    if given != expected:
        problems.append(
            Problem(message=f"The type of this object's workflows is {expected}.", path="type")
        )
    name = document.get("name", "")
    if not isinstance(name, str) or len(name) > 256:
        problems.append(Problem(message="A name has 1 to 256 characters.", path="name"))


def _nodes(actions: Any, problems: list[Problem]) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    if not isinstance(actions, list):
        problems.append(Problem(message="This is a list.", path="actions"))
        return nodes
    for index, raw in enumerate(actions):
        path = f"actions[{index}]"
        if not isinstance(raw, dict) or not str(raw.get("actionId") or ""):
            problems.append(Problem(message="An action needs an actionId.", path=path))
            continue
        node = _node(raw, index, problems)
        if node.action_id in nodes:
            problems.append(Problem(message=f"The id {node.action_id!r} occurs twice.", path=path))
        nodes[node.action_id] = node
    return nodes


def _node(raw: dict[str, Any], index: int, problems: list[Problem]) -> Node:
    action_id = str(raw["actionId"])
    path = f"actions[{index}]"
    if len(action_id) > 50:
        problems.append(Problem(message="An actionId has at most 50 characters.", path=path))
    kind = str(raw.get("actionTypeId") or raw.get("type") or "")
    if not kind:
        problems.append(Problem(message="An action needs a type.", path=path, action_id=action_id))
    edges = (
        _branch_edges(raw, kind, path, problems)
        if kind in BRANCH_TYPES
        else (_edge(raw.get("connection")),)
    )
    return Node(action_id=action_id, kind=kind, raw=raw, edges=edges, index=index)


_ARMS = {
    "LIST_BRANCH": ("listBranches", "branchName"),
    "STATIC_BRANCH": ("staticBranches", "branchValue"),
    "AB_TEST_BRANCH": ("testBranches", "branchName"),
}


def _branch_edges(
    raw: Mapping[str, Any], kind: str, path: str, problems: list[Problem]
) -> tuple[Edge, ...]:
    """The arms in their order, then the default one."""
    key, name = _ARMS[kind]
    arms = raw.get(key, [])
    if not isinstance(arms, list) or not all(isinstance(arm, dict) for arm in arms):
        problems.append(Problem(message="This is a list of branches.", path=f"{path}.{key}"))
        arms = []
    edges = [
        _edge(arm.get("connection"), str(arm.get(name) or f"Branch {place}"))
        for place, arm in enumerate(arms, 1)
    ]
    default = raw.get("defaultBranch")
    # Some exports wrap the default branch like the others.
    if isinstance(default, dict) and "connection" in default:
        default = default["connection"]
    return (*edges, _edge(default, str(raw.get("defaultBranchName") or "None met")))


def _edge(connection: Any, label: str = "") -> Edge:
    """A connection; absent, null and empty all mean the end of the path (A-162)."""
    if not isinstance(connection, dict) or not connection.get("nextActionId"):
        return Edge(target=None, label=label)
    return Edge(
        target=str(connection["nextActionId"]),
        label=label,
        is_goto=str(connection.get("edgeType", "")).replace("-", "") == "GOTO",
    )


def _criteria(raw: Any, problems: list[Problem]) -> Criteria:
    """The enrollment criteria; absent means manual only (A-169)."""
    if raw is None:
        return Criteria()
    if not isinstance(raw, dict):
        problems.append(Problem(message="This is a JSON object.", path="enrollmentCriteria"))
        return Criteria()
    branch = raw.get("listFilterBranch")
    return Criteria(
        type=str(raw.get("type", "MANUAL")),
        filter_branch=branch if isinstance(branch, dict) else None,
        should_re_enroll=raw.get("shouldReEnroll") is True,
        raw=raw,
    )


def complete(document: Mapping[str, Any]) -> dict[str, Any]:
    """`document` with the top-level keys every flow has; nothing that is there is changed (A-156)."""
    is_contact = document.get("objectTypeId") == "0-1"
    defaults: dict[str, Any] = {
        "type": "CONTACT_FLOW" if is_contact else "PLATFORM_FLOW",
        "flowType": "WORKFLOW",
        "isEnabled": False,
        "actions": [],
        "timeWindows": [],
        "blockedDates": [],
        "customProperties": {},
        "dataSources": [],
    }
    if is_contact:
        defaults |= {"suppressionListIds": [], "canEnrollFromSalesforce": False}
    whole = defaults | dict(document)
    whole["nextAvailableActionId"] = _next_action_id(whole)
    return whole


def _next_action_id(document: Mapping[str, Any]) -> str:
    """One above every id in use or given: ids are never reused (W-074)."""
    given = str(document.get("nextAvailableActionId") or "1")
    ids = [str(raw.get("actionId")) for raw in document["actions"] if isinstance(raw, dict)]
    numbers = [int(text) for text in ids if text.isascii() and text.isdecimal()]
    floor = int(given) if given.isascii() and given.isdecimal() else 1
    return str(max([floor, *(number + 1 for number in numbers)]))


def graph_problems(flow: Flow) -> list[Problem]:
    """Dangling connections, unreachable actions and circles (W-075, W-378)."""
    problems: list[Problem] = []
    if flow.start is None:
        problems.append(Problem(message="Add at least one action.", path="startActionId"))
    for node in flow.nodes.values():
        problems += [
            Problem(
                message=f"It leads to {edge.target!r}, which is not there.",
                path=node.path,
                action_id=node.action_id,
            )
            for edge in node.edges
            if edge.target is not None and edge.target not in flow.nodes
        ]
    reached = reachable(flow)
    problems += [
        Problem(message="Nothing leads here.", path=node.path, action_id=node.action_id)
        for node in flow.nodes.values()
        if node.action_id not in reached
    ]
    circle = find_circle(flow)
    if circle:
        problems.append(
            Problem(message="The path comes back to this action.", action_id=circle,
                    path=flow.nodes[circle].path)
        )  # fmt: skip
    return problems


def reachable(flow: Flow) -> set[str]:
    """The ids of the nodes a record can come to."""
    found: set[str] = set()
    stack = [flow.start]
    while stack:
        action_id = stack.pop()
        if action_id is None or action_id in found or action_id not in flow.nodes:
            continue
        found.add(action_id)
        stack += [edge.target for edge in flow.nodes[action_id].edges]
    return found


def find_circle(flow: Flow) -> str | None:
    """The id of a node that a path comes back to, or None (W-262: the graph is acyclic)."""
    open_, done = set[str](), set[str]()
    stack: list[tuple[str, bool]] = [(flow.start, False)] if flow.start else []
    while stack:
        action_id, leaving = stack.pop()
        if leaving:
            open_.discard(action_id)
            done.add(action_id)
            continue
        if action_id in open_:
            return action_id
        if action_id in done or action_id not in flow.nodes:
            continue
        open_.add(action_id)
        stack.append((action_id, True))
        stack += [(edge.target, False) for edge in flow.nodes[action_id].edges if edge.target]
    return None
