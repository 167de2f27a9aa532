"""The admin site: its menu, its search and the pages that belong to no single model."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse

from crm.admin_theme import AdminSite


class CohortAdminSite(AdminSite):
    index_title = "Home"


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    return []


def search_records(request: HttpRequest, words: str) -> list[Any]:
    return []
