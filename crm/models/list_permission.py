"""The tables in which django-guardian keeps who may see or edit which list."""

from __future__ import annotations

from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from crm.models.list import List


class ListUserPermission(UserObjectPermissionBase):
    content_object = models.ForeignKey(List, models.CASCADE)


class ListGroupPermission(GroupObjectPermissionBase):
    content_object = models.ForeignKey(List, models.CASCADE)
