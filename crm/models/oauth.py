from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class OAuthApp(models.Model):
    """A program of somebody else that asks users for access (RFC 6749)."""

    #: Stands in the history of what the app writes.
    name = models.CharField(max_length=100)
    client_id = models.UUIDField(unique=True, editable=False)
    #: SHA-256 of the client secret, which is random.
    secret_digest = models.CharField(max_length=64, editable=False)
    #: Where users are sent back to; compared letter for letter.
    redirect_uris = ArrayField(models.CharField(max_length=500))
    #: What it may ask users for, in HubSpot's words.
    scopes = ArrayField(models.CharField(max_length=100), default=list)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", editable=False
    )
    created_at = models.DateTimeField(editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "connected app"
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(archived_at=None), name="crm_oauthapp_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OAuthGrant(models.Model):
    """What a user allowed an app to do. Its digest is that of the refresh token."""

    app = models.ForeignKey(OAuthApp, models.CASCADE, related_name="grants")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=100), default=list)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.app_id} for {self.user_id}"


class OAuthCode(models.Model):
    """An authorization code: for minutes, for one use, and only a digest of it."""

    app = models.ForeignKey(OAuthApp, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    redirect_uri = models.CharField(max_length=500)
    scopes = ArrayField(models.CharField(max_length=100), default=list)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    #: What came of it, so that a code that is used twice takes that back.
    grant = models.ForeignKey(OAuthGrant, models.CASCADE, null=True, related_name="+")

    def __str__(self) -> str:
        return f"code for {self.app_id}"
