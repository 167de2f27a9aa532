"""Tokens of the API: staff make them, see them once, and revoke them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from crm import access, clock
from crm.access import Access
from crm.admin_theme import CheckboxesWidget, ModelAdmin, display
from crm.api import scopes, tokens
from crm.models import ApiToken


def _scopes(rights: Access) -> list[tuple[str, str]]:
    """What a user may let a program do: no more than the user may do."""
    return [(name, name) for name in scopes.known() if scopes.is_allowed(name, rights)]


SHOWN = (
    "name", "beginning", "user", "state", "scopes", "created_at", "expires_at", "last_used",
)  # fmt: skip


class TokenForm(forms.ModelForm[ApiToken]):
    scopes = forms.MultipleChoiceField(
        widget=CheckboxesWidget,
        help_text="What the program may do. Give no more than it needs.",
    )

    class Meta:
        model = ApiToken
        fields = ["name", "scopes", "expires_at"]

    #: Who makes the token.
    rights: Access = Access()

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if ApiToken.objects.filter(name=name, grant=None).exists():
            raise forms.ValidationError("There is a token with this name already.")
        return name

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("scopes")
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = _scopes(self.rights)


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin[ApiToken]):
    """A token stays as it was made; it can only be revoked."""

    form = TokenForm
    list_display = ["name", "beginning", "user", "state", "last_used"]
    list_select_related = ["user", "usage"]
    search_fields = ["name", "prefix"]
    ordering = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        # Those of connected apps come and go by themselves.
        found = super().get_queryset(request).filter(grant=None)
        rights = access.of(request.user)
        return found if rights.is_unlimited else found.filter(user=rights.user_id)

    def get_form(
        self, request: HttpRequest, obj: ApiToken | None = None, change: bool = False, **kwargs: Any
    ) -> type[Any]:
        form = super().get_form(request, obj, change, **kwargs)
        return type("TokenForm", (form,), {"rights": access.of(request.user)})

    @display(description="Token")
    def beginning(self, token: ApiToken) -> str:
        return f"{token.prefix}…"

    @display(description="State")
    def state(self, token: ApiToken) -> str:
        return tokens.why_invalid(token, clock.now()) or "Valid"

    @display(description="Last used")
    def last_used(self, token: ApiToken) -> Any:
        return token.usage.last_used_at if hasattr(token, "usage") else None

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> list[Any]:
        return ["name", "scopes", "expires_at"] if obj is None else list(SHOWN)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> list[str]:
        return [] if obj is None else list(SHOWN)

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        secret = tokens.new_secret()
        obj.user = request.user
        tokens.keep(obj, secret)
        super().save_model(request, obj, form, change)
        messages.warning(request, f"Copy the token now, it is not shown again: {secret}")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Revokes: histories keep naming the token."""
        token = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.has_delete_permission(request, token):
            raise PermissionDenied
        if request.method == "POST":
            tokens.revoke(token)
            messages.success(request, f"{token} revoked.")
            return HttpResponseRedirect(reverse("admin:crm_apitoken_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Revoke {token}?",
            "opts": self.opts,
            "record": token,
            "explanation": "The program can do nothing more from now on. This cannot be undone.",
            "back": reverse("admin:crm_apitoken_change", args=[token.pk]),
        }
        return TemplateResponse(request, "admin/crm/archive.html", context)
