"""The first account."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from people import installation
from people.forms import AdministratorForm
from people.middleware import before_setup


@before_setup
@login_not_required
@sensitive_post_parameters()
def setup(request):
    """Make the administrator's account with the one-time code; gone once there is one."""
    if installation.is_set_up():
        raise Http404
    form = AdministratorForm(request.POST if request.method == "POST" else None)
    try:
        installation.setup_code()  # so that the log shows it
        person = form.create() if request.method == "POST" and form.is_valid() else None
    except installation.AlreadySetUp:
        words = _("Somebody else has just created the administrator's account. Sign in.")
        messages.error(request, words)
        return redirect("login")
    if person:
        login(request, person, "django.contrib.auth.backends.ModelBackend")
        return redirect(settings.SETUP_REDIRECT_URL)
    return render(request, "people/setup.html", {"form": form})
