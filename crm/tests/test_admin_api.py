"""The page that explains the API."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_user("ines", is_staff=True))
    return client


def test_the_page_explains_a_subject_with_recorded_examples(staff: Client) -> None:
    text = staff.get("/admin/api/", {"about": "property-definitions"}).content.decode()
    assert "Create a property" in text
    assert "/crm/v3/properties/{object_type}" in text
    assert "&quot;groupName&quot;: &quot;cars&quot;" in text
    assert "There is no" not in text


def test_every_subject_has_its_page(staff: Client) -> None:
    page = staff.get("/admin/api/")
    subjects = page.context["subjects"]
    assert len(subjects) > 10
    for key, name in subjects.items():
        operations = staff.get("/admin/api/", {"about": key}).context["operations"]
        assert operations, name
    assert staff.get("/admin/api/", {"about": "nothing"}).status_code == 404


def test_strangers_are_asked_to_log_in(client: Client) -> None:
    assert client.get("/admin/api/").status_code == 302
