"""The one module that knows the admin theme (django-unfold); everybody imports from here.

The theme is untyped, so the type checker is shown Django's own classes, which it extends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite, ModelAdmin, TabularInline, display
    from django.contrib.admin import SimpleListFilter as DropdownFilter
    from django.contrib.admin import SimpleListFilter as TextFilter
    from django.contrib.admin.views.main import ChangeList
    from django.contrib.auth.forms import (
        AdminPasswordChangeForm,
        UserChangeForm,
        UserCreationForm,
    )
    from django.forms import CheckboxInput as CheckboxWidget
    from django.forms import CheckboxSelectMultiple as CheckboxesWidget
    from django.forms import ClearableFileInput as FileWidget
    from django.forms import Select as SelectWidget
    from django.forms import Textarea as TextareaWidget
    from django.forms import TextInput as TextInputWidget
else:
    from django.contrib.admin import ShowFacets
    from unfold.admin import ModelAdmin as ThemeModelAdmin
    from unfold.admin import TabularInline
    from unfold.contrib.filters.admin import DropdownFilter, TextFilter
    from unfold.decorators import display
    from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
    from unfold.sites import UnfoldAdminSite as AdminSite
    from unfold.views import ChangeList
    from unfold.widgets import (
        UnfoldAdminCheckboxSelectMultipleWidget as CheckboxesWidget,
    )
    from unfold.widgets import UnfoldAdminFileFieldWidget as FileWidget
    from unfold.widgets import UnfoldAdminSelectWidget as SelectWidget
    from unfold.widgets import UnfoldAdminTextareaWidget as TextareaWidget
    from unfold.widgets import UnfoldAdminTextInputWidget as TextInputWidget
    from unfold.widgets import UnfoldBooleanWidget as CheckboxWidget

    class ModelAdmin(ThemeModelAdmin):
        """The theme's, without the counts beside every filter: tables may hold millions of rows."""

        show_facets = ShowFacets.NEVER


from unfold.contrib.filters.forms import DropdownForm
from unfold.dataclasses import SearchResult
from unfold.paginator import InfinitePaginator

__all__ = [
    "AdminPasswordChangeForm",
    "AdminSite",
    "ChangeList",
    "CheckboxWidget",
    "CheckboxesWidget",
    "DropdownFilter",
    "FileWidget",
    "InfinitePaginator",
    "ModelAdmin",
    "PlainDropdownForm",
    "SearchResult",
    "SelectWidget",
    "TabularInline",
    "TextFilter",
    "TextInputWidget",
    "TextareaWidget",
    "UserChangeForm",
    "UserCreationForm",
    "display",
]


class PlainDropdownForm(DropdownForm):  # type: ignore[misc]
    """The dropdown of a list filter as the browser's own select: no script, keyboard included."""

    widget: Any = SelectWidget()
