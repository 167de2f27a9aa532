from __future__ import annotations

from django.urls import path

from crm.tracking import pages

app_name = "tracking"
urlpatterns = [
    path("tracking/cohort.js", pages.script, name="script"),
    path("tracking/collect", pages.collect, name="collect"),
]
