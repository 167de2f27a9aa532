"""The admin site: its menu, its search and the pages that belong to no single model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from crm import access, search
from crm.admin.values import definitions_of
from crm.admin_theme import AdminSite, SearchResult
from crm.models import Record
from crm.objects.base import ObjectType, in_order
from crm.sql import SQL, join, rows, sql

#: Results per object type in the search of the menu.
MOST_FOUND = 5
#: Tables of packages that mean nothing to staff; the health page says what matters of them.
HIDDEN_APPS = {"django_q"}
#: The group of the menu that is closed until somebody opens it or is inside.
MORE = "More records"


class CohortAdminSite(AdminSite):
    index_title = "Home"
    index_template = "admin/home.html"

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        # Late: the modules of the apps' admin import this site.
        from config import dashboard

        return super().index(request, {**dashboard.context(request), **(extra_context or {})})

    def extra_urls(self) -> list[URLPattern]:
        """The theme asks for pages of our own here, which it puts before the models' ones."""
        from crm.admin import api_pages
        from crm.admin.filter_builder import views as filter_builder
        from workflows.admin import health

        return [
            path("health/", self.admin_view(health.respond), name="health"),
            path("api/", self.admin_view(api_pages.respond), name="api"),
            *filter_builder.urls(self),
        ]

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Like Django's, leaving out the tables of the packages we build on."""
        given = (
            model_or_iterable if isinstance(model_or_iterable, Iterable) else [model_or_iterable]
        )
        ours = [model for model in given if model._meta.app_label not in HIDDEN_APPS]
        super().register(ours, admin_class, **options)


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu: groups of links, those the user may follow."""
    groups = (
        ("", [_page("Home", "home", "admin:index")]),
        ("CRM", _crm_items(request)),
        (MORE, _record_items(request, in_main_menu=False)),
        ("Automation", [_model(request, "workflows.Workflow", "Workflows", "account_tree")]),
        ("Marketing", _marketing_items(request)),
        ("Settings", _settings_items(request)),
    )
    shown = ((title, [item for item in items if item]) for title, items in groups)
    return [
        {"title": title, "separator": bool(title), "collapsible": title == MORE, "items": items}
        for title, items in shown
        if items
    ]


Item = dict[str, Any] | None


def _record_items(request: HttpRequest, *, in_main_menu: bool) -> list[Item]:
    return [
        _records(request, kind, kind.plural_label)
        for kind in in_order()
        if kind.in_main_menu == in_main_menu
    ]


def _crm_items(request: HttpRequest) -> list[Item]:
    return [
        *_record_items(request, in_main_menu=True),
        _model(request, "crm.List", "Lists", "list_alt"),
        _model(request, "crm.Property", "Properties", "tune"),
        _model(request, "crm.ObjectSchema", "Custom objects", "category"),
        _model(request, "crm.AssociationType", "Association labels", "link"),
        _model(request, "crm.Pipeline", "Pipelines", "view_kanban"),
        _model(request, "crm.CustomEvent", "Events", "bolt"),
        _model(request, "crm.ImportJob", "Imports", "upload"),
        _model(request, "crm.ExportJob", "Exports", "download"),
    ]


def _marketing_items(request: HttpRequest) -> list[Item]:
    is_local = settings.EMAIL_TRANSPORT.is_local_mailbox
    user: Any = request.user
    sees_mail = is_local and user.has_perm("workflows.view_outboxmessage")
    return [
        _model(request, "emails.Email", "Emails", "mail"),
        _model(request, "crm.Form", "Forms", "list_alt_add"),
        _model(request, "crm.TrackedSite", "Tracking", "travel_explore"),
        _page("Mailbox", "inbox", "emails:mailbox") if sees_mail else None,
        _model(request, "workflows.OutboxMessage", "Outbox", "outbox"),
    ]


def _settings_items(request: HttpRequest) -> list[Item]:
    user: Any = request.user
    return [
        _model(request, "subscriptions.Plan", "Plan & limits", "workspace_premium"),
        _model(request, "auth.User", "Users", "person"),
        _model(request, "crm.Team", "Teams", "groups"),
        _model(request, "crm.PermissionSet", "Permission sets", "shield_person"),
        _model(request, "auth.Group", "Groups", "group"),
        _model(request, "crm.Owner", "Owners", "badge"),
        _model(request, "crm.ApiToken", "API tokens", "key"),
        _model(request, "crm.OAuthApp", "Connected apps", "extension"),
        _page("API", "api", "admin:api") if user.has_perm("crm.view_apitoken") else None,
        _page("Health", "monitor_heart", "admin:health"),
    ]


def _model(request: HttpRequest, label: str, title: str, icon: str) -> Item:
    """A link to the list of a model, None when the user may not see it."""
    return _registered(request, apps.get_model(label), title, icon)


def _records(request: HttpRequest, kind: type[ObjectType], title: str) -> Item:
    """A link to the list of the records of a type, None when the user may not see it."""
    # Late: the modules of the apps' admin import this site.
    from crm.admin import custom_records
    from crm.admin.record_models import record_models

    model = record_models.get(kind.type_id) or custom_records.model_of(kind)
    return _registered(request, model, title, kind.icon) if model else None


def _registered(request: HttpRequest, model: type[Model], title: str, icon: str) -> Item:
    registered = admin.site._registry.get(model)  # noqa: SLF001 (Django has no other way to ask)
    if registered is None or not registered.has_view_permission(request):
        return None
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    return _page(title, icon, name)


def _page(title: str, icon: str, name: str) -> Item:
    return {"title": title, "icon": icon, "link": reverse(name)}


def search_records(request: HttpRequest, words: str) -> list[SearchResult]:
    """Records of every type for the search of the menu, by two queries."""
    kinds = {
        kind.type_id: (kind, item["link"])
        for kind in in_order()
        if (item := _records(request, kind, kind.label))
    }
    if not kinds:
        return []
    selects = [
        sql(
            "(SELECT record_id FROM ({found}) f LIMIT {most})",
            found=_matching(request, type_id, words),
            most=MOST_FOUND,
        )
        for type_id in kinds
    ]
    ids = [row[0] for row in rows(join(" UNION ALL ", selects))]
    records = Record.objects.filter(pk__in=ids, archived_at=None).order_by("-pk")
    places = {type_id: place for place, type_id in enumerate(kinds)}
    return [
        SearchResult(
            title=kind.title(record.properties, record.pk),
            description=kind.label,
            link=f"{link}{record.pk}/",
            icon=kind.icon,
        )
        for record in sorted(records, key=lambda record: places[record.object_type])
        for kind, link in [kinds[record.object_type]]
    ]


def _matching(request: HttpRequest, type_id: str, words: str) -> SQL:
    """A SELECT of the records whose text has all words, those alone that the user sees."""
    found = search.matching(type_id, words)
    rights = access.of(request.user)
    condition = rights.visible(type_id)
    if condition is None and not rights.hidden(type_id):
        return found
    text = search.matches(definitions_of(request, type_id), words)
    return sql(
        "SELECT r.id AS record_id FROM crm_record r"
        " WHERE r.id IN ({found}) AND {text} AND {is_seen}",
        found=found,
        text=text,
        is_seen=condition or SQL("true"),
    )
