"""Pages of assets that may be kept to some: who sees and who changes one."""

from __future__ import annotations

from collections.abc import Sequence
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
from crm.admin_theme import ModelAdmin, SelectWidget
from crm.models import Team

LEVELS = [("", "No access"), (sharing.VIEW, "May see it"), (sharing.EDIT, "May change it")]
EVERYBODY, SOME = "everybody", "some"


def subjects() -> dict[str, User | Group]:
    """Everybody an asset can be shared with by the key in forms: teams first, then users."""
    teams = Team.objects.select_related("group")
    users = User.objects.filter(is_active=True, is_staff=True, is_superuser=False)
    found: dict[str, User | Group] = {f"team-{team.pk}": team.group for team in teams}
    return found | {f"user-{user.pk}": user for user in users.order_by("first_name", "username")}


def name_of(who: User | Group) -> str:
    if isinstance(who, User):
        return who.get_full_name() or who.get_username()
    team = getattr(who, "team", None)
    return f"Team {team}" if team else str(who)


class SharingForm(forms.Form):
    """Who has access now, each with a level, and one more to add."""

    audience = forms.ChoiceField(
        label="Who sees it",
        choices=[
            (EVERYBODY, "Everybody who sees such things"),
            (SOME, "Only the people and teams below, and superusers"),
        ],
        widget=forms.RadioSelect,
    )
    add = forms.ChoiceField(label="Add", required=False, widget=SelectWidget())
    add_level = forms.ChoiceField(label="They", choices=LEVELS[1:], widget=SelectWidget())

    def __init__(self, data: Any, asset: Any) -> None:
        self.given, is_restricted = sharing.shared_with(asset)
        super().__init__(data, initial={"audience": SOME if is_restricted else EVERYBODY})
        self.subjects = subjects()
        keys = {who: key for key, who in self.subjects.items()}
        self.known = {keys[who]: level for who, level in self.given.items() if who in keys}
        for key, level in self.known.items():
            self.fields[key] = forms.ChoiceField(
                label=name_of(self.subjects[key]),
                choices=LEVELS,
                required=False,
                initial=level,
                widget=SelectWidget(),
            )
        add = self.fields["add"]
        assert isinstance(add, forms.ChoiceField)
        add.choices = [
            ("", "Choose a team or a person"),
            *((key, name_of(who)) for key, who in self.subjects.items() if key not in self.known),
        ]

    def rows(self) -> Sequence[forms.BoundField]:
        return [self[key] for key in self.known]

    def chosen(self) -> dict[User | Group, str]:
        """Who gets what; those that the form does not know keep what they have."""
        levels = {key: self.cleaned_data[key] for key in self.known}
        if self.cleaned_data["add"]:
            levels[self.cleaned_data["add"]] = self.cleaned_data["add_level"]
        listed = {self.subjects[key]: level for key, level in levels.items() if level}
        others = {
            who: level for who, level in self.given.items() if who not in self.subjects.values()
        }
        return others | listed


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
        form = SharingForm(request.POST or None, asset)
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
        messages.success(request, "Everybody who sees such things sees it.")
        return
    chosen = form.chosen()
    user: Any = request.user
    if not access.of(user).is_unlimited and not _keeps(user, chosen):
        # Nobody locks themselves out.
        chosen[user] = sharing.EDIT
    sharing.share(
        asset,
        viewers=[who for who, level in chosen.items() if level == sharing.VIEW],
        editors=[who for who, level in chosen.items() if level == sharing.EDIT],
    )
    messages.success(request, "Saved who sees it.")


def _keeps(user: User, chosen: dict[User | Group, str]) -> bool:
    mine = {user, *user.groups.all()}
    return any(who in mine and level == sharing.EDIT for who, level in chosen.items())


def panel(admin: ModelAdmin[Any], request: HttpRequest, asset: Any) -> dict[str, Any]:
    """What parts/sharing.html is given, on the page of an asset."""
    given, is_restricted = sharing.shared_with(asset)
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
