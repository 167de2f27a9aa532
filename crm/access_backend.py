"""Permission sets in the words of Django's permissions, by which the admin asks."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend

from crm import access


class PermissionSetBackend(BaseBackend):
    """Answers for whole tables; single records and assets are asked for by crm.access."""

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if obj is not None or user_obj.is_anonymous or not user_obj.is_active:
            return set()
        return set(access.of(user_obj).permissions)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether anything in an app may be seen."""
        return any(name.startswith(f"{app_label}.") for name in self.get_user_permissions(user_obj))
