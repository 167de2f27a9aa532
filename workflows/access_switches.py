"""What permission sets say about workflows."""

from __future__ import annotations

from crm.access_switches import Switch, everything_about, switches

VIEW_WORKFLOWS = "view_workflows"
MANAGE_WORKFLOWS = "manage_workflows"
PUBLISH_WORKFLOWS = "publish_workflows"
OUTBOX = "outbox"
#: The permission of Django to turn workflows on and off.
PUBLISH = "workflows.publish_workflow"


@switches.register
class ViewWorkflows(Switch):
    """See workflows, and of who is in them the records that the user sees."""

    name = VIEW_WORKFLOWS
    label = "See workflows"
    group = "Automation"
    order = 30
    grants = ("workflows.view_workflow",)


@switches.register
class ManageWorkflows(Switch):
    """Make workflows, change them while they are off, and enroll records."""

    name = MANAGE_WORKFLOWS
    label = "Manage workflows"
    group = "Automation"
    order = 31
    grants = everything_about("workflows.workflow")


@switches.register
class PublishWorkflows(Switch):
    """Turn workflows on and off, and change those that are on."""

    name = PUBLISH_WORKFLOWS
    label = "Turn workflows on"
    group = "Automation"
    order = 32
    grants = ("workflows.view_workflow", PUBLISH)


@switches.register
class Outbox(Switch):
    """See every message that leaves the house, and send failed ones again."""

    name = OUTBOX
    label = "See the outbox"
    group = "Automation"
    order = 39
    grants = ("workflows.view_outboxmessage", "workflows.change_outboxmessage")
