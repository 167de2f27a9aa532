"""The page "Plan & limits", and the catalogue behind it, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from subscriptions import overview, plans
from subscriptions.features import declared_features, declared_limits
from subscriptions.forms import PlanForm
from subscriptions.hubs import Tier
from subscriptions.models import AccountLimit, CatalogueRow, FeatureGate, LimitValue, Plan

if TYPE_CHECKING:
    # The theme is untyped; it extends Django's own classes.
    from django.contrib.admin import ModelAdmin
else:
    from unfold.admin import ModelAdmin

#: The pages of "Plan & limits", by the names of their templates.
TABS = {"owned": "What the account owns", "features": "Features", "limits": "Limits"}

Row = TypeVar("Row", bound=CatalogueRow)
Part = TypeVar("Part", bound=Model)


class PlanPartAdmin(ModelAdmin[Part]):
    """Rows that are part of the plan: this process sees a change of them at once."""

    def save_model(self, request: HttpRequest, obj: Part, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        plans.forget()

    def delete_model(self, request: HttpRequest, obj: Part) -> None:
        super().delete_model(request, obj)
        plans.forget()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Part]) -> None:
        super().delete_queryset(request, queryset)
        plans.forget()


@admin.register(Plan)
class PlanAdmin(ModelAdmin[Plan]):
    """One page instead of a list: an account has one plan."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Plan | None = None) -> bool:
        return False

    def change_view(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:subscriptions_plan_changelist"))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        # Read anew: another process may have changed it a moment ago.
        plan = plans.load()
        form = self._form(plan, request)
        if request.method == "POST":
            if not self.has_change_permission(request):
                raise PermissionDenied
            if form.is_valid():
                return self._save(request, form)
        context = self._context(request, plan, form) | (extra_context or {})
        return TemplateResponse(request, "admin/subscriptions/plan.html", context)

    def _form(self, plan: plans.AccountPlan, request: HttpRequest) -> PlanForm:
        data = [request.POST] if request.method == "POST" else []
        form = PlanForm(
            plan, *data, select=UnfoldAdminSelectWidget(), number=UnfoldAdminIntegerFieldWidget()
        )
        if not self.has_change_permission(request):
            for field in form.fields.values():
                field.disabled = True
        return form

    def _save(self, request: HttpRequest, form: PlanForm) -> HttpResponse:
        changed = form.save()
        if changed:
            self.log_change(request, Plan.objects.get(hub="marketing"), ", ".join(changed))
            messages.success(request, f"The plan was changed. {', '.join(changed)}.")
        return HttpResponseRedirect(reverse("admin:subscriptions_plan_changelist"))

    def _context(
        self, request: HttpRequest, plan: plans.AccountPlan, form: PlanForm
    ) -> dict[str, Any]:
        tab = request.GET.get("tab", "")
        tab = tab if tab in TABS else "owned"
        sections = overview.sections(plan)
        rows = [row for section in sections for row in section.features]
        is_narrowed = request.GET.get("show") == "locked"
        return {
            **self.admin_site.each_context(request),
            "title": "Plan & limits",
            "opts": self.opts,
            "tabs": [
                {"name": name, "label": label, "active": name == tab}
                for name, label in TABS.items()
            ],
            "tab_template": f"admin/subscriptions/plan_{tab}.html",
            "form": form,
            "may_change": self.has_change_permission(request),
            "tiers": list(Tier),
            "sections": overview.only_locked(sections) if is_narrowed else sections,
            "only_locked": is_narrowed,
            "counted": [row for one in sections for row in one.limits if row.used is not None],
            "locked_count": sum(not row.is_unlocked for row in rows),
            "feature_count": len(rows),
        }


class RowForm(forms.ModelForm[Row]):
    """A row of an editable list: its fields say to a screen reader what they are about."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{field.label} for {self.instance}"


class CatalogueAdmin(PlanPartAdmin[Row]):
    """Rows seeded from the declarations: values can be changed, and given back."""

    list_per_page = 200
    actions = ["give_back"]
    #: Which of the declarations the rows are about.
    kind_field = ""

    def kinds(self) -> dict[str, str]:
        """The labels of the declarations by name."""
        raise NotImplementedError

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if db_field.name == self.kind_field:
            choices = [(name, f"{label} ({name})") for name, label in self.kinds().items()]
            return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget())
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_changelist_form(
        self, request: HttpRequest, **kwargs: Any
    ) -> type[forms.ModelForm[Row]]:
        return super().get_changelist_form(request, **kwargs | {"form": RowForm})

    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> tuple[str, ...]:
        """What the row is about stays; another row can be added."""
        if obj is None or obj.declared is None:
            return ()
        return type(obj).key_fields

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """A seeded row would come back with the next release; only added ones can go."""
        added = obj is not None and obj.declared is None
        return added and super().has_delete_permission(request, obj)

    @admin.display(boolean=True, description="as shipped")
    def is_as_shipped(self, row: Row) -> bool:
        return not row.is_edited

    @admin.action(description="Give back the value it shipped with", permissions=["change"])
    def give_back(self, request: HttpRequest, rows: QuerySet[Row]) -> None:
        edited = [row for row in rows if row.is_edited and row.declared is not None]
        for row in edited:
            row.fill(row.declared)
            row.save()
        plans.forget()
        messages.success(request, f"{len(edited)} rows have the value they shipped with.")


@admin.register(FeatureGate)
class FeatureGateAdmin(CatalogueAdmin[FeatureGate]):
    """The table feature x hub: from which tier on."""

    kind_field = "feature"
    list_display = ["label", "hub", "tier", "together_with", "is_as_shipped"]
    list_editable = ["tier"]
    list_filter = ["hub", "tier"]
    search_fields = ["feature"]
    search_help_text = "The name of a feature, such as workflows.random_branch"

    def kinds(self) -> dict[str, str]:
        return {name: feature.label for name, feature in declared_features.items()}

    @admin.display(description="feature", ordering="feature")
    def label(self, row: FeatureGate) -> str:
        return self.kinds().get(row.feature, row.feature)

    @admin.display(description="together with", empty_value="")
    def together_with(self, row: FeatureGate) -> str:
        also = f"{row.get_also_hub_display()} {row.get_also_tier_display()}"
        return " and ".join(filter(None, [also if row.also_hub else "", row.get_add_on_display()]))


@admin.register(LimitValue)
class LimitValueAdmin(CatalogueAdmin[LimitValue]):
    """The table limit x plan."""

    kind_field = "limit"
    list_display = ["label", "hub", "tier", "value", "is_as_shipped"]
    list_editable = ["value"]
    list_filter = ["hub", "tier"]
    search_fields = ["limit"]
    search_help_text = "The name of a limit, such as workflows.custom_workflows"

    def kinds(self) -> dict[str, str]:
        return {name: limit.label for name, limit in declared_limits.items()}

    @admin.display(description="limit", ordering="limit")
    def label(self, row: LimitValue) -> str:
        return self.kinds().get(row.limit, row.limit)


@admin.register(AccountLimit)
class AccountLimitAdmin(PlanPartAdmin[AccountLimit]):
    """What this account has agreed on, whatever its plan says."""

    list_display = ["label", "value"]

    @admin.display(description="limit", ordering="limit")
    def label(self, row: AccountLimit) -> str:
        known = declared_limits.get(row.limit)
        return known.label if known else row.limit

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if db_field.name == "limit":
            choices = [(name, one.label) for name, one in declared_limits.items()]
            return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget())
        return super().formfield_for_dbfield(db_field, request, **kwargs)
