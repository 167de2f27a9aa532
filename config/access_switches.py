"""What permission sets say about the account itself."""

from __future__ import annotations

from crm.access_switches import Switch, everything_about, switches


@switches.register
class AccountSettings(Switch):
    """See the plan and change it, with its limits."""

    name = "account_settings"
    label = "Plan and limits"
    group = "Settings"
    order = 90
    grants = everything_about(
        "subscriptions.plan", "subscriptions.purchasedaddon", "subscriptions.featuregate",
        "subscriptions.limitvalue", "subscriptions.accountlimit",
    )  # fmt: skip
