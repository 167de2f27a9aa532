from __future__ import annotations

from django.apps import AppConfig

from crm.registry import discover


class EmailsConfig(AppConfig):
    name = "emails"
    verbose_name = "Marketing"

    def ready(self) -> None:
        discover("emails.event_types")
        discover("emails.tokens")
        discover("emails.transports")
