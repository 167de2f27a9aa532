from __future__ import annotations

import pytest

from crm import properties
from crm.imports import headings
from crm.imports.headings import Column
from crm.imports.reading import UnreadableFile

pytestmark = pytest.mark.django_db


def recognised(object_type: str, *names: str) -> dict[str, str]:
    columns = headings.recognise(names, object_type, properties.load(object_type))
    return {column.heading: column.name or f"({column.note})" for column in columns}


def test_headings_of_a_contact_export_map_themselves() -> None:
    found = recognised(
        "0-1",
        "Record ID - Contact",
        "First Name",
        "Last Name",
        "Email",
        "Phone Number",
        "Contact owner",
        "Lead Status",
        "Lifecycle Stage",
        "Company Name",
        "Job Title",
        "Country/Region",
        "Postal Code",
        "Website URL",
        "Create Date",
        "Unsubscribed from all email",
        "Associated Company",
    )
    assert found == {
        "Record ID - Contact": "(ids of another system; choose it if they are Cohort's)",
        "First Name": "firstname",
        "Last Name": "lastname",
        "Email": "email",
        "Phone Number": "phone",
        "Contact owner": "hubspot_owner_id",
        "Lead Status": "hs_lead_status",
        "Lifecycle Stage": "lifecyclestage",
        "Company Name": "company",
        "Job Title": "jobtitle",
        "Country/Region": "country",
        "Postal Code": "zip",
        "Website URL": "website",
        "Create Date": "(is read only)",
        "Unsubscribed from all email": "hs_email_optout",
        "Associated Company": "(no property of this name)",
    }


@pytest.mark.parametrize(
    ("object_type", "heading", "name"),
    [
        ("0-1", "firstname", "firstname"),
        ("0-1", " FIRST_NAME ", "firstname"),
        ("0-1", "E-Mail", "email"),
        ("0-1", "Surname", "lastname"),
        ("0-1", "hs_lead_status", "hs_lead_status"),
        ("0-2", "Company name", "name"),
        ("0-2", "Company Domain Name", "domain"),
        ("0-2", "Number of Employees", "numberofemployees"),
        ("0-3", "Deal Name", "dealname"),
        ("0-3", "Deal Stage", "dealstage"),
        ("0-3", "Deal owner", "hubspot_owner_id"),
        ("0-3", "Close Date", "closedate"),
        ("0-5", "Ticket name", "subject"),
        ("0-5", "Ticket status", "hs_pipeline_stage"),
        ("0-5", "Priority", "hs_ticket_priority"),
        ("0-27", "Due date", "hs_timestamp"),
    ],
)
def test_case_and_spaces_do_not_matter(object_type: str, heading: str, name: str) -> None:
    assert recognised(object_type, heading) == {heading: name}


def test_a_label_that_two_properties_share_means_the_one_that_can_be_written() -> None:
    labels = [item.label for item in properties.load("0-1").values()]
    assert labels.count("Became a customer date") == 2
    assert recognised("0-1", "Became a customer date") == {"Became a customer date": "closedate"}


def test_the_first_of_two_columns_for_one_property_counts() -> None:
    columns = headings.recognise(["Email", "E-mail", "Email", ""], "0-1", properties.load("0-1"))
    assert columns == [
        Column(0, "Email", "email"),
        Column(1, "E-mail", "", "column 1 goes into email already"),
        Column(2, "Email", "", "column 1 goes into email already"),
        Column(3, "", "", "has no heading"),
    ]


def test_a_chosen_mapping_stands_and_leaves_out_the_rest() -> None:
    columns = headings.chosen(
        ["Mail of the person", "Email", "Record ID"],
        {"Mail of the person": "email", "Record ID": "hs_object_id"},
        properties.load("0-1"),
    )
    assert [(column.name, column.note) for column in columns] == [
        ("email", ""),
        ("", "not chosen"),
        ("hs_object_id", ""),
    ]


def test_a_mapping_of_an_unknown_heading_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="There is no column 'email'; the columns are Email"):
        headings.chosen(["Email"], {"email": "email"}, properties.load("0-1"))


def test_a_mapping_to_an_unknown_property_is_left_out_with_the_reason() -> None:
    (column,) = headings.chosen(["A"], {"A": "no_such"}, properties.load("0-1"))
    assert (column.name, column.note) == ("", "there is no property no_such")


def test_more_than_a_thousand_columns_are_refused() -> None:
    with pytest.raises(UnreadableFile, match="The file has 1,001 columns; at most 1,000"):
        headings.recognise([f"c{n}" for n in range(1001)], "0-1", properties.load("0-1"))
