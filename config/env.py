"""Reading the environment: every value is checked here and a bad one stops the start.

A secret `NAME` may also be given as `NAME_FILE`, the path of a file that holds it.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


def env_text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, *, default: bool) -> bool:
    value = env_text(name).lower()
    if not value:
        return default
    if value in TRUE | FALSE:
        return value in TRUE
    raise ImproperlyConfigured(f"{name}={value!r}: write yes or no.")


def env_int(name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    value = env_text(name)
    if not value:
        return default
    if not value.isascii() or not value.isdecimal() or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name}={value!r}: write a number from {least} to {most}.")
    return int(value)


def env_choice(name: str, choices: Collection[str], default: str) -> str:
    value = env_text(name, default).upper()
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r}: write one of {', '.join(choices)}.")
    return value


def env_list(name: str, default: list[str]) -> list[str]:
    value = env_text(name)
    return [item.strip() for item in value.split(",") if item.strip()] if value else default


def env_networks(name: str) -> list[str]:
    """Networks such as 10.0.0.0/8, with commas between them."""
    found = env_list(name, [])
    for network in found:
        try:
            ip_network(network)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: {error}.") from None
    return found


def env_url(name: str, schemes: set[str], *, local: Collection[str] = ()) -> SplitResult | None:
    """The parsed URL in `name`, or None when it is not set.

    Raises ImproperlyConfigured for a scheme outside `schemes`, a bad port, or a missing host
    unless the scheme is one of `local`.
    """
    value = env_text(name)
    if not value:
        return None
    try:
        url = urlsplit(value)
        is_bad_port = url.port == 0
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: not a URL ({error}).") from None
    if url.scheme not in schemes:
        raise ImproperlyConfigured(f"{name}: begin it with {_choice(schemes)}.")
    if is_bad_port or not (url.hostname or url.scheme in local):
        raise ImproperlyConfigured(f"{name}: names no host or a bad port.")
    return url


def _choice(schemes: set[str]) -> str:
    return " or ".join(f"{scheme}://" for scheme in sorted(schemes))


def env_secret(name: str) -> str:
    """The secret in `name`, or in the file that `name`_FILE points at; "" when neither is set."""
    path = env_text(f"{name}_FILE")
    if not path:
        return env_text(name)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE={path!r}: {error.strerror}.") from None


def env_path(name: str, default: Path) -> Path:
    value = env_text(name)
    return Path(value).expanduser().resolve() if value else default
