"""Where a request comes from, as far as that can be believed."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

#: The smallest part of the IPv6 world that is given to one customer.
CUSTOMER_BITS = 64


def sender(request: HttpRequest) -> str:
    """A text that stays the same for a sender and does not tell its address."""
    return salted_hmac("crm.tracking", _network(_client(request))).hexdigest()


def _client(request: HttpRequest) -> str:
    """The address of the client; what a proxy says counts only if it is one of ours (X-017)."""
    near = str(request.META.get("REMOTE_ADDR", ""))
    claimed = request.headers.get("X-Forwarded-For", "").split(",")
    for address in reversed([part.strip() for part in claimed if part.strip()]):
        if not _is_trusted(near):
            break
        near = address
    return near


def _is_trusted(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in ip_network(network) for network in settings.TRUSTED_PROXIES)


def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address[:100]
    if not isinstance(found, IPv6Address):
        return address
    return str(ip_network((found, CUSTOMER_BITS), strict=False))
