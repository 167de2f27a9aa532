"""Importing a few lines, for tests."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile

from crm.imports import job as imports
from crm.imports.headings import LINE, REASON
from crm.models import ImportJob, PropertyHistory, Record
from crm.objects import base as objects


def started(content: str | bytes, object_type: str = "contacts", **more: Any) -> ImportJob:
    data = content.encode() if isinstance(content, str) else content
    return imports.start(ContentFile(data, name="people.csv"), object_type, **more)


def imported(content: str | bytes, object_type: str = "contacts", **more: Any) -> ImportJob:
    """The finished job of importing `content`."""
    job = started(content, object_type, **more)
    assert imports.run(job) is False
    job.refresh_from_db()
    return job


def numbers(job: ImportJob) -> tuple[int, int, int, int]:
    """Rows done, records created, records updated, rows rejected."""
    return (job.done_rows, job.created_records, job.updated_records, job.rejected_rows)


def rejects(job: ImportJob) -> list[tuple[int, str]]:
    """Line and reason of each rejected row."""
    if not job.rejects_file:
        return []
    text = Path(job.rejects_file.path).read_text(encoding="utf-8-sig")
    return [(int(row[LINE]), row[REASON]) for row in csv.DictReader(io.StringIO(text))]


def records(object_type: str = "0-1") -> list[Mapping[str, Any]]:
    """What people wrote into the records, without what follows from it."""
    found = Record.objects.filter(object_type=object_type, archived_at=None).order_by("pk")
    calculated = {
        item.name for item in objects.get(object_type).properties if item.calculation is not None
    }
    return [
        {name: value for name, value in values.items() if name not in calculated}
        for values in found.values_list("properties", flat=True)
    ]


def history() -> list[tuple[str, Any]]:
    """Everything that was ever written, oldest first."""
    return list(PropertyHistory.objects.order_by("pk").values_list("property_name", "value"))
