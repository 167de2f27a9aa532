from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from subscriptions import plans
from subscriptions.features import declared_limits
from subscriptions.hubs import AddOn, Hub, Tier
from subscriptions.models import AccountLimit, FeatureGate, LimitValue, Plan

pytestmark = pytest.mark.django_db

PLAN = "/admin/subscriptions/plan/"
GATES = "/admin/subscriptions/featuregate/"
LIMITS = "/admin/subscriptions/limitvalue/"
AGREED = "/admin/subscriptions/accountlimit/"


@pytest.fixture
def viewer(db: None) -> Client:
    """Somebody who may look at the plan and nothing else."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_plan"))
    client = Client()
    client.force_login(user)
    return client


def filled(**changes: Any) -> dict[str, Any]:
    """The form as it stands, with `changes`."""
    plan = plans.load()
    form = {hub.value: plan.tier(hub).value for hub in Hub}
    return {**form, **{name.value: plan.add_ons[name] for name in AddOn}, **changes}


@pytest.mark.parametrize("query", ["", "?tab=features", "?tab=limits", "?tab=nonsense"])
def test_each_tab_opens(query: str, admin_client: Client) -> None:
    response = admin_client.get(PLAN + query)
    assert response.status_code == 200
    assert "Locked features" in response.content.decode()


def test_a_locked_feature_names_the_plan_that_unlocks_it(
    admin_client: Client, free_plan: None
) -> None:
    page = admin_client.get(f"{PLAN}?tab=features").content.decode()
    assert "needs Marketing Hub Professional or Service Hub Professional" in page


def test_with_nothing_locked_the_page_says_so(admin_client: Client) -> None:
    page = admin_client.get(f"{PLAN}?tab=features&show=locked").content.decode()
    assert "Nothing is locked" in page


def test_saving_changes_the_plan_and_logs_it(admin_client: Client) -> None:
    response = admin_client.post(PLAN, filled(sales=Tier.STARTER.value, brands=2))
    assert response.status_code == 302
    assert plans.current().tier(Hub.SALES) == Tier.STARTER
    assert plans.current().tier(Hub.MARKETING) == Tier.ENTERPRISE
    assert plans.current().add_ons[AddOn.BRANDS] == 2
    assert LogEntry.objects.get().change_message == "Sales Hub: Starter, Brands: 2"


def test_saving_what_is_there_logs_nothing(admin_client: Client) -> None:
    assert admin_client.post(PLAN, filled()).status_code == 302
    assert not LogEntry.objects.exists()


def test_a_tier_that_does_not_exist_is_refused(admin_client: Client) -> None:
    response = admin_client.post(PLAN, filled(sales=9))
    assert response.status_code == 200
    assert "Select a valid choice. 9 is not one" in response.content.decode()
    assert plans.current().tier(Hub.SALES) == Tier.ENTERPRISE


def test_who_may_only_look_cannot_save(viewer: Client) -> None:
    page = viewer.get(PLAN).content.decode()
    assert "Save plan" not in page
    assert viewer.post(PLAN, filled(sales=Tier.FREE.value)).status_code == 403
    assert Plan.objects.get(hub=Hub.SALES).tier == Tier.ENTERPRISE
    assert viewer.get(GATES).status_code == 403


def test_who_may_not_look_sees_nothing(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    assert client.get(PLAN).status_code == 403


def test_one_hub_has_no_page_of_its_own(admin_client: Client) -> None:
    plan = Plan.objects.get(hub=Hub.SALES)
    assert admin_client.get(f"{PLAN}{plan.pk}/change/").headers["Location"] == PLAN
    assert admin_client.get(f"{PLAN}add/").status_code == 403
    assert admin_client.get(f"{PLAN}{plan.pk}/delete/").status_code == 403


def test_gates_are_edited_in_their_list(admin_client: Client) -> None:
    page = f"{GATES}?q=workflows.random_branch"
    row = FeatureGate.objects.get(feature="workflows.random_branch")
    form = {
        "form-TOTAL_FORMS": 1,
        "form-INITIAL_FORMS": 1,
        "form-0-id": row.pk,
        "form-0-tier": Tier.STARTER.value,
        "_save": "Save",
    }
    assert admin_client.post(page, form).status_code == 302
    row.refresh_from_db()
    assert row.tier == Tier.STARTER
    assert row.is_edited


def test_the_list_of_gates_names_features_and_what_else_is_needed(admin_client: Client) -> None:
    page = admin_client.get(f"{GATES}?q=emails.ticket_email").content.decode()
    assert "Email when a ticket is received or closed" in page
    assert "Sales Hub Professional" in page
    assert 'aria-label="Least tier for emails.ticket_email by Service Hub"' in page
    page = admin_client.get(f"{GATES}?q=workflows.send_sms").content.decode()
    assert "Marketing SMS" in page


def test_a_gate_can_be_added_for_another_hub(admin_client: Client) -> None:
    form = {"feature": "workflows.random_branch", "hub": "sales", "tier": 3, "also_tier": 0}
    assert admin_client.post(f"{GATES}add/", form).status_code == 302
    row = FeatureGate.objects.get(feature="workflows.random_branch", hub="sales")
    assert row.tier == Tier.ENTERPRISE
    assert admin_client.post(f"{GATES}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not FeatureGate.objects.filter(pk=row.pk).exists()


def test_a_gate_for_an_unknown_feature_is_refused(admin_client: Client) -> None:
    form = {"feature": "no.such", "hub": "sales", "tier": 3, "also_tier": 0}
    response = admin_client.post(f"{GATES}add/", form)
    assert "Select a valid choice. no.such is not one" in response.content.decode()


def test_a_gate_that_shipped_keeps_what_it_is_about(admin_client: Client) -> None:
    row = FeatureGate.objects.get(feature="workflows.random_branch")
    form = {"feature": "workflows.custom_code", "hub": "data", "tier": 1, "also_tier": 0}
    assert admin_client.post(f"{GATES}{row.pk}/change/", form).status_code == 302
    row.refresh_from_db()
    assert (row.feature, row.hub, row.tier) == ("workflows.random_branch", "marketing", 1)
    assert admin_client.get(f"{GATES}{row.pk}/delete/").status_code == 403


def test_edited_rows_can_be_given_back(admin_client: Client) -> None:
    rows = LimitValue.objects.filter(limit="crm.list_filters")
    rows.update(value=3)
    form = {"action": "give_back", "_selected_action": [row.pk for row in rows]}
    response = admin_client.post(LIMITS, form, follow=True)
    assert "1 rows have the value they shipped with." in response.content.decode()
    assert rows.get().value == 250


def test_giving_back_leaves_untouched_and_added_rows_alone(admin_client: Client) -> None:
    added = FeatureGate.objects.create(feature="workflows.random_branch", hub="sales", tier=3)
    untouched = FeatureGate.objects.get(feature="workflows.custom_code")
    form = {"action": "give_back", "_selected_action": [added.pk, untouched.pk]}
    response = admin_client.post(GATES, form, follow=True)
    assert "0 rows have the value they shipped with." in response.content.decode()
    added.refresh_from_db()
    assert added.tier == Tier.ENTERPRISE


def test_limits_and_agreed_limits_open(admin_client: Client) -> None:
    assert "Custom workflows" in admin_client.get(LIMITS).content.decode()
    assert "Custom workflows" in admin_client.get(AGREED).content.decode()


def test_a_limit_is_agreed_on_and_given_up(admin_client: Client) -> None:
    form = {"limit": "crm.restore_days", "value": 7}
    assert admin_client.post(f"{AGREED}add/", form).status_code == 302
    agreed = AccountLimit.objects.get(limit="crm.restore_days")
    assert plans.current().agreed["crm.restore_days"] == 7
    form = {"action": "delete_selected", "_selected_action": agreed.pk, "post": "yes"}
    admin_client.post(AGREED, form)
    assert "crm.restore_days" not in plans.current().agreed


def test_the_page_is_a_handful_of_queries_however_much_is_declared(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    counted = sum(limit.used is not None for limit in declared_limits.values())
    # Session, user, plan, edited gates, edited limits, and a count for each counted limit; now and
    # then the custom object types, which the menu shows.
    with django_assert_max_num_queries(6 + counted):
        admin_client.get(f"{PLAN}?tab=features")
