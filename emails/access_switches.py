"""What permission sets say about emails."""

from __future__ import annotations

from crm.access_switches import Switch, everything_about, switches

#: The permission of Django to have an email go out as it is written now.
PUBLISH = "emails.publish_email"


@switches.register
class ViewEmails(Switch):
    """See emails and what became of them."""

    name = "view_emails"
    label = "See emails"
    group = "Marketing"
    order = 40
    grants = ("emails.view_email",)


@switches.register
class ManageEmails(Switch):
    """Write emails and save them as drafts."""

    name = "manage_emails"
    label = "Write emails"
    group = "Marketing"
    order = 41
    grants = everything_about("emails.email")


@switches.register
class PublishEmails(Switch):
    """Publish emails: what workflows send from then on."""

    name = "publish_emails"
    label = "Publish emails"
    group = "Marketing"
    order = 42
    grants = ("emails.view_email", PUBLISH)
