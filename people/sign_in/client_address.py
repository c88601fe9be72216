"""The network address that a request comes from, where proxies stand in between."""

import ipaddress

from django.conf import settings

UNKNOWN = "0.0.0.0"  # over a socket without an address


def client_address(request):
    """The address of the client; X-Forwarded-For counts only as far as TRUSTED_PROXIES says."""
    address = request.META.get("REMOTE_ADDR", "")
    hops = [hop for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if 0 < settings.TRUSTED_PROXIES <= len(hops):
        address = hops[-settings.TRUSTED_PROXIES].strip()
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return UNKNOWN
