"""The reference page of the environment: what config reads, found in its code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.reference.markdown import code, page, table

CONFIG = Path(__file__).resolve().parent.parent

#: What each variable is for. A variable that is read and stands not here stops `describe`.
MEANINGS = {
    "ACCOUNT_FISCAL_YEAR_START": "The month, 1 to 12, that the account's fiscal year begins with.",
    "ACCOUNT_TIME_ZONE": "The account's time zone, such as Europe/Stockholm.",
    "ALLOWED_HOSTS": "Host names the web server answers to, with commas between them.",
    "BIND": "The address the web server listens on; 0.0.0.0 for every one.",
    "COHORT_DATA_DIR": "The folder for everything this installation writes; by default `var`.",
    "DATABASE_URL": "A PostgreSQL to use, such as postgresql://user:secret@host/name."
    " Without it an embedded one runs in the data folder.",
    "DEBUG": "Shows errors in the browser. Never for others than yourself.",
    "DEFAULT_FROM_EMAIL": "The sender of mails that name none.",
    "DEMO": "Whether a first start fills the account with demo data.",
    "EMAIL_URL": "The SMTP server, such as smtp+starttls://user:secret@host:587."
    " Without it mails stay in the local mailbox.",
    "HEARTBEAT_STALE_SECONDS": "After how long without a sign of life the workers are restarted.",
    "KEEP_EVENTS_DAYS": "For how many days events of records are kept; 0 for ever.",
    "KEEP_HISTORY_DAYS": "For how many days former values of properties are kept; 0 for ever.",
    "KEEP_IMPORT_FILES_DAYS": "For how many days the files of finished imports are kept; 0 for ever.",
    "KEEP_LOG_DAYS": "For how many days the steps of workflows are kept; 0 for ever.",
    "KEEP_OUTBOX_DAYS": "For how many days delivered messages are kept; 0 for ever.",
    "LOG_LEVEL": "How much is logged: DEBUG, INFO, WARNING or ERROR.",
    "MAILBOX_PORT": "The port of the local mailbox.",
    "PORT": "The port of the web server.",
    "REDIS_URL": "A Redis that carries the doorbells of the workers. Without it the database does.",
    "RESTORE_DAYS": "For how many days archived records can be restored; 0 for ever.",
    "SECRET_KEY": "The key that signs sessions and links, at least 50 characters."
    " Without it one is made in the data folder.",
    "SITE_URL": "Where people reach this installation; links in mails begin with it.",
    "STATEMENT_TIMEOUT": "After how many seconds the database gives up a statement.",
    "TRACKING_PER_ADDRESS": "How many page views and forms one address may report in a minute.",
    "TRACKING_PER_MINUTE": "How many page views and forms all together may report in a minute.",
    "TRUSTED_PROXIES": "Networks of proxies whose X-Forwarded-For is believed, such as"
    " 10.0.0.0/8, with commas between them.",
    "WEB_WORKERS": "Processes that answer the browser.",
    "WORKFLOW_OBJECTS": "Objects for which workflows can be made although they usually are not:"
    " tasks, line_items.",
    "WORKERS": "Processes that do the background work.",
}

#: What the functions of config.env read ...
KINDS = {
    "env_bool": "yes or no",
    "env_choice": "choice",
    "env_int": "number",
    "env_list": "list",
    "env_networks": "networks",
    "env_path": "path",
    "env_secret": "secret",
    "env_text": "text",
    "env_url": "URL",
}
#: ... and where their argument `default` stands.
PLACES = dict.fromkeys(KINDS, 1) | {"env_choice": 2}


class Undescribed(Exception):
    """A variable is read that nobody has described, or described and not read."""


@dataclass(frozen=True, kw_only=True)
class Variable:
    name: str
    kind: str
    #: As it stands in the code; "" where there is none.
    default: str


def variables() -> list[Variable]:
    """What the code of config reads, by name."""
    found: dict[str, Variable] = {}
    for path in sorted(CONFIG.rglob("*.py")):
        if "tests" in path.parts or path.name == "env.py":
            continue
        for variable in _reads(ast.parse(path.read_text(encoding="utf-8"))):
            known = found.get(variable.name)
            # The same variable may be read twice; the reading that knows more is shown.
            if known is None or (variable.default and not known.default) or known.kind == "text":
                found[variable.name] = variable
    return [found[name] for name in sorted(found)]


def _reads(tree: ast.AST) -> Iterator[Variable]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        function, name = node.func, node.args[0]
        called = function.attr if isinstance(function, ast.Attribute) else ""
        if called.startswith("env_") and isinstance(name, ast.Constant):
            yield Variable(
                name=str(name.value), kind=KINDS[called], default=_default(node, PLACES[called])
            )


def _default(call: ast.Call, place: int) -> str:
    """The default in the call, given by name or at `place`, if it is written out there."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "default"]
    for node in [*call.args[place : place + 1], *given]:
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            return "yes" if node.value else "no"
        if isinstance(node, ast.Constant) and node.value is not None:
            return str(node.value)
        if isinstance(node, ast.List):
            return ",".join(str(ast.literal_eval(item)) for item in node.elts)
    return ""


def environment_page() -> str:
    found = variables()
    names = {variable.name for variable in found}
    odd = names ^ set(MEANINGS)
    if odd:
        raise Undescribed(f"MEANINGS in {Path(__file__).name} and config differ: {sorted(odd)}.")
    rows = [
        [code(one.name), one.kind, code(one.default) if one.default else "", MEANINGS[one.name]]
        for one in found
    ]
    return page(
        "Environment variables",
        "Everything that differs between installations comes from the environment. A value that"
        " cannot be read stops the start with its name. A secret may also be given as"
        " `NAME_FILE`, the path of a file that holds it.",
        table(["Variable", "Kind", "Default", "Meaning"], rows),
    )
