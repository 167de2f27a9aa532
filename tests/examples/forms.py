"""A form that a website sends."""

from __future__ import annotations

from crm import clock
from crm.models import Form
from tests.recording import Call


def tell(call: Call) -> None:
    form = Form.objects.create(name="Contact us", created_at=clock.now())
    sent = {
        "fields": [
            {"objectTypeId": "0-1", "name": "email", "value": "liv@example.com"},
            {"name": "firstname", "value": "Liv"},
        ],
        "context": {"pageUri": "https://www.example.com/contact", "pageName": "Contact"},
    }
    address = "/submissions/v3/integration/submit/{portal}/{form}"
    call("POST", address, sent, portal=1, form=form.pk)
