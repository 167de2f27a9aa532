"""What a permission set switches on or off beside the access to records.

Every app declares what belongs to it in its own access_switches module.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from crm.registry import Registry


class Switch:
    """One thing that a user may do or not. The docstring says what, for the form."""

    name: ClassVar[str]
    label: ClassVar[str]
    #: The heading it stands under.
    group: ClassVar[str] = "CRM"
    order: ClassVar[int] = 50
    #: Permissions of Django that come with it: "crm.view_list".
    grants: ClassVar[tuple[str, ...]] = ()


switches: Registry[Switch] = Registry("switch", "name")


def in_order() -> list[type[Switch]]:
    return sorted(switches, key=lambda item: (item.order, item.name))


def granted(names: Iterable[str]) -> frozenset[str]:
    """The permissions of Django that come with some switches."""
    found = (switches.find(name) for name in names)
    return frozenset(permission for item in found if item for permission in item.grants)


def everything_about(*models: str) -> tuple[str, ...]:
    """All four permissions of some models, such as "crm.list"."""
    split = (model.split(".") for model in models)
    return tuple(
        f"{app}.{verb}_{model}"
        for app, model in split
        for verb in ("view", "add", "change", "delete")
    )


IMPORT = "import"
EXPORT = "export"
BULK_DELETE = "bulk_delete"
EDIT_PROPERTIES = "edit_properties"
VIEW_LISTS = "view_lists"
MANAGE_LISTS = "manage_lists"
MANAGE_USERS = "manage_users"
API_TOKENS = "api_tokens"


@switches.register
class Import(Switch):
    """Bring in files; rows touch only records that the user may edit."""

    name = IMPORT
    label = "Import"
    order = 10
    grants = ("crm.view_importjob", "crm.add_importjob", "crm.change_importjob")


@switches.register
class Export(Switch):
    """Take out files with the records and properties that the user sees."""

    name = EXPORT
    label = "Export"
    order = 11
    grants = everything_about("crm.exportjob")


@switches.register
class BulkDelete(Switch):
    """Archive many records at once."""

    name = BULK_DELETE
    label = "Archive in bulk"
    order = 12


@switches.register
class ViewLists(Switch):
    """See lists, and of their members the records that the user sees."""

    name = VIEW_LISTS
    label = "See lists"
    order = 20
    grants = ("crm.view_list",)


@switches.register
class ManageLists(Switch):
    """Make lists, change them and who is in them."""

    name = MANAGE_LISTS
    label = "Manage lists"
    order = 21
    grants = everything_about("crm.list", "crm.listfolder")


@switches.register
class EditProperties(Switch):
    """Change properties, pipelines, object types and association labels."""

    name = EDIT_PROPERTIES
    label = "Edit properties and pipelines"
    group = "Settings"
    order = 60
    grants = everything_about(
        "crm.property", "crm.propertygroup", "crm.pipeline", "crm.pipelinestage",
        "crm.objectschema", "crm.associationtype", "crm.customevent",
        "crm.customeventproperty", "crm.form", "crm.trackedsite",
    )  # fmt: skip


@switches.register
class ManageUsers(Switch):
    """Add users, put them into teams, and give them permission sets no larger than the own one."""

    name = MANAGE_USERS
    label = "Manage users and teams"
    group = "Settings"
    order = 70
    grants = (
        "auth.view_user", "auth.add_user", "auth.change_user", "crm.view_permissionset",
        *everything_about("crm.team", "crm.owner"),
    )  # fmt: skip


@switches.register
class ApiTokens(Switch):
    """Make API tokens; a program with one may do what the user may do, and no more."""

    name = API_TOKENS
    label = "Make API tokens"
    group = "Settings"
    order = 80
    grants = ("crm.view_apitoken", "crm.add_apitoken", "crm.delete_apitoken")
