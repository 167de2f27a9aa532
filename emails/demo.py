"""The emails of the demo."""

from __future__ import annotations

from emails import publishing
from emails.models import Email

FRAME = """\
<!doctype html>
<html lang="en">
<body style="margin:0;background:#f4f4f6;font:16px/1.55 Helvetica,Arial,sans-serif;color:#23232b">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center"
 style="padding:32px 12px">
<table role="presentation" width="560" cellpadding="0" cellspacing="0"
 style="max-width:560px;background:#ffffff;border-radius:12px"><tr><td style="padding:36px 40px">
{text}
<p style="margin:28px 0 0">Warm regards,<br>Mara from Cohort</p>
</td></tr></table>
<p style="color:#6d6d78;font-size:13px;margin:20px 0 0">
You get this email because you asked us about Cohort.<br>
<a style="color:#6d6d78" href="{{{{ unsubscribe_link }}}}">Unsubscribe</a></p>
</td></tr></table>
</body>
</html>
"""
WELCOME = """\
<h1 style="font-size:24px;line-height:1.3;margin:0 0 20px">
Hello {{ contact.firstname | default: "there" }}, nice to meet you</h1>
<p>Thank you for your interest. Many teams like
{{ contact.company | default: "yours" }} begin with one small workflow and go on from there.</p>
<p>What would help you most right now? Just answer this email: a person reads it.</p>
<p><a href="https://www.example.com/tour" style="display:inline-block;background:#5b4be0;
color:#ffffff;text-decoration:none;padding:12px 22px;border-radius:8px">Take the tour</a></p>"""
FIRST_STEPS = """\
<h1 style="font-size:24px;line-height:1.3;margin:0 0 20px">
Three first steps for {{ contact.company | default: "your team" }}</h1>
<p>Hi {{ contact.firstname | default: "there" }}, this is what most people do in their first
week:</p>
<ol style="padding-left:20px">
<li>Import your contacts from a spreadsheet.</li>
<li>Write one email that says what you would say in person.</li>
<li>Turn on a workflow that sends it at the right moment.</li>
</ol>
<p><a href="https://www.example.com/first-steps" style="color:#5b4be0">Read how</a></p>"""


def write() -> dict[str, int]:
    """Write and publish the demo's emails; returns their ids by name."""
    return {
        "welcome": _publish(
            name="Demo: welcome",
            subject='Welcome, {{ contact.firstname | default: "and thank you" }}',
            preview_text="What would help you most right now?",
            text=WELCOME,
        ),
        "first steps": _publish(
            name="Demo: first steps",
            subject='Three first steps for {{ contact.company | default: "your team" }}',
            preview_text="What most people do in their first week.",
            text=FIRST_STEPS,
        ),
    }


def _publish(*, name: str, subject: str, preview_text: str, text: str) -> int:
    email = Email(
        name=name,
        subject=subject,
        preview_text=preview_text,
        from_name="Mara from Cohort",
        html=FRAME.format(text=text),
    )
    publishing.publish(email)
    return email.pk
