"""Pipelines of deals, tickets and leads, each with its stages on one page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from crm import pipelines
from crm.admin_theme import ModelAdmin, SelectWidget, TabularInline, TextInputWidget, display
from crm.models import Pipeline, PipelineStage
from crm.objects import base as objects
from crm.pipelines import InvalidPipeline, StageGiven


def _object_types() -> list[tuple[str, str]]:
    return [(kind.type_id, kind.plural_label) for kind in objects.in_order() if kind.pipelines]


class PipelineForm(forms.ModelForm[Pipeline]):
    object_type = forms.ChoiceField(
        label="For",
        choices=_object_types,
        widget=SelectWidget(),
        help_text="It begins with the usual stages, which you change next.",
    )

    class Meta:
        model = Pipeline
        fields = ["object_type", "label", "display_order"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["object_type"]


class StageForm(forms.ModelForm[PipelineStage]):
    """A stage: its name, what it means, its place."""

    state = forms.ChoiceField(widget=SelectWidget())
    display_order = forms.IntegerField(
        label="Position", min_value=0, required=False, widget=TextInputWidget(attrs={"size": 4})
    )

    class Meta:
        model = PipelineStage
        fields = ["label", "state", "display_order"]

    def __init__(self, *args: Any, object_type: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not object_type:
            # The theme asks for a form of no pipeline, to look at its fields.
            return
        rule = pipelines.rules(object_type)
        state, field = self.instance.metadata.get(rule.state_name, ""), self.fields["state"]
        choices = dict(rule.states)
        if state:
            choices.setdefault(state, state)
        assert isinstance(field, forms.ChoiceField)
        field.choices, field.label = list(choices.items()), rule.state_label
        self.initial["state"] = state


class StageFormSet(forms.BaseInlineFormSet[PipelineStage, Pipeline, forms.ModelForm[Any]]):
    """All stages of a pipeline, saved by crm.pipelines at once."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "object_type": self.instance.object_type}

    def clean(self) -> None:
        super().clean()
        if not self.given():
            raise forms.ValidationError("A pipeline needs a stage.")
        for form in self.deleted_forms:
            if form.instance.pk:
                pipelines.refuse_in_use(form.instance)

    def given(self) -> list[StageGiven]:
        """What was filled in, in the order of the positions; rows without one come last."""
        rule = pipelines.rules(self.instance.object_type)
        filled = [
            form
            for form in self.forms
            if form not in self.deleted_forms and form.cleaned_data.get("label")
        ]
        places = {form: form.cleaned_data.get("display_order") for form in filled}
        filled.sort(key=lambda form: (places[form] is None, places[form] or 0))
        return [
            StageGiven(
                stage_id=form.instance.stage_id,
                label=form.cleaned_data["label"],
                metadata={rule.state_name: form.cleaned_data["state"]},
            )
            for form in filled
        ]


class StageInline(TabularInline[PipelineStage, Pipeline]):
    model = PipelineStage
    form = StageForm
    formset = StageFormSet
    extra = 0
    verbose_name = "stage"
    verbose_name_plural = "Stages"

    def get_queryset(self, request: HttpRequest) -> QuerySet[PipelineStage]:
        return super().get_queryset(request).filter(archived_at=None)


@admin.register(Pipeline)
class PipelineAdmin(ModelAdmin[Pipeline]):
    """What the stages of deals, tickets and leads are called and mean."""

    form = PipelineForm
    list_display = ["label", "contained_in", "stage_names"]
    ordering = ["object_type", "display_order", "pk"]
    search_fields = ["label"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Pipeline]:
        found = super().get_queryset(request).filter(archived_at=None)
        return found.prefetch_related("stages")

    @display(description="For")
    def contained_in(self, pipeline: Pipeline) -> str:
        return objects.get(pipeline.object_type).plural_label

    @display(description="Stages")
    def stage_names(self, pipeline: Pipeline) -> str:
        return ", ".join(one.label for one in pipeline.stages.all() if one.archived_at is None)

    def get_fields(self, request: HttpRequest, obj: Pipeline | None = None) -> list[Any]:
        first = "object_type" if obj is None else "contained_in"
        return [first, "label"] if obj is None else [first, "label", "display_order"]

    def get_readonly_fields(self, request: HttpRequest, obj: Pipeline | None = None) -> list[Any]:
        return [] if obj is None else ["contained_in"]

    def get_inlines(self, request: HttpRequest, obj: Pipeline | None) -> list[Any]:
        return [] if obj is None else [StageInline]

    def save_model(self, request: HttpRequest, obj: Pipeline, form: Any, change: bool) -> None:
        if change:
            pipelines.change(obj, label=obj.label, display_order=obj.display_order)
            return
        stages = pipelines.usual_stages(obj.object_type)
        made = pipelines.create(obj.object_type, obj.label, stages)
        obj.pk, obj.pipeline_id = made.pk, made.pipeline_id

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        for formset in formsets:
            pipelines.set_stages(formset.instance, formset.given())
            # The log of the admin asks for them.
            formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []

    def response_add(
        self, request: HttpRequest, obj: Pipeline, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(request, f"{obj} added. These are its stages.")
        return HttpResponseRedirect(reverse("admin:crm_pipeline_change", args=[obj.pk]))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        pipeline = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.has_delete_permission(request, pipeline):
            raise PermissionDenied
        back = reverse("admin:crm_pipeline_change", args=[pipeline.pk])
        if request.method == "POST":
            try:
                pipelines.archive(pipeline)
            except InvalidPipeline as error:
                messages.error(request, " ".join(error.messages))
                return HttpResponseRedirect(back)
            messages.success(request, f"{pipeline} archived.")
            return HttpResponseRedirect(reverse("admin:crm_pipeline_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Archive {pipeline}?",
            "opts": self.opts,
            "record": pipeline,
            "explanation": "Its stages can no longer be chosen. Records have to be moved first.",
            "back": back,
        }
        return TemplateResponse(request, "admin/crm/archive.html", context)
