"""What refers to a list: who deletes it has to know."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from crm.lists import listening
from crm.models import List
from crm.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Use:
    """Something that refers to a list."""

    list_id: int
    #: What it is, in one word.
    what: str
    name: str
    #: The name of its page's address in the admin, and its key there.
    page: str
    key: int


class ListUser:
    """A kind of thing that refers to lists; apps declare theirs in a module `list_users`."""

    name: ClassVar[str]

    def uses(self, list_ids: Collection[int]) -> list[Use]:
        """What of this kind refers to one of some lists."""
        raise NotImplementedError


list_users: Registry[ListUser] = Registry("user of lists", "name")


@list_users.register
class Lists(ListUser):
    """Dynamic lists whose filters ask who is in another list."""

    name = "lists"

    def uses(self, list_ids: Collection[int]) -> list[Use]:
        found = [
            (item.list_id, referred)
            for item in listening.dynamic()
            for referred in {key for one in item.dependencies for key in one.list_ids}
            if referred in list_ids
        ]
        names = dict(
            List.objects.filter(pk__in={key for key, _ in found}).values_list("pk", "name")
        )
        return [
            Use(list_id=referred, what="list", name=names[key], page="crm_list_change", key=key)
            for key, referred in found
        ]


def of(list_ids: Collection[int]) -> dict[int, list[Use]]:
    """What refers to lists, by their ids, by name."""
    found: dict[int, list[Use]] = {key: [] for key in list_ids}
    for user in list_users:
        for use in user().uses(found):
            found[use.list_id].append(use)
    return {key: sorted(some, key=lambda use: use.name.lower()) for key, some in found.items()}
