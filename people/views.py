"""Signing in."""

from django.conf import settings


def demo_sign_ins(request):
    """The demo accounts for the sign-in page, on installations that have the demo corpus."""
    user = getattr(request, "user", None)  # a request that is refused at once has none
    if not settings.DEMO or user is None or user.is_authenticated:
        return {}
    path = settings.DATA_DIR / "demo_password"
    return {"demo_password": path.read_text()} if path.exists() else {}
