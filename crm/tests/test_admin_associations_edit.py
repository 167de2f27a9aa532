"""Relating records on their pages: adding, labels, the primary one, removing."""

from __future__ import annotations

import pytest
from django.test import Client

from crm import association_editing, association_labels, associations, changes
from crm.association_editing import InvalidLabels
from crm.models import Association, AssociationType
from crm.objects import base as objects
from crm.tests.browsing import main_text, queries_of, viewer
from crm.tests.people import USUAL, three
from crm.tests.writing import SYSTEM, contacts, select, take_changes

pytestmark = pytest.mark.django_db
CONTACT, COMPANY = objects.get("contact"), objects.get("company")


def companies(*names: str, **more: str) -> list[int]:
    return changes.create("0-2", [{"name": name, **more} for name in names], SYSTEM)


def page(record: int, more: str = "") -> str:
    return f"/admin/crm/contact/{record}/{more}"


def labels(start: int, end: int) -> list[str]:
    """The labels by which one record is related to another, "" for the one without."""
    found = Association.objects.filter(from_record_id=start, to_record_id=end)
    return sorted(found.values_list("type__label", flat=True))


def label(name: str) -> int:
    """The id of a label from contact to company."""
    return AssociationType.objects.get(from_object_type="0-1", to_object_type="0-2", label=name).pk


@pytest.fixture
def ana() -> int:
    return contacts({"firstname": "Ana", "email": "ana@example.com"})[0]


@pytest.fixture
def boss() -> int:
    there, _ = association_labels.create(
        CONTACT, COMPANY, "Boss", name="boss", inverse_label="Has as boss"
    )
    return there.pk


def test_a_record_is_found_by_words_and_associated(admin_client: Client, ana: int) -> None:
    acme, _other = companies("Acme Ltd", "Globex")
    assert "associate/?to=company" not in admin_client.get(page(ana)).content.decode()
    shown = main_text(admin_client.get(page(ana, "associate/?to=company&q=acme")))
    assert ("Acme Ltd" in shown, "Globex" in shown) == (True, False)
    html = admin_client.get(page(ana, "associate/?to=company")).content.decode()
    assert 'aria-current="page">Companies' in html
    sent = admin_client.post(page(ana, "associate/?to=company&q=acme"), {"other": acme})
    assert sent.status_code == 302
    assert labels(ana, acme) == labels(acme, ana) == ["", "Primary"]
    after = admin_client.get(page(ana))
    assert "Acme Ltd Primary Edit" in main_text(after)
    assert "associate/?to=company" in after.content.decode()


def test_labels_are_chosen_with_the_record(admin_client: Client, ana: int, boss: int) -> None:
    (acme,) = companies("Acme")
    admin_client.post(page(ana, "associate/?to=company"), {"other": acme, "labels": [boss]})
    assert labels(ana, acme) == ["", "Boss", "Primary"]
    assert labels(acme, ana) == ["", "Has as boss", "Primary"]


def test_what_is_wrong_stands_beside_its_field(admin_client: Client, ana: int, boss: int) -> None:
    acme, gone = companies("Acme", "Gone")
    changes.archive("0-2", select([gone]), SYSTEM)
    form = page(ana, "associate/?to=company&q=acme")
    assert "Choose a record." in main_text(admin_client.post(form, {}))
    for other in (gone, ana, 0, -1, 10**30):
        shown = main_text(admin_client.post(form, {"other": other}))
        assert "This company is not there any more" in shown, other
    other_way = label("Primary") + 10_000
    shown = main_text(admin_client.post(form, {"other": acme, "labels": [other_way]}))
    assert "is not one of the available choices" in shown
    admin_client.post(form, {"other": acme})
    shown = main_text(admin_client.post(form, {"other": acme}))
    assert "associated already" in shown
    assert "Enter a whole number" in main_text(admin_client.post(form, {"other": "x"}))
    assert not Association.objects.filter(to_record_id=gone).exists()


def test_nobody_is_associated_with_themselves(admin_client: Client, ana: int) -> None:
    shown = main_text(admin_client.get(page(ana, "associate/?to=contact&q=ana")))
    assert "Nothing found" in shown
    response = admin_client.post(page(ana, "associate/?to=contact"), {"other": ana})
    assert "not there any more" in main_text(response)


def test_labels_change_and_the_association_stays(admin_client: Client, ana: int, boss: int) -> None:
    (acme,) = companies("Acme")
    association_editing.relate(CONTACT, COMPANY, (ana, acme), [boss])
    form = page(ana, f"associations/{acme}/")
    assert f'value="{boss}"' in admin_client.get(form).content.decode()
    take_changes()
    assert admin_client.post(form, {}).status_code == 302
    assert labels(ana, acme) == ["", "Primary"]
    assert {row["object_type"] for row in take_changes()} == {"0-1", "0-2"}
    admin_client.post(form, {"labels": [boss]})
    assert labels(ana, acme) == ["", "Boss", "Primary"]
    # The same again writes nothing.
    take_changes()
    admin_client.post(form, {"labels": [boss]})
    assert take_changes() == []


