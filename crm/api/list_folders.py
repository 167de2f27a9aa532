"""Lists: the folders they are in, /crm/v3/lists/folders (A-121)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from rest_framework.request import Request
from rest_framework.response import Response

from crm.api import wire
from crm.api.describing import describe, filtered
from crm.api.errors import NotFound
from crm.api.lists import ListEndpoint, find_folder, refusals
from crm.api.shapes import lists as shapes
from crm.api.values import as_moment
from crm.lists import folders
from crm.models import ListFolder

Children = Mapping[int | None, Sequence[ListFolder]]


class FolderEndpoint(ListEndpoint):
    """What endpoints of folders have in common."""

    def folder(self, key: str) -> ListFolder:
        number = wire.record_id(key)
        found = ListFolder.objects.filter(pk=number).first() if number else None
        if found is None:
            raise NotFound(f"There is no folder {key[:40]}.")
        return found

    def answer(self, folder: ListFolder | None) -> Response:
        """A folder with everything below it; None is the top, whose id is 0."""
        children: dict[int | None, list[ListFolder]] = defaultdict(list)
        for row in ListFolder.objects.order_by("name"):
            children[row.parent_id].append(row)
        lists: dict[int | None, list[int]] = defaultdict(list)
        for folder_id, key in self.lists().order_by("pk").values_list("folder_id", "pk"):
            lists[folder_id].append(key)
        body: shapes.OneFolder = {"folder": _shown(folder, children, lists)}
        return Response(body)


def _shown(
    folder: ListFolder | None, children: Children, lists: Mapping[int | None, list[int]]
) -> shapes.ListFolder:
    key = folder.pk if folder else None
    body: shapes.ListFolder = {
        "id": key or 0,
        "parentFolderId": (folder.parent_id if folder else 0) or 0,
        "name": folder.name if folder else "",
        "childNodes": [_shown(child, children, lists) for child in children.get(key, ())],
        "childLists": lists.get(key, []),
    }
    if folder is not None:
        body["createdAt"] = as_moment(folder.created_at)
        body["updatedAt"] = as_moment(folder.updated_at)
        if folder.created_by_id is not None:
            body["userId"] = folder.created_by_id
    return body


class Folders(FolderEndpoint):
    @describe(
        "Read a folder",
        answer=shapes.OneFolder,
        query=(filtered("folderId", "Its id; 0, the top, unless said."),),
    )
    def get(self, request: Request) -> Response:
        key = self.query.text("folderId", "0")
        return self.answer(None if wire.record_id(key) == 0 else self.folder(key))

    @describe("Create a folder", body=shapes.NewFolder, answer=shapes.OneFolder)
    def post(self, request: Request) -> Response:
        body = self.body()
        parent = find_folder(body.text("parentFolderId", "0"))
        with refusals():
            return self.answer(folders.create(body.text("name"), parent, self.token.user))


class OneFolder(FolderEndpoint):
    @describe("Delete an empty folder")
    def delete(self, request: Request, key: str) -> Response:
        with refusals():
            folders.delete(self.folder(key))
        return Response(status=204)


class Rename(FolderEndpoint):
    @describe(
        "Rename a folder",
        answer=shapes.OneFolder,
        query=(filtered("newFolderName", "The new name."),),
    )
    def put(self, request: Request, key: str) -> Response:
        with refusals():
            return self.answer(folders.rename(self.folder(key), self.query.text("newFolderName")))


class Move(FolderEndpoint):
    @describe("Move a folder", answer=shapes.OneFolder)
    def put(self, request: Request, key: str, parent: str) -> Response:
        with refusals():
            return self.answer(folders.move(self.folder(key), find_folder(parent)))


class MoveList(FolderEndpoint):
    @describe("Move a list into a folder", body=shapes.ListMove)
    def put(self, request: Request) -> Response:
        body = self.body()
        row = self.one(body.text("listId"))
        folders.put(row, find_folder(body.text("newFolderId")))
        return Response(status=204)
