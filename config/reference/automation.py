"""Reference pages of workflows and emails: actions, messages, tokens."""

from __future__ import annotations

from config.reference.markdown import bullets, code, page, prose, table
from crm.objects import base as objects
from emails.tokens.base import token_sources
from subscriptions.features import describe_gates
from workflows.actions.base import Action, InputField, actions
from workflows.transports import transports


def actions_page() -> str:
    groups: dict[str, list[type[Action]]] = {}
    for kind in actions:
        groups.setdefault(kind.group, []).append(kind)
    blocks = []
    for group in sorted(groups):
        blocks.append(f"## {group}")
        blocks += [_action(kind) for kind in sorted(groups[group], key=lambda kind: kind.label)]
    return page(
        "Actions",
        "The steps a workflow can be made of: actions, delays and branches. The id is the"
        " `actionTypeId` of a step in the workflow's JSON, or its `type` where it has none; the"
        " inputs stand under `fields`.",
        *blocks,
    )


def _action(kind: type[Action]) -> str:
    shown = [objects.get(key).plural_label.lower() for key in sorted(kind.object_types)]
    facts = [
        f"Id {code(kind.action_type_id)}.",
        f"For {', '.join(shown) or 'every object'}.",
    ]
    if kind.feature is not None:
        facts.append(f"Needs {describe_gates(kind.feature.declared_gates())}.")
    if kind.runs_when_off:
        facts.append("Goes on in a workflow that is off.")
    blocks = [f"### {kind.label}", kind.description(), bullets(facts)]
    if kind.input_fields:
        headings = ["Input", "Name", "Type", "Options", "Also"]
        blocks.append(table(headings, [_input(item) for item in kind.input_fields.values()]))
    return "\n\n".join(blocks)


def _input(item: InputField) -> list[str]:
    kind = "enumeration" if item.options else item.type
    if item.references:
        kind += f" ({item.references.lower()})"
    options = ", ".join(f"{label} ({code(value)})" for value, label in item.options.items())
    also = [] if item.required else ["optional"]
    also += [item.help_text] if item.help_text else []
    return [item.label, code(item.name), kind, options, ". ".join(also)]


def tokens_page() -> str:
    rows = [[code(kind.name), prose(kind.__doc__)] for kind in token_sources]
    return page(
        "Personalization tokens",
        'What stands for a value in an email, as in `{{ contact.firstname | default: "there" }}`.',
        table(["Begin with", "Stand for"], rows),
    )


def messages_page() -> str:
    rows = [[code(kind.kind), prose(kind.__doc__)] for kind in transports]
    return page(
        "Outbox messages",
        "What can leave the house, and how. Each message is written with the effect that causes"
        " it and delivered after the commit.",
        table(["Kind", "Transport"], rows),
    )
