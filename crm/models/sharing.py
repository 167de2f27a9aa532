from __future__ import annotations

from django.db import models


class Shareable(models.Model):
    """Something staff make that may be kept to some of them (see crm.sharing).

    A flag, not the absence of rows: whoever is deleted as the last one with a permission must not
    open it to everybody.
    """

    is_restricted = models.BooleanField(
        "only for some", default=False, editable=False, db_default=False
    )

    class Meta:
        abstract = True
