"""Pages of assets that may be kept to some: who sees and who changes one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from crm import access, sharing
from crm.admin.subjects import Subject, SubjectsForm, name_of
from crm.admin_theme import ModelAdmin
from crm.models import Shareable, Team

LEVELS = [(sharing.VIEW, "May see it"), (sharing.EDIT, "May change it")]
EVERYBODY, SOME = "everybody", "some"


def given_to(asset: Shareable) -> tuple[dict[Subject, str], bool]:
    """Which teams and users were given what, and whether the asset is restricted at all."""
    given, is_restricted = sharing.shared_with(asset)
    teams = {team.group_id: team for team in Team.objects.all()}
    found: dict[Subject, str] = {}
    for who, level in given.items():
        if isinstance(who, User):
            found[who] = level
        elif who.pk in teams:
            found[teams[who.pk]] = level
    return found, is_restricted


class SharingForm(SubjectsForm):
    """Who sees an asset, and who changes it."""

    audience = forms.ChoiceField(
        label="Who sees it",
        choices=[
            (EVERYBODY, "Everybody whose permission set has this tool"),
            (SOME, "Only these people and teams, and superusers"),
        ],
        widget=forms.RadioSelect,
    )


class SharedAdmin(ModelAdmin[Any]):
    """An admin of assets: shows those that the user may see, and who else does."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return sharing.open_to(request.user, super().get_queryset(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_allowed = super().has_change_permission(request, obj)
        return is_allowed and (obj is None or sharing.may_edit(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_allowed = super().has_delete_permission(request, obj)
        return is_allowed and (obj is None or sharing.may_edit(request.user, obj))

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_sharing"
        view = self.admin_site.admin_view(self.sharing_view)
        return [path("<int:asset_id>/sharing/", view, name=name), *super().get_urls()]

    def asset_url(self, asset: Any) -> str:
        """The page that the sharing leads back to."""
        return reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[asset.pk]
        )

    def sharing_view(self, request: HttpRequest, asset_id: int) -> HttpResponse:
        asset = get_object_or_404(self.get_queryset(request), pk=asset_id)
        if not self.has_change_permission(request, asset):
            raise PermissionDenied
        given, is_restricted = given_to(asset)
        initial = {"audience": SOME if is_restricted else EVERYBODY}
        form = SharingForm(request.POST or None, initial=initial, given=given, levels=LEVELS)
        if form.is_valid():
            _save(request, asset, form)
            return HttpResponseRedirect(self._next(request, asset))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Who sees {asset}",
            "opts": self.opts,
            "asset": asset,
            "form": form,
            "back": self.asset_url(asset),
        }
        return TemplateResponse(request, "admin/crm/sharing.html", context)

    def _next(self, request: HttpRequest, asset: Any) -> str:
        if "_continue" in request.POST:
            name = f"admin:{self.opts.app_label}_{self.opts.model_name}_sharing"
            return reverse(name, args=[asset.pk])
        return self.asset_url(asset)


def _save(request: HttpRequest, asset: Any, form: SharingForm) -> None:
    if form.cleaned_data["audience"] == EVERYBODY:
        sharing.unshare(asset)
        messages.success(request, "Everybody whose permission set has this tool sees it.")
        return
    chosen = form.chosen()
    user: Any = request.user
    if not access.of(user).is_unlimited and not _keeps(user, chosen):
        # Nobody locks themselves out.
        chosen[user] = sharing.EDIT
    sharing.share(
        asset,
        viewers=[_holder(who) for who, level in chosen.items() if level == sharing.VIEW],
        editors=[_holder(who) for who, level in chosen.items() if level == sharing.EDIT],
    )
    messages.success(request, "Saved who sees it.")


def _holder(who: Subject) -> User | Group:
    """By whom django-guardian knows a team."""
    return who if isinstance(who, User) else who.group


def _keeps(user: User, chosen: dict[Subject, str]) -> bool:
    mine = set(user.groups.values_list("pk", flat=True))
    return any(
        level == sharing.EDIT and (who == user if isinstance(who, User) else who.group_id in mine)
        for who, level in chosen.items()
    )


def panel(admin: ModelAdmin[Any], request: HttpRequest, asset: Any) -> dict[str, Any]:
    """What parts/sharing.html is given, on the page of an asset."""
    given, is_restricted = given_to(asset)
    name = f"admin:{admin.opts.app_label}_{admin.opts.model_name}_sharing"
    return {
        "sharing": {
            "is_restricted": is_restricted,
            "people": sorted(
                (name_of(who), dict(LEVELS)[level].lower()) for who, level in given.items()
            ),
            "url": reverse(name, args=[asset.pk])
            if admin.has_change_permission(request, asset)
            else "",
        }
    }
