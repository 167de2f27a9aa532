from __future__ import annotations

from crm.event_types.base import PAGE, EventType, event_types


@event_types.register
class PageVisited(EventType):
    """The contact opened a page of a tracked website."""

    event_type_id = "4-96000"
    name = "page.visited"
    api_name = "e_visited_page"
    label = "Page visited"
    properties = PAGE
