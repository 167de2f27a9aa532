"""Who or what changed a record, in words: "Liv Dahl", "import contacts.csv", "workflow Welcome"."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar

from django.contrib.auth import get_user_model
from django.urls import reverse

from crm.changes import SourceKind
from crm.models import ImportJob
from crm.registry import Registry


@dataclass(frozen=True)
class Origin:
    """What the history noted about a change: the kind of source, its id, the user."""

    kind: str
    id: str
    user_id: int | None = None


@dataclass(frozen=True)
class Words:
    """An origin for people, with a page to look at where there is one."""

    text: str
    url: str = ""


class SourceWords:
    """Explains the origins of one kind, many at once."""

    kind: ClassVar[str]

    def words(self, origins: Collection[Origin]) -> Mapping[Origin, Words]:
        raise NotImplementedError


source_words: Registry[SourceWords] = Registry("source", "kind")


def explain(origins: Collection[Origin]) -> dict[Origin, Words]:
    """All of `origins` in words; kinds nobody explains keep their name."""
    explained: dict[Origin, Words] = {}
    for kind in sorted({origin.kind for origin in origins}):
        some = [origin for origin in origins if origin.kind == kind]
        explainer = source_words.find(kind)
        if explainer is not None:
            explained.update(explainer().words(some))
    plain = {
        origin: Words(origin.kind.replace("_", " ").capitalize())
        for origin in origins
        if origin not in explained
    }
    return explained | plain


@source_words.register
class UserWords(SourceWords):
    kind = SourceKind.CRM_UI.value

    def words(self, origins: Collection[Origin]) -> Mapping[Origin, Words]:
        users = get_user_model().objects.in_bulk({item.user_id for item in origins if item.user_id})
        return {
            item: Words(users[item.user_id].get_full_name() or users[item.user_id].get_username())
            if item.user_id in users
            else Words("a user")
            for item in origins
        }


@source_words.register
class MergeWords(UserWords):
    """A merge by a user, or by a program."""

    kind = SourceKind.MERGE.value

    def words(self, origins: Collection[Origin]) -> Mapping[Origin, Words]:
        users = super().words(origins)
        return {
            item: Words(f"a merge by {users[item].text}" if item.user_id else "a merge")
            for item in origins
        }


@source_words.register
class ImportWords(SourceWords):
    kind = SourceKind.IMPORT.value

    def words(self, origins: Collection[Origin]) -> Mapping[Origin, Words]:
        ids = {int(item.id) for item in origins if item.id.isdecimal()}
        jobs = ImportJob.objects.in_bulk(ids)
        return {
            item: self._of(jobs.get(int(item.id)) if item.id.isdecimal() else None)
            for item in origins
        }

    def _of(self, job: ImportJob | None) -> Words:
        if job is None:
            return Words("an import")
        return Words(
            f"import {job.file_name}", reverse("admin:crm_importjob_change", args=[job.pk])
        )


@source_words.register
class ApiWords(SourceWords):
    kind = SourceKind.API.value

    def words(self, origins: Collection[Origin]) -> Mapping[Origin, Words]:
        return {item: Words(f"the API ({item.id})" if item.id else "the API") for item in origins}


@source_words.register
class SystemWords(SourceWords):
    kind = SourceKind.SYSTEM.value

    def words(self, origins: Collection[Origin]) -> Mapping[Origin, Words]:
        return {item: Words("Cohort") for item in origins}
