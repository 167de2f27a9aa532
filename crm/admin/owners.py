from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from crm import teams
from crm.admin_theme import ModelAdmin
from crm.models import Owner


@admin.register(Owner)
class OwnerAdmin(ModelAdmin[Owner]):
    """The people who can own records."""

    list_display = ["__str__", "email", "user"]
    list_select_related = ["user"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["first_name", "last_name"]
    fieldsets = [
        (None, {"fields": ["email", "first_name", "last_name", "user"]}),
    ]

    def save_model(self, request: HttpRequest, obj: Owner, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        # Its teams may have another user in them now.
        teams.mirror()

    def has_delete_permission(self, request: HttpRequest, obj: Owner | None = None) -> bool:
        # Their ids stand in records and in histories.
        return False
