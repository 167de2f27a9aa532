"""Forms that say for teams and people, one line each, how far they may go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib.auth.models import User

from crm.admin_theme import SelectWidget
from crm.models import Team

Subject = User | Team
Choices = Sequence[tuple[str, str]]


def subjects() -> dict[str, Subject]:
    """Whom something can be given to, by the key in forms: teams first, then users.

    Superusers are left out: they may everything anyway.
    """
    users = User.objects.filter(is_active=True, is_staff=True, is_superuser=False)
    found: dict[str, Subject] = {f"team-{team.pk}": team for team in Team.objects.all()}
    return found | {f"user-{user.pk}": user for user in users.order_by("first_name", "username")}


def name_of(who: Subject) -> str:
    if isinstance(who, User):
        return who.get_full_name() or who.get_username()
    return f"Team {who}"


class SubjectsForm(forms.Form):
    """A line for everybody who was given something, and one to add somebody else.

    No level on a line takes the line away.
    """

    add = forms.ChoiceField(
        label="Add",
        required=False,
        widget=SelectWidget(),
        help_text="More can be added afterwards.",
    )
    add_level = forms.ChoiceField(label="With", widget=SelectWidget())

    def __init__(
        self, *args: Any, given: Mapping[Subject, str], levels: Choices, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.subjects = subjects()
        keys = {who: key for key, who in self.subjects.items()}
        self.known = {keys[who]: level for who, level in given.items() if who in keys}
        for key, level in self.known.items():
            self.fields[key] = forms.ChoiceField(
                label=name_of(self.subjects[key]),
                choices=[*levels, ("", "Remove from this list")],
                required=False,
                initial=level,
                widget=SelectWidget(),
            )
        self._offer("add_level", levels)
        others = [
            (key, name_of(who)) for key, who in self.subjects.items() if key not in self.known
        ]
        self._offer("add", [("", "A team or a person"), *others])

    def _offer(self, name: str, choices: Choices) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def rows(self) -> Sequence[forms.BoundField]:
        return [self[key] for key in self.known]

    def chosen(self) -> dict[Subject, str]:
        """Who gets what."""
        levels = {key: self.cleaned_data[key] for key in self.known}
        if self.cleaned_data["add"]:
            levels[self.cleaned_data["add"]] = self.cleaned_data["add_level"]
        return {self.subjects[key]: level for key, level in levels.items() if level}