def test_another_company_becomes_the_primary_one(admin_client: Client, ana: int) -> None:
    first, second = companies("First", "Second")
    for company in (first, second):
        admin_client.post(page(ana, "associate/?to=company"), {"other": company})
    assert (labels(ana, first), labels(ana, second)) == (["", "Primary"], [""])
    shown = main_text(admin_client.get(page(ana, f"associations/{first}/")))
    assert "It stays so until another one is made the primary one" in shown
    admin_client.post(page(ana, f"associations/{second}/"), {"labels": [label("Primary")]})
    assert (labels(ana, first), labels(ana, second)) == ([""], ["", "Primary"])


def test_an_association_is_removed_in_both_directions(
    admin_client: Client, ana: int, boss: int
) -> None:
    (acme,) = companies("Acme")
    association_editing.relate(CONTACT, COMPANY, (ana, acme), [boss])
    response = admin_client.post(page(ana, f"associations/{acme}/"), {"remove": "1"})
    assert response["Location"] == page(ana)
    assert Association.objects.count() == 0
    assert admin_client.get(page(ana, f"associations/{acme}/")).status_code == 404


def test_records_that_are_related_by_labels_alone_need_one(admin_client: Client) -> None:
    product, company = objects.get("product"), COMPANY
    assert not association_labels.between(product, company)
    made, _ = association_labels.create(product, company, "Made by", name="made_by")
    (pump,) = changes.create("0-7", [{"name": "Pump"}], SYSTEM)
    (acme,) = companies("Acme")
    form = f"/admin/crm/product/{pump}/associate/?to=company&q=acme"
    shown = main_text(admin_client.post(form, {"other": acme}))
    assert "Choose at least one label." in shown
    assert admin_client.post(form, {"other": acme, "labels": [made.pk]}).status_code == 302
    assert labels(pump, acme) == ["Made by"]
    edit = f"/admin/crm/product/{pump}/associations/{acme}/"
    assert "Choose at least one label." in main_text(admin_client.post(edit, {}))
    with pytest.raises(InvalidLabels):
        association_editing.relate(product, company, (pump, acme), [])
    assert labels(pump, acme) == ["Made by"]


def test_only_who_may_edit_both_records_changes_what_they_are() -> None:
    people = three(USUAL)
    owner, mate = str(people.ada.owner.pk), str(people.bea.owner.pk)
    mine, theirs = contacts({"hubspot_owner_id": owner}, {"hubspot_owner_id": mate})
    (own,) = companies("Own Inc", hubspot_owner_id=owner)
    (other,) = companies("Other Inc", hubspot_owner_id=mate)
    association_editing.relate(CONTACT, COMPANY, (mine, other), [])
    client = Client()
    client.force_login(people.ada.user)
    shown = main_text(client.get(page(mine)))
    assert "Other Inc Primary" in shown
    assert "Other Inc Primary Edit" not in shown
    assert client.post(page(mine, f"associations/{other}/"), {"remove": "1"}).status_code == 403
    assert client.get(page(theirs, "associate/")).status_code == 403
    assert "Add association" not in main_text(client.get(page(theirs)))
    found = main_text(client.get(page(mine, "associate/?to=company&q=inc")))
    assert ("Own Inc" in found, "Other Inc" in found) == (True, False)
    sent = client.post(page(mine, "associate/?to=company"), {"other": other})
    assert "you may not change it" in main_text(sent)
    assert client.post(page(mine, "associate/?to=company"), {"other": own}).status_code == 302
    assert labels(mine, own) == [""]


def test_who_only_looks_sees_no_way_to_change(ana: int) -> None:
    (acme,) = companies("Acme")
    association_editing.relate(CONTACT, COMPANY, (ana, acme), [])
    client = viewer("view_contact", "view_company")
    shown = main_text(client.get(page(ana)))
    assert "Acme Primary" in shown
    assert "Add association" not in shown
    assert client.get(page(ana, "associate/")).status_code == 403
    assert client.get(page(ana, f"associations/{acme}/")).status_code == 403
    assert client.get(page(ana, f"associations/{ana}/")).status_code == 403


def test_the_page_asks_as_often_for_one_other_record_as_for_many(
    admin_client: Client, ana: int
) -> None:
    some = companies(*(f"Firm {n}" for n in range(8)))
    kind = associations.between("0-1", "0-2")
    associations.associate(kind, associations.pairs([(ana, some[0])]))
    few = len(queries_of(admin_client, page(ana)))
    associations.associate(kind, associations.pairs([(ana, one) for one in some]))
    assert len(queries_of(admin_client, page(ana))) == few
    search = page(ana, "associate/?to=company&q=firm")
    many = len(queries_of(admin_client, search))
    assert len(queries_of(admin_client, search.replace("firm", "firm+1"))) == many
