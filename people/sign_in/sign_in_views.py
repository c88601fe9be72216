"""Signing in and out, and the account's pages Security, E-mail and Sessions."""

import requests
from allauth.account.adapter import get_adapter
from allauth.account.internal.stagekit import clear_login
from allauth.account.views import (
    ConfirmEmailView,
    EmailView,
    LoginView,
    PasswordChangeView,
    PasswordResetFromKeyView,
    PasswordResetView,
    PasswordSetView,
    ReauthenticateView,
)
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as ReauthenticateByCodeView
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    LoginWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from allauth.socialaccount.views import ConnectionsView
from allauth.usersessions.internal.flows.sessions import end_other_sessions, end_sessions
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from people.sign_in.second_factor import second_factor_of
from people.sign_in.sessions import note_activity, sessions_of

PROVIDER = "oidc"


class SignIn(LoginView):
    template_name = "people/sign_in.html"
    extra_context = {"service": None}

    def get_context_data(self, **values):
        service = settings.OIDC_NAME if has_provider() else ""
        return super().get_context_data(**values) | {"service": service}


def has_provider():
    """True where an OpenID Connect provider is set."""
    return bool(settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"])


@require_POST
def sign_out(request):
    get_adapter().logout(request)
    clear_login(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


class SecondStep(AuthenticateView):
    """The second factor, after the password."""

    template_name = "people/second_step.html"


@method_decorator(login_not_required, name="dispatch")
class PasskeySignIn(LoginWebAuthnView):
    """Options for the browser (GET, as JSON), and the passkey's answer."""


# --- Passwords -----------------------------------------------------------------------------------
class ChangePassword(PasswordChangeView):
    template_name = "people/password.html"
    extra_context = {"tab": "security"}


class SetPassword(PasswordSetView):
    template_name = "people/password.html"
    extra_context = {"tab": "security"}


class ResetRequest(PasswordResetView):
    """Have a link sent; where no e-mail is sent, the page says who can make one."""

    template_name = "people/reset_request.html"
    success_url = reverse_lazy("login")

    def get_context_data(self, **values):
        return super().get_context_data(**values) | {"sends": settings.EMAIL_ENABLED}

    def post(self, request, *args, **options):
        if not settings.EMAIL_ENABLED:
            return self.get(request, *args, **options)
        return super().post(request, *args, **options)

    def form_valid(self, form):
        response = super().form_valid(form)
        if response.status_code == 302:
            messages.success(
                self.request,
                _(
                    "If an account has this address, a message with a link is on its way. The link"
                    " works once, for a day."
                ),
            )
        return response


@method_decorator(never_cache, name="dispatch")
class NewPassword(PasswordResetFromKeyView):
    """A new password, by a link that was sent or handed over."""

    template_name = "people/new_password.html"
    success_url = reverse_lazy("login")


class Confirm(ReauthenticateView):
    """The password again, before something that is worth asking."""

    template_name = "people/confirm.html"


class ConfirmByCode(ReauthenticateByCodeView):
    template_name = "people/confirm.html"


class ConfirmByPasskey(ReauthenticateWebAuthnView):
    template_name = "people/confirm.html"

    def form_invalid(self, form):
        messages.error(self.request, " ".join(form.errors.get("credential", [])))
        return redirect("account_security")


# --- Security ------------------------------------------------------------------------------------
def security(request):
    linked = list(SocialAccount.objects.filter(user=request.user))
    context = second_factor_of(request.user) | {
        "tab": "security",
        "linked": linked,
        "service": settings.OIDC_NAME if has_provider() else "",
    }
    return render(request, "people/security.html", context)


class SetUpApp(ActivateTOTPView):
    template_name = "people/app.html"
    extra_context = {"tab": "security"}

    def get_success_url(self):
        return _after_adding(self)

    @transaction.atomic
    def form_valid(self, form):
        response = super().form_valid(form)
        self.request.user.record("add second factor", self.request.user)
        return response


class _ElseSecurity:
    """Leads to the page Security where there is nothing to show."""

    def dispatch(self, request, *args, **options):
        try:
            return super().dispatch(request, *args, **options)  # type: ignore[misc]
        except Http404:
            return redirect("account_security")


class RemoveApp(_ElseSecurity, DeactivateTOTPView):
    template_name = "people/remove_app.html"
    success_url = reverse_lazy("account_security")
    extra_context = {"tab": "security"}

    @transaction.atomic
    def form_valid(self, form):
        self.request.user.record("remove second factor", self.request.user)
        return super().form_valid(form)


class RecoveryCodes(_ElseSecurity, ViewRecoveryCodesView):
    template_name = "people/recovery_codes.html"
    extra_context = {"tab": "security"}


class NewRecoveryCodes(GenerateRecoveryCodesView):
    template_name = "people/new_recovery_codes.html"
    extra_context = {"tab": "security"}

    @transaction.atomic
    def form_valid(self, form):
        response = super().form_valid(form)
        self.request.user.record("make recovery codes", self.request.user)
        return response


class AddPasskey(AddWebAuthnView):
    template_name = "people/passkey.html"
    extra_context = {"tab": "security"}

    def get_context_data(self, **values):
        context = super().get_context_data(**values)
        options = webauthn.begin_registration(self.request.user, passwordless=True)
        return context | {"options": options}

    def get_success_url(self):
        return _after_adding(self)

    @transaction.atomic
    def form_valid(self, form):
        response = super().form_valid(form)
        name = form.cleaned_data["name"]
        self.request.user.record("add passkey", self.request.user, name=name)
        return response


class RemovePasskey(RemoveWebAuthnView):
    template_name = "people/remove_passkey.html"
    success_url = reverse_lazy("account_security")
    extra_context = {"tab": "security"}

    @transaction.atomic
    def form_valid(self, form):
        self.request.user.record("remove passkey", self.request.user, name=str(self.object))
        return super().form_valid(form)


def _after_adding(view):
    """The recovery codes, where the first factor has brought some."""
    codes = view.did_generate_recovery_codes
    return reverse("mfa_view_recovery_codes" if codes else "account_security")


# --- OpenID Connect ------------------------------------------------------------------------------
@login_not_required
@require_POST
def service_sign_in(request, provider_id=PROVIDER):
    """The way to the provider, as a page that goes on by itself.

    A redirect would be part of the form, which our policy lets lead to our own pages only.
    """
    if not has_provider():
        return redirect("login")
    try:
        response = openid_connect.login(request, provider_id)
    except requests.RequestException:
        messages.error(
            request,
            _("%(service)s cannot be reached at the moment. Try again in a few minutes.")
            % {"service": settings.OIDC_NAME},
        )
        return redirect("login")
    address = response.headers.get("Location", "")
    if not address.startswith(("https://", "http://")):
        return response
    return render(
        request, "people/to_service.html", {"address": address, "service": settings.OIDC_NAME}
    )


@login_not_required
def service_answer(request, provider_id=PROVIDER):
    """Where the provider sends people back."""
    if not has_provider():
        return redirect("login")
    return openid_connect.callback(request, provider_id)


class Linked(ConnectionsView):
    """Unlinks the provider (POST); what is linked stands on the page Security."""

    success_url = reverse_lazy("account_security")

    def get(self, request, *args, **options):
        return redirect("account_security")

    @transaction.atomic
    def form_valid(self, form):
        response = super().form_valid(form)
        self.request.user.record("unlink", self.request.user, service=settings.OIDC_NAME)
        return response

    def form_invalid(self, form):
        messages.error(
            self.request,
            _("This is the only way to sign in to your account. Set a password first."),
        )
        return redirect("account_security")


# --- E-mail --------------------------------------------------------------------------------------
class Addresses(EmailView):
    template_name = "people/addresses.html"
    extra_context = {"tab": "email"}

    def get_context_data(self, **values):
        return super().get_context_data(**values) | {"sends": settings.EMAIL_ENABLED}

    def _action_send(self, request, *args, **options):
        if not settings.EMAIL_ENABLED:
            messages.error(request, _("This installation sends no e-mail. Nothing was sent."))
            return redirect("account_email")
        return super()._action_send(request, *args, **options)


class ConfirmAddress(ConfirmEmailView):
    template_name = "people/confirm_address.html"


# --- Sessions ------------------------------------------------------------------------------------
def sessions(request):
    note_activity(request)
    found = sessions_of(request.user, request.session.session_key)
    return render(request, "people/sessions.html", {"tab": "sessions", "sessions": found})


@require_POST
@transaction.atomic
def session(request, pk):
    """End one session; the present one ends by signing out."""
    ended = get_object_or_404(UserSession, pk=pk, user=request.user)
    request.user.record("end session", request.user, address=ended.ip)
    end_sessions(request, [ended])
    return redirect("account_sessions" if request.user.is_authenticated else "login")


@require_POST
@transaction.atomic
def other_sessions(request):
    """End all sessions but the present one."""
    request.user.record("end session", request.user, others=True)
    end_other_sessions(request, request.user)
    messages.success(request, _("All other sessions were ended."))
    return redirect("account_sessions")
