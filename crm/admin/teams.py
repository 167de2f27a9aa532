"""Teams: their names, which is part of which, and who is in them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse

from crm import teams
from crm.admin_theme import CheckboxesWidget, ModelAdmin, SelectWidget, TextInputWidget, display
from crm.models import Owner, Team


class TeamForm(forms.ModelForm[Team]):
    members = forms.ModelMultipleChoiceField(
        Owner.objects.none(),
        required=False,
        widget=CheckboxesWidget,
        help_text="It becomes the main team of those who have none yet.",
    )

    class Meta:
        model = Team
        fields = ["name", "parent"]
        widgets = {"name": TextInputWidget(), "parent": SelectWidget()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("members")
        if isinstance(field, forms.ModelMultipleChoiceField):
            field.queryset = Owner.objects.filter(archived_at=None).order_by(
                "first_name", "last_name", "email"
            )
            if self.instance.pk:
                self.initial["members"] = list(
                    self.instance.members.values_list("owner_id", flat=True)
                )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        above, mine = given.get("parent"), self.instance.pk
        if above and mine and teams.is_below(above.pk, mine):
            self.add_error("parent", ValidationError(teams.CIRCLE))
        return given


@admin.register(Team)
class TeamAdmin(ModelAdmin[Team]):
    """Who works together. Whoever is in a team above sees what its teams below own."""

    empty_text = "Teams share what their members own, as far as permission sets say so."
    form = TeamForm
    fields = ["name", "parent", "members"]
    list_display = ["name", "parent", "member_count"]
    list_select_related = ["parent"]
    search_fields = ["name"]
    ordering = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        return super().get_queryset(request).annotate(counted=Count("members"))

    @display(description="Members")
    def member_count(self, team: Any) -> int:
        counted: int = team.counted
        return counted

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        # A team is not archived, as most things here are.
        context = {"delete_word": "Delete", **(extra_context or {})}
        answer: HttpResponse = super().changeform_view(request, object_id, form_url, context)
        return answer

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: bool) -> None:
        teams.save(obj)
        if "members" in form.cleaned_data:
            teams.fill(obj, form.cleaned_data["members"])

    def delete_model(self, request: HttpRequest, obj: Team) -> None:
        teams.delete(obj)
