"""The account page of a person: profile, tokens, shortcuts, notifications, deletion."""

from django.contrib import messages
from django.contrib.auth import logout
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from core.errors import UserError
from core.translation import translate_error
from people import notifications as mails
from people.account_deletion import obstacles
from people.account_forms import DeletionForm, ProfileForm, TokenForm
from people.models import PROFILE, AccessToken, Person
from people.shortcuts import bind, listed, reset, switch


def profile(request):
    """Name, language, theme and time zone."""
    person = Person.objects.get(pk=request.user.pk)  # the form writes into it before it is valid
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=person)
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in PROFILE}
        request.user.change_profile(**values)
        if request.user.language:
            translation.activate(request.user.language)
        messages.success(request, _("Profile saved."))
        return redirect("account")
    return render(request, "people/account.html", {"tab": "profile", "form": form})


@never_cache
def tokens(request):
    """All access tokens of the person; a new one is shown once, in the answer that made it."""
    form = TokenForm(request.POST if request.method == "POST" else None)
    created = token = None
    if request.method == "POST" and form.is_valid():
        name, scopes = form.cleaned_data["name"], form.cleaned_data["scopes"]
        created, token = AccessToken.create(request.user, name, scopes, form.expires_at())
        form = TokenForm()
    page = {
        "tab": "tokens",
        "form": form,
        "created": created,
        "token": token,
        "tokens": request.user.access_tokens.all(),
    }
    return render(request, "people/account_tokens.html", page)


@require_POST
def token_revocation(request, pk):
    """End a token at once."""
    found = get_object_or_404(request.user.access_tokens, pk=pk)
    found.revoke(request.user)
    messages.success(request, _("Token revoked."))
    return redirect("account_tokens")


def shortcuts(request):
    """The keys of workbench and editor: bound anew, reset, or switched off."""
    if request.method == "POST":
        place = _change_shortcuts(request)
        return redirect(f"{request.path}{place}")
    page = {"tab": "shortcuts", "groups": listed(request.user), "off": request.user.keys_off}
    return render(request, "people/account_shortcuts.html", page)


def _change_shortcuts(request):
    """What the form asks for; the place on the page that was changed, as the end of an address."""
    posted = request.POST
    if posted.get("single_keys") in ("on", "off"):
        switch(request.user, posted["single_keys"] == "on")
        messages.success(request, _("Shortcuts saved."))
        return ""
    if "reset" in posted:
        reset(request.user)
        messages.success(request, _("All shortcuts are the default again."))
        return ""
    scope, default = posted.get("scope", ""), posted.get("default", "")
    try:
        shortcut = bind(request.user, scope, default, posted.get("key", ""))
    except UserError as error:
        messages.error(request, translate_error(error))
        return ""
    messages.success(request, _("Shortcut saved: %(key)s") % {"key": shortcut.label_of_key})
    return f"#{shortcut.anchor}"


def notifications(request):
    """Which e-mails one gets."""
    if request.method == "POST":
        wanted = request.POST.getlist("wanted")
        muted = [kind for kind in mails.KINDS if kind not in wanted]
        request.user.change_setting("muted_notifications", muted)
        messages.success(request, _("Notifications saved."))
        return redirect("account_notifications")
    page = {
        "tab": "notifications",
        "kinds": mails.choices(request.user),
        "enabled": mails.enabled(),
    }
    return render(request, "people/account_notifications.html", page)


@sensitive_post_parameters("password")
def deletion(request):
    """Delete one's own account; the page says first what goes and what stays."""
    form = DeletionForm(request.POST if request.method == "POST" else None, person=request.user)
    against = [translate_error(error) for error in obstacles(request.user)]
    if request.method == "POST" and not against and form.is_valid():
        try:
            request.user.delete_account()
        except UserError as error:  # something came in between
            messages.error(request, translate_error(error))
            return redirect("account_deletion")
        logout(request)
        messages.success(request, _("Your account was deleted."))
        return redirect("login")
    page = {"tab": "deletion", "form": form, "obstacles": against}
    return render(request, "people/account_deletion.html", page)
