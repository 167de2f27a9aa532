from __future__ import annotations

from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.utils.module_loading import module_has_submodule

from crm.registry import discover

#: Apps of ours whose admin is a folder: being in it is being registered.
FOLDERS = ("crm", "workflows")


class ConfigConfig(AppConfig):
    name = "config"
    default = True


class CohortAdminConfig(admin_apps.AdminConfig):
    """Django's admin with our site, and with admin modules that are folders."""

    default = False
    default_site = "config.admin_site.CohortAdminSite"

    def ready(self) -> None:
        super().ready()
        for name in FOLDERS:
            module = apps.get_app_config(name).module
            if module and module_has_submodule(module, "admin"):
                discover(f"{name}.admin")
