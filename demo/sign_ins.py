"""The demo accounts on the sign-in page, for whoever sits at the machine that serves it."""

import ipaddress

from django.conf import settings

from demo import people

# What a proxy adds: behind one, everybody seems to come from this machine.
FORWARDED = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP")


def demo_sign_ins(request):
    """The demo accounts and their password, only if nobody else can see the page: the launcher
    listens on loopback, and the request comes from there and not through a proxy.
    """
    user = getattr(request, "user", None)  # a request that is refused at once has none
    if user is None or user.is_authenticated or not _is_local(request):
        return {}
    path = people.password_path()
    if not path.exists():
        return {}
    return {"demo_password": path.read_text(), "demo_accounts": people.accounts}


def _is_local(request):
    forwarded = any(
        name in FORWARDED or name.startswith("HTTP_X_FORWARDED_") for name in request.META
    )
    sender = request.META.get("REMOTE_ADDR", "")
    return not forwarded and is_loopback(settings.LISTEN_HOST) and is_loopback(sender)


def is_loopback(host: str) -> bool:
    """True for an address, or the name, of this machine that no other machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
