from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate  # noqa: TID251 (Django's own, after migrate)
from django.utils.module_loading import autodiscover_modules

from crm.registry import discover


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = "CRM"

    def ready(self) -> None:
        discover("crm.property_types")
        discover("crm.objects")
        discover("crm.event_types")
        discover("crm.filters")
        autodiscover_modules("access_switches")
        autodiscover_modules("filter_types")
        autodiscover_modules("holdings")
        autodiscover_modules("list_users")
        post_migrate.connect(synchronise_catalogue, sender=self)


def synchronise_catalogue(**_: Any) -> None:
    from crm import catalogue

    catalogue.synchronise()
