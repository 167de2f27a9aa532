from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from crm.registry import discover


class WorkflowsConfig(AppConfig):
    name = "workflows"
    verbose_name = "Automation"

    def ready(self) -> None:
        discover("workflows.actions")
        autodiscover_modules("workflow_actions")
