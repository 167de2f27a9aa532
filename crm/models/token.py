from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class ApiToken(models.Model):
    """The key of a program that uses the API. Only a digest of it is stored."""

    #: Stands in the history of what the program writes.
    name = models.CharField(max_length=100)
    #: Answers for the program; a user who is not active takes the tokens along.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    #: Its first characters, by which people recognise it.
    prefix = models.CharField(max_length=20, editable=False)
    #: SHA-256 in hexadecimal; the tokens are random, so that needs no salt.
    digest = models.CharField(max_length=64, unique=True, editable=False)
    #: In HubSpot's words: "crm.objects.contacts.read".
    scopes = ArrayField(models.CharField(max_length=100), default=list)
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)
    #: Of an access token of a connected app: what it was given for.
    grant = models.ForeignKey(
        "crm.OAuthGrant", models.CASCADE, null=True, editable=False, related_name="tokens"
    )

    class Meta:
        verbose_name = "API token"
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(grant=None), name="crm_apitoken_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ApiUsage(models.Model):
    """How often a token was used in the present ten seconds and on the present day.

    Unlogged: counting costs no write to the journal, and a crash of the database may forget it.
    """

    token = models.OneToOneField(ApiToken, models.CASCADE, primary_key=True, related_name="usage")
    #: Seconds since 1970 by ten: which ten seconds `burst` counts.
    burst_window = models.BigIntegerField()
    burst = models.IntegerField()
    #: Days since 1970: which day `daily` counts.
    day = models.IntegerField()
    daily = models.IntegerField()
    last_used_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.daily} requests of {self.token_id}"
