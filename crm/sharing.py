"""Lists and other assets that are kept to some users and teams, by django-guardian's permissions.

What is not restricted is open to everybody who may see its kind at all. Asked for sets: one
subquery, however many assets and permissions there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q, QuerySet
from guardian.utils import get_group_obj_perms_model, get_user_obj_perms_model

from crm import access
from crm.models import Shareable

Asset = TypeVar("Asset", bound=Shareable)

VIEW, EDIT = "view", "change"


def open_to(user: Any, found: QuerySet[Asset], verb: str = VIEW) -> QuerySet[Asset]:
    """Those of some assets that a user may see (or, with EDIT, change)."""
    if access.of(user).is_unlimited:
        return found
    codenames = [f"{word}_{found.model._meta.model_name}" for word in {verb, EDIT}]
    users, groups = _tables(found.model)
    asked = {"permission__codename__in": codenames}
    allowed = Q(pk__in=users.filter(user=user, **asked).values("content_object")) | Q(
        pk__in=groups.filter(group__user=user, **asked).values("content_object")
    )
    return found.filter(Q(is_restricted=False) | allowed)


def may_edit(user: Any, asset: Shareable) -> bool:
    """Whether a user may change an asset, provided that the user may change its kind."""
    model: Any = type(asset)
    return open_to(user, model.objects.filter(pk=asset.pk), EDIT).exists()


def _tables(model: Any) -> tuple[QuerySet[Any], QuerySet[Any]]:
    """What users and what groups may do with assets of a model."""
    users: Any = get_user_obj_perms_model(model)
    groups: Any = get_group_obj_perms_model(model)
    return users.objects.all(), groups.objects.all()


@transaction.atomic
def share(
    asset: Shareable,
    *,
    viewers: Iterable[User | Group] = (),
    editors: Iterable[User | Group] = (),
) -> None:
    """Keep an asset to these users and groups; who may edit may see as well."""
    _clear(asset)
    users, groups = _tables(type(asset))
    edit, view = _permission(asset, EDIT), _permission(asset, VIEW)
    wanted: dict[User | Group, Permission] = dict.fromkeys(viewers, view)
    wanted |= dict.fromkeys(editors, edit)
    users.bulk_create(
        users.model(user=who, permission=what, content_object=asset)
        for who, what in wanted.items()
        if isinstance(who, User)
    )
    groups.bulk_create(
        groups.model(group=who, permission=what, content_object=asset)
        for who, what in wanted.items()
        if isinstance(who, Group)
    )
    _mark(asset, is_restricted=True)


@transaction.atomic
def unshare(asset: Shareable) -> None:
    """Open an asset to everybody who may see its kind."""
    _clear(asset)
    _mark(asset, is_restricted=False)


def _clear(asset: Shareable) -> None:
    for table in _tables(type(asset)):
        table.filter(content_object=asset).delete()


def _mark(asset: Shareable, *, is_restricted: bool) -> None:
    model: Any = type(asset)
    model.objects.filter(pk=asset.pk).update(is_restricted=is_restricted)
    asset.is_restricted = is_restricted


def _permission(asset: Shareable, verb: str) -> Permission:
    kind = ContentType.objects.get_for_model(asset)
    return Permission.objects.get(content_type=kind, codename=f"{verb}_{asset._meta.model_name}")


def shared_with(asset: Shareable) -> tuple[dict[User | Group, str], bool]:
    """Who was given what (VIEW or EDIT), and whether the asset is restricted at all."""
    users, groups = _tables(type(asset))
    found: dict[User | Group, str] = {}
    for table, name in ((users, "user"), (groups, "group")):
        for row in table.filter(content_object=asset).select_related(name, "permission"):
            found[getattr(row, name)] = row.permission.codename.partition("_")[0]
    return found, asset.is_restricted
