"""What an account can own: hubs at a tier, and add-ons."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import IntegerChoices, TextChoices


class Hub(TextChoices):
    """A product line that is bought at a tier of its own."""

    MARKETING = "marketing", "Marketing Hub"
    SALES = "sales", "Sales Hub"
    SERVICE = "service", "Service Hub"
    #: Called Operations Hub until 2025.
    DATA = "data", "Data Hub"
    COMMERCE = "commerce", "Commerce Hub"
    SMART_CRM = "smart_crm", "Smart CRM"

    @property
    def short(self) -> str:
        """The name without "Hub", for tables."""
        return self.label.removesuffix(" Hub")


class Tier(IntegerChoices):
    """How much of a hub an account has; a higher tier holds all that a lower one does."""

    FREE = 0, "Free"
    STARTER = 1, "Starter"
    PROFESSIONAL = 2, "Professional"
    ENTERPRISE = 3, "Enterprise"


class AddOn(TextChoices):
    """Something bought on top of the hubs, in a number of pieces."""

    MARKETING_SMS = "marketing_sms", "Marketing SMS"
    BRANDS = "brands", "Brands"
    WORKFLOW_PACK = "workflow_pack", "Workflow pack"
    CREDITS = "credits", "Breeze Intelligence credits"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One way to unlock a feature: all that it names has to be owned."""

    hub: Hub
    tier: Tier
    also_hub: Hub | None = None
    also_tier: Tier = Tier.FREE
    add_on: AddOn | None = None
