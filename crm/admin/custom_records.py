"""Lists and pages of custom objects: they come and go in every process as the objects do.

Django fixes its addresses when a process starts. Where the custom objects have changed since, the
admin is told of them and the addresses are made anew, before the next request is answered.
"""

from __future__ import annotations

import importlib
import threading
from dataclasses import dataclass, field

from django.apps import apps
from django.apps.registry import Apps
from django.conf import settings
from django.contrib import admin
from django.urls import clear_url_caches

from crm.admin.record_models import model_of as new_model_of
from crm.admin.records import admin_of
from crm.models import Record
from crm.objects import custom
from crm.objects.base import ObjectType
from crm.objects.custom import CustomObject


@dataclass
class _Shown:
    """What the admin of this process knows: by type id."""

    kinds: dict[str, type[CustomObject]] = field(default_factory=dict)
    models: dict[str, type[Record]] = field(default_factory=dict)


_shown = _Shown()
_lock = threading.Lock()


def follow() -> None:
    """Bring the pages of this process up to the custom objects there are; one query if they are."""
    if _wanted() == _shown.kinds:
        return
    with _lock:
        # Read again: another thread may have followed, or know more than this one did.
        wanted = _wanted()
        if wanted == _shown.kinds:
            return
        _show(wanted)
        importlib.reload(importlib.import_module(settings.ROOT_URLCONF))
        clear_url_caches()


def _wanted() -> dict[str, type[CustomObject]]:
    custom.refresh()
    return {kind.type_id: kind for kind in custom.live()}


def _show(wanted: dict[str, type[CustomObject]]) -> None:
    before, models = _shown.kinds, dict(_shown.models)
    for key in [key for key in before if wanted.get(key) is not before[key]]:
        admin.site.unregister(models.pop(key))
    for key, kind in wanted.items():
        if key not in models:
            models[key] = _new_model(kind)
            admin.site.register(models[key], admin_of(kind))
    _shown.kinds, _shown.models = wanted, models


def _new_model(kind: type[CustomObject]) -> type[Record]:
    # Kept apart: all other models stay as they were when the process started.
    kept = Apps()
    model = new_model_of(kind, kept)
    # The theme asks the model for the name of its app.
    kept.app_configs = apps.app_configs
    return model


def model_of(kind: type[ObjectType]) -> type[Record] | None:
    """The model of the records of a custom object, None if this process has no pages of it yet."""
    return _shown.models.get(kind.type_id)
