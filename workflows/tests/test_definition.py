from __future__ import annotations

import pytest

from workflows.definition import DefinitionError, Edge, complete, find_circle, graph_problems, parse
from workflows.tests.documents import LEADS, Json, branch, city, delay, edit, flow, list_based


def messages(document: object) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        parse(document)
    return [str(problem) for problem in caught.value.problems]


def test_nodes_keep_their_raw_json_and_know_their_ways_out() -> None:
    document = flow(
        edit("1", "city", "Oslo", then="2"),
        branch("2", [("North", city("Tromsø"), "3")], default=None),
        edit("3", "city", "Bodø"),
    )
    read = parse(document)
    assert read.start == "1"
    assert read.nodes["1"].kind == "0-5"
    assert read.nodes["1"].raw is document["actions"][0]
    assert read.nodes["1"].edges == (Edge(target="2"),)
    assert read.nodes["2"].edges == (
        Edge(target="3", label="North"),
        Edge(target=None, label="Others"),
    )


@pytest.mark.parametrize("connection", [None, {}, {"edgeType": "STANDARD", "nextActionId": ""}])
def test_absent_null_and_empty_connections_all_end_the_path(connection: object) -> None:
    document = flow({**edit("1", "city", "Oslo"), "connection": connection})
    assert parse(document).nodes["1"].edges == (Edge(target=None),)


@pytest.mark.parametrize("spelling", ["GOTO", "GO-TO"])
def test_both_spellings_of_go_to_are_read(spelling: str) -> None:
    jump = {"edgeType": spelling, "nextActionId": "2"}
    document = flow({**edit("1", "city", "Oslo"), "connection": jump}, edit("2", "city", "Bergen"))
    assert parse(document).nodes["1"].edges == (Edge(target="2", is_goto=True),)


def test_a_wrapped_default_branch_is_read_like_a_bare_one() -> None:
    bare = branch("1", [], default="2")
    wrapped = {**bare, "defaultBranch": {"connection": bare["defaultBranch"]}}
    assert parse(flow(wrapped)).nodes["1"].edges == parse(flow(bare)).nodes["1"].edges


def test_criteria_say_who_and_whether_again() -> None:
    read = parse(flow(edit("1", "city", "Oslo"), criteria=list_based(LEADS, again=True)))
    assert (read.criteria.type, read.criteria.should_re_enroll) == ("LIST_BASED", True)
    assert read.criteria.filter_branch == LEADS


@pytest.mark.parametrize(
    ("_case", "document", "expected"),
    [
        ("not an object", [], ["A workflow is a JSON object."]),
        (
            "start that is not there",
            {**flow(edit("1", "city", "x")), "startActionId": "9"},
            ["startActionId: There is no action '9'."],
        ),
        (
            "id twice",
            flow(edit("1", "city", "x"), edit("1", "city", "y")),
            ["actions[1]: The id '1' occurs twice."],
        ),
        (
            "type of another object",
            {**flow(edit("1", "city", "x")), "type": "PLATFORM_FLOW"},
            ["type: The type of this object's workflows is CONTACT_FLOW."],
        ),
        (
            "action without an id",
            {**flow(edit("1", "city", "x")), "actions": [{}], "startActionId": None},
            ["actions[0]: An action needs an actionId."],
        ),
    ],
)
def test_what_cannot_be_stored_is_named_with_its_path(
    _case: str, document: object, expected: list[str]
) -> None:
    assert messages(document) == expected


def test_every_mistake_is_reported_at_once() -> None:
    document = {**flow(edit("1", "city", "x"), edit("1", "city", "y")), "startActionId": "9"}
    assert len(messages(document)) == 2


def test_completing_adds_missing_keys_and_changes_none() -> None:
    given: Json = {"objectTypeId": "0-1", "actions": [edit("7", "city", "x")], "extra": {"a": None}}
    whole = complete(given)
    assert whole["nextAvailableActionId"] == "8"
    assert whole["type"] == "CONTACT_FLOW"
    assert whole["suppressionListIds"] == []
    assert {key: whole[key] for key in given} == given


def test_ids_are_never_given_again() -> None:
    given = {"objectTypeId": "0-3", "actions": [], "nextAvailableActionId": "12"}
    assert complete(given)["nextAvailableActionId"] == "12"


def test_the_walk_goes_down_every_branch_in_its_order() -> None:
    read = parse(
        flow(
            branch("1", [("A", LEADS, "2"), ("B", LEADS, "4")], default="5"),
            edit("2", "city", "x", then="3"),
            delay("3", 1),
            edit("4", "city", "x"),
            edit("5", "city", "x"),
        )
    )
    assert [(node.action_id, depth, label) for node, depth, label in read.walk()] == [
        ("1", 0, ""),
        ("2", 1, "A"),
        ("3", 1, ""),
        ("4", 1, "B"),
        ("5", 1, "Others"),
    ]


def test_circles_dangling_ways_and_unreachable_steps_are_found() -> None:
    read = parse(
        flow(
            edit("1", "city", "x", then="2"),
            edit("2", "city", "x", then="1"),
            edit("3", "city", "x", then="9"),
        )
    )
    assert find_circle(read) == "1"
    assert [(problem.action_id, problem.message) for problem in graph_problems(read)] == [
        ("3", "It leads to '9', which is not there."),
        ("3", "Nothing leads here."),
        ("1", "The path comes back to this action."),
    ]


def test_two_ways_to_one_step_are_no_circle() -> None:
    read = parse(flow(branch("1", [("A", LEADS, "2")], default="2"), edit("2", "city", "x")))
    assert find_circle(read) is None
    assert graph_problems(read) == []
