"""Icons that staff choose from for a custom object: names of Google's Material Symbols."""

from __future__ import annotations

from typing import Final

USUAL: Final = "category"
ICONS: Final = {
    USUAL: "Shapes",
    "apartment": "Building",
    "directions_car": "Car",
    "local_shipping": "Truck",
    "flight": "Plane",
    "sailing": "Boat",
    "home": "House",
    "key": "Key",
    "pets": "Paw",
    "school": "School",
    "event": "Calendar",
    "inventory_2": "Box",
    "description": "Document",
    "gavel": "Hammer",
    "medical_services": "First-aid kit",
    "restaurant": "Cutlery",
    "savings": "Piggy bank",
    "shield": "Shield",
    "star": "Star",
    "build": "Spanner",
    "devices": "Devices",
    "public": "Globe",
    "groups": "People",
    "loyalty": "Tag",
}
