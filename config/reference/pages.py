"""The pages of docs/reference, by file name."""

from __future__ import annotations

from collections.abc import Callable

from config.reference import automation, catalogue, commands, environment, records
from config.reference.markdown import bullets, page

PAGES: dict[str, Callable[[], str]] = {
    "objects.md": records.objects_page,
    "property-types.md": records.property_types_page,
    "filters.md": records.filters_page,
    "actions.md": automation.actions_page,
    "tokens.md": automation.tokens_page,
    "messages.md": automation.messages_page,
    "plans.md": catalogue.plans_page,
    "commands.md": commands.commands_page,
    "environment.md": environment.environment_page,
}


def render() -> dict[str, str]:
    """The text of every page, the index included, by file name."""
    pages = {name: make() for name, make in PAGES.items()}
    titles = {name: text.partition("\n")[0].removeprefix("# ") for name, text in pages.items()}
    index = page(
        "Reference",
        "Written by `manage.py describe` from the declarations in the code; edit those.",
        bullets(f"[{title}]({name})" for name, title in titles.items()),
    )
    return {"README.md": index, **pages}
