from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate  # noqa: TID251 - Django's own, the way to seed
from django.utils.module_loading import autodiscover_modules


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"
    verbose_name = "Settings"

    def ready(self) -> None:
        from subscriptions import seeding

        autodiscover_modules("features")
        post_migrate.connect(seeding.after_migrate, sender=self)
