"""Apps of other people that users connect with OAuth."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from crm.admin_theme import CheckboxesWidget, ModelAdmin, TextareaWidget, display
from crm.api import oauth
from crm.models import OAuthApp

SHOWN = ("name", "client_id", "addresses", "scopes", "users", "user", "created_at")


class AppForm(forms.ModelForm[OAuthApp]):
    redirect_uris = forms.CharField(
        label="Redirect URLs",
        widget=TextareaWidget(attrs={"rows": 3}),
        help_text="Where users are sent back to, one per line.",
    )
    scopes = forms.MultipleChoiceField(
        widget=CheckboxesWidget, help_text="What the app may ask users for."
    )

    class Meta:
        model = OAuthApp
        fields = ["name", "redirect_uris", "scopes"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("scopes")
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(name, name) for name in oauth.known_scopes()]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if OAuthApp.objects.filter(name=name, archived_at=None).exists():
            raise forms.ValidationError("There is an app with this name already.")
        return name

    def clean_redirect_uris(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["redirect_uris"].splitlines()]
        addresses = list(dict.fromkeys(line for line in lines if line))
        problems = [
            f"{address[:100]}: {problem}"
            for address in addresses
            if (problem := oauth.why_bad_redirect(address))
        ]
        if problems:
            raise forms.ValidationError(problems)
        return addresses


@admin.register(OAuthApp)
class OAuthAppAdmin(ModelAdmin[OAuthApp]):
    """An app stays as it was made; it can only be disconnected."""

    form = AppForm
    list_display = ["name", "client_id", "users", "created_at"]
    search_fields = ["name"]
    ordering = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[OAuthApp]:
        connected = Count("grants__user", filter=Q(grants__revoked_at=None), distinct=True)
        return super().get_queryset(request).filter(archived_at=None).annotate(connected=connected)

    @display(description="Users")
    def users(self, app: OAuthApp) -> int:
        count: int = getattr(app, "connected", 0)
        return count

    @display(description="Redirect URLs")
    def addresses(self, app: OAuthApp) -> str:
        return ", ".join(app.redirect_uris)

    def get_fields(self, request: HttpRequest, obj: OAuthApp | None = None) -> list[Any]:
        return ["name", "redirect_uris", "scopes"] if obj is None else list(SHOWN)

    def get_readonly_fields(self, request: HttpRequest, obj: OAuthApp | None = None) -> list[str]:
        return [] if obj is None else list(SHOWN)

    def has_change_permission(self, request: HttpRequest, obj: OAuthApp | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: OAuthApp, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        obj.user = request.user
        secret = oauth.register(obj)
        super().save_model(request, obj, form, change)
        messages.warning(request, f"Copy the client secret now, it is not shown again: {secret}")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Disconnects: histories keep naming the app."""
        app = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.has_delete_permission(request, app):
            raise PermissionDenied
        if request.method == "POST":
            oauth.disconnect(app)
            messages.success(request, f"{app} disconnected.")
            return HttpResponseRedirect(reverse("admin:crm_oauthapp_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Disconnect {app}?",
            "opts": self.opts,
            "record": app,
            "explanation": "It can do nothing more from now on, for nobody. This cannot be undone.",
            "back": reverse("admin:crm_oauthapp_change", args=[app.pk]),
        }
        return TemplateResponse(request, "admin/crm/archive.html", context)
