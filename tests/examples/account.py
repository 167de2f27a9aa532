"""The account, its people and what a token may do."""

from __future__ import annotations

from crm.models import Owner, PermissionSet
from crm.tests.people import new_team
from tests.recording import Call

USERS = "/settings/v3/users"


def tell(call: Call) -> None:
    call("GET", "/account-info/v3/details")
    call("POST", "/oauth/v2/private-apps/get/access-token-info", {"tokenKey": call.api.secret})
    owner = Owner.objects.create(
        email="ines@example.com", first_name="Ines", last_name="Roth", user=call.api.token.user
    )
    call("GET", "/crm/v3/owners", query={"email": owner.email})
    call("GET", "/crm/v3/owners/{key}", key=owner.pk)
    PermissionSet.objects.create(name="Sales")
    new_team("North")
    call("GET", f"{USERS}/roles")
    call("GET", f"{USERS}/teams")
    made = call("POST", USERS, {"email": "ola@example.com", "firstName": "Ola"})
    call("GET", USERS, query={"limit": 10})
    call("PUT", f"{USERS}/{{key}}", {"lastName": "Wik"}, key=made["id"])
    call("GET", f"{USERS}/{{key}}", key=made["id"])
    call("DELETE", f"{USERS}/{{key}}", key=made["id"])
