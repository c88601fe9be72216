"""Signing in, and accounts by invitation."""

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render

from people.forms import AccountForm
from people.models import Invitation
from people.throttle import throttled


def demo_sign_ins(request):
    """The demo accounts for the sign-in page, on installations that have the demo corpus."""
    user = getattr(request, "user", None)  # a request that is refused at once has none
    if not settings.DEMO or user is None or user.is_authenticated:
        return {}
    path = settings.DATA_DIR / "demo_password"
    return {"demo_password": path.read_text()} if path.exists() else {}


@login_not_required
@throttled
def invitation(request, token):
    """Make an account from an invitation link; each link works once."""
    opened = get_object_or_404(Invitation, token=token)
    if not opened.open:
        raise Http404
    data = request.POST if request.method == "POST" else None
    form = AccountForm(data, initial={"email": opened.email})
    if request.method == "POST" and form.is_valid():
        person = form.accept(opened)
        login(request, person, "django.contrib.auth.backends.ModelBackend")
        return redirect("home")
    return render(request, "people/invitation.html", {"form": form, "invitation": opened})
