"""Records that become one or go for good: /crm/v3/objects/{type}/merge and /gdpr-delete."""

from __future__ import annotations

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from crm import erasure, merging
from crm.access import Verb
from crm.api import identity, records, scopes, wire, writing
from crm.api.describing import describe
from crm.api.endpoint import Endpoint
from crm.api.errors import ApiError, Forbidden, NotFound
from crm.api.objects import RecordEndpoint
from crm.api.records import Asked
from crm.api.rules import SUPERUSERS
from crm.api.shapes import records as shapes
from crm.merging import CannotMerge
from crm.objects.base import ObjectType


class Merge(RecordEndpoint):
    @describe("Merge two records", body=shapes.Merge, answer=shapes.Record)
    def post(self, request: Request, object_type: str) -> Response:
        """The primary record is left (A-070); the id of the other one means it from now on."""
        kind = self.kind(object_type, scopes.WRITE)
        body = self.body()
        keys = [body.text("primaryObjectId").strip(), body.text("objectIdToMerge").strip()]
        definitions = self.rights.definitions(kind.type_id)
        found = identity.find(kind, definitions, "", keys, rights=self.rights)
        missing = [key for key in keys if key not in found]
        if missing:
            raise writing.not_found(kind, missing)
        primary, secondary = (found[key] for key in keys)
        self._require_rights(kind, primary, secondary)
        try:
            writing.persistently(
                kind, lambda: merging.merge(kind.type_id, primary, secondary, self.source)
            )
        except CannotMerge as error:
            raise ApiError(" ".join(error.messages)) from error
        shown = records.read(kind, [primary], definitions, Asked(rights=self.rights))
        return Response(shown[0])

    def _require_rights(self, kind: type[ObjectType], primary: int, secondary: int) -> None:
        """Both records are changed, and the second one is archived."""
        both = {primary, secondary}
        may_edit = self.rights.allowed(kind.type_id, both, Verb.EDIT) == both
        if not may_edit or not self.rights.allowed(kind.type_id, {secondary}, Verb.DELETE):
            raise Forbidden(f"The user of this token may not merge these {kind.plural}.")


class Erase(Endpoint):
    rule = SUPERUSERS

    @describe("Erase a contact", body=shapes.Erasure)
    def post(self, request: Request, object_type: str) -> Response:
        """A contact goes for good with all that is kept about it, as the GDPR asks for.

        An email address, whether anybody has it or not, is blocked for imports.
        """
        kind = self.kind(object_type, scopes.WRITE)
        if kind.type_id != erasure.CONTACT:
            raise NotFound
        body = self.body()
        key = body.text("objectId").strip()
        id_property = body.text("idProperty", "")
        if id_property == erasure.EMAIL:
            self._by_address(kind, key)
        elif id_property in ("", identity.RECORD_ID):
            self._by_id(kind, key)
        else:
            raise ApiError("idProperty may only be email.")
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _by_id(self, kind: type[ObjectType], key: str) -> None:
        given = wire.record_id(key)
        if given is None:
            raise NotFound
        record_id = merging.resolve([given]).get(given, given)
        erased = writing.persistently(
            kind, lambda: erasure.erase(kind.type_id, [record_id], self.source)
        )
        if not erased:
            raise NotFound

    def _by_address(self, kind: type[ObjectType], address: str) -> None:
        """An address that nobody has is blocked all the same, as at HubSpot."""
        if "@" not in address:
            raise ApiError("objectId must be an email address.")

        def erase() -> None:
            erasure.erase(kind.type_id, erasure.having(address), self.source)
            erasure.block([address])

        writing.persistently(kind, erase)
