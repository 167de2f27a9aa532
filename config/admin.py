"""Users and groups, dressed in the theme; what a user may do and with whom."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from crm import access, users
from crm.access import Access
from crm.admin_theme import (
    AdminPasswordChangeForm,
    CheckboxesWidget,
    ModelAdmin,
    SelectWidget,
    UserChangeForm,
    UserCreationForm,
    display,
)
from crm.models import PermissionSet, Team
from crm.users import Place

admin.site.unregister(User)
admin.site.unregister(Group)

ACCESS = ("What the user may do", {"fields": ("permission_set", "main_team", "extra_teams")})
#: What somebody who is no superuser changes of another.
LIMITED: Any = (
    (None, {"fields": ("username",)}),
    ("Personal info", {"fields": ("first_name", "last_name", "email")}),
    ("Log in", {"fields": ("is_active", "is_staff")}),
    ACCESS,
)


class UserForm(UserChangeForm[User]):
    """A user with the permission set and the teams."""

    permission_set = forms.ModelChoiceField(
        PermissionSet.objects.all(),
        required=False,
        empty_label="None: sees no records",
        widget=SelectWidget(),
        help_text="Superusers need none: they may do everything.",
    )
    main_team = forms.ModelChoiceField(
        Team.objects.all(),
        required=False,
        empty_label="None",
        widget=SelectWidget(),
        help_text="Who is in a team is an owner, so the user needs an email address.",
    )
    extra_teams = forms.ModelMultipleChoiceField(
        Team.objects.all(), required=False, widget=CheckboxesWidget
    )

    #: Who changes the user.
    by: Access = Access()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            found = users.every().filter(pk=self.instance.pk).first()
            place = users.place_of(found) if found else Place()
            self.initial.update(
                permission_set=place.permission_set,
                main_team=place.main_team,
                extra_teams=list(place.extra_teams),
            )

    def place(self) -> Place:
        given = self.cleaned_data
        main = given.get("main_team")
        return Place(
            permission_set=given.get("permission_set"),
            main_team=main,
            extra_teams=[team for team in given.get("extra_teams") or [] if team != main],
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "permission_set" not in self.fields:
            return given
        for name, message in users.problems(given.get("email", ""), self.place(), self.by).items():
            self.add_error(name, ValidationError(message))
        return given


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], ModelAdmin[User]):
    """People who log in."""

    form: Any = UserForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = (
        "username",
        "get_full_name",
        "email",
        "permission_set",
        "main_team",
        "is_active",
    )
    list_filter = ("is_active", "is_superuser")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return users.every()

    @display(description="Permission set")
    def permission_set(self, user: User) -> str:
        if user.is_superuser:
            return "Superuser"
        found = users.place_of(user).permission_set
        return str(found) if found else "–"

    @display(description="Team")
    def main_team(self, user: User) -> str:
        found = users.place_of(user).main_team
        return str(found) if found else "–"

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return super().get_fieldsets(request, obj)
        if not access.of(request.user).is_unlimited:
            return LIMITED
        first, personal, *others = super().get_fieldsets(request, obj)
        return (first, personal, ACCESS, *others)

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> type[Any]:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type("UserForm", (form,), {"by": access.of(request.user)})

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        is_allowed = super().has_change_permission(request, obj)
        return is_allowed and (obj is None or users.has_rights_over(obj, access.of(request.user)))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Everything that hangs on a user would go along; others take the log-in away.
        return access.of(request.user).is_unlimited

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    @transaction.atomic
    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if isinstance(form, UserForm):
            users.put(form.instance, form.place(), access.of(request.user))


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin[Group]):
    """Groups that staff made; those of teams follow the teams."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).filter(team=None)
