"""How the admin looks: name, mark, colours. The menu is in config/admin_site.py."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static


def _static(path: str) -> Any:
    return lambda request: static(path)


#: Petrol. Weight 600 carries white text (6:1), weight 500 is text on the dark surfaces (7:1).
PRIMARY = {
    "50": "oklch(97.8% .012 195)",
    "100": "oklch(94.8% .026 195)",
    "200": "oklch(89.8% .05 195)",
    "300": "oklch(83.5% .078 195)",
    "400": "oklch(77% .1 194)",
    "500": "oklch(73% .105 194)",
    "600": "oklch(48.5% .086 200)",
    "700": "oklch(42.5% .076 201)",
    "800": "oklch(37% .064 202)",
    "900": "oklch(31.5% .052 204)",
    "950": "oklch(24% .042 206)",
}
#: Slate with a little of the petrol in it; 500 and 400 are dark and light enough for small text.
BASE = {
    "50": "oklch(98.3% .003 215)",
    "100": "oklch(96.4% .005 215)",
    "200": "oklch(92.4% .008 217)",
    "300": "oklch(86.6% .012 219)",
    "400": "oklch(72% .021 222)",
    "500": "oklch(51.5% .026 224)",
    "600": "oklch(43.5% .029 225)",
    "700": "oklch(36% .03 227)",
    "800": "oklch(27.5% .027 229)",
    "900": "oklch(21.5% .023 231)",
    "950": "oklch(14.5% .018 233)",
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Cohort",
    "SITE_HEADER": "Cohort",
    "SITE_URL": None,
    "SITE_ICON": _static("cohort/mark.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": _static("cohort/mark.svg")},
    ],
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_HISTORY": False,
    "BORDER_RADIUS": "8px",
    "COLORS": {"base": BASE, "primary": PRIMARY},
    "STYLES": [_static("cohort/app.css")],
    "SCRIPTS": [_static("cohort/app.js")],
    "LOGIN": {"image": _static("cohort/login.svg")},
    "COMMAND": {"search_callback": "config.admin_site.search_records"},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "show_all_applications": False,
        "navigation": "config.admin_site.menu",
    },
}
