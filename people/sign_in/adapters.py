"""What allauth asks us: who may come in, what is written down, what is said and sent."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from axes.models import AccessAttempt
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from people.sign_in.client_address import client_address
from people.sign_in.lockout import account_tried, message_if_locked
from people.sign_in.openid_connect import apply_roles
from people.sign_in.password_reset import reset_path

SAID = {
    "account/messages/password_changed.txt": _("The password was changed."),
    "account/messages/password_set.txt": _("The password was set."),
    "account/messages/email_confirmation_sent.txt": _("A message with a link was sent."),
    "account/messages/email_confirmed.txt": _("The e-mail address is confirmed."),
    "account/messages/email_deleted.txt": _("The e-mail address was removed."),
    "account/messages/primary_email_set.txt": _("This is your primary e-mail address now."),
    "account/messages/unverified_primary_email.txt": _(
        "Confirm this address first, then make it your primary one. Nothing was changed."
    ),
    "account/messages/cannot_delete_primary_email.txt": _(
        "This is your primary e-mail address. Make another one primary first. Nothing was changed."
    ),
    "account/messages/logged_in.txt": "",
    "account/messages/logged_out.txt": "",
    "mfa/messages/totp_activated.txt": _("The second factor is on."),
    "mfa/messages/totp_deactivated.txt": _("The second factor is off."),
    "mfa/messages/webauthn_added.txt": _("The passkey was added."),
    "mfa/messages/webauthn_removed.txt": _("The passkey was removed."),
    "mfa/messages/recovery_codes_generated.txt": _("These are your new recovery codes."),
    "socialaccount/messages/account_connected.txt": _("The sign-in service was linked."),
    "socialaccount/messages/account_connected_updated.txt": _("The sign-in service was linked."),
    "socialaccount/messages/account_connected_other.txt": _(
        "This account of the sign-in service is linked to another person. Nothing was changed."
    ),
    "socialaccount/messages/account_disconnected.txt": _("The sign-in service was unlinked."),
}
WRONG = _("The name or the password is not right. Passwords tell capital letters from small ones.")


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": WRONG,
        "email_password_mismatch": WRONG,
        "incorrect_password": _("The password is not right."),
        "incorrect_code": _("The code is not right, or it was used before."),
        "enter_current_password": _("The current password is not right."),
        "invalid_password_reset": _("The link is not valid any more. Ask for a new one."),
        "rate_limited": _("Too many requests. Wait a minute and try again."),
    }

    def is_open_for_signup(self, request):
        """Accounts come from invitations, the first-run page and OpenID Connect."""
        return False

    def get_client_ip(self, request):
        return client_address(request)

    def authentication_failed(self, request, **credentials):
        """Say when somebody who is locked out may try again."""
        if request.axes_locked_out:
            words = message_if_locked(request, account_tried(request, credentials))
            raise forms.ValidationError(words or self.error_messages["rate_limited"])

    @transaction.atomic
    def login(self, request, user):
        super().login(request, user)
        user.record("sign in", user, address=client_address(request))

    @transaction.atomic
    def logout(self, request):
        if request.user.is_authenticated:
            request.user.record("sign out", request.user)
        super().logout(request)

    @transaction.atomic
    def set_password(self, user, password):
        """Whoever comes by a link has proved who they are: a lock ends with the old password."""
        super().set_password(user, password)
        by_link = not self.request.user.is_authenticated
        if by_link:
            AccessAttempt.objects.filter(username=user.username).delete()
        user.record("change password", user, by_link=by_link)

    def post_login(self, request, user, **details):
        response = super().post_login(request, user, **details)
        social = (details.get("signal_kwargs") or {}).get("sociallogin")
        if social:
            apply_roles(user, social.account)
        return response

    def respond_user_inactive(self, request, user):
        messages.error(request, _("This account is deactivated. Ask an administrator."))
        return redirect("login")

    def is_reauthentication_required(self, *, app, **options):
        """Not of people who have nothing to confirm it with: they sign in by a service alone."""
        return bool(get_reauthentication_flows(self.request.user))

    def get_password_change_redirect_url(self, request):
        return reverse("account_security")

    def get_email_verification_redirect_url(self, email_address):
        return reverse("account_email" if self.request.user.is_authenticated else "login")

    def get_reset_password_from_key_url(self, key):
        return self.request.build_absolute_uri(reset_path(key))

    def send_mail(self, template_prefix, email, context):
        """Nothing is sent where no server is set."""
        if settings.EMAIL_ENABLED:
            super().send_mail(template_prefix, email, context)

    def add_message(
        self,
        request,
        level,
        message_template=None,
        message_context=None,
        extra_tags="",
        message=None,
    ):
        """Our own sentences for what allauth says by a template."""
        if message is None and message_template in SAID:
            message, message_template = SAID[message_template], None
        super().add_message(request, level, message_template, message_context, extra_tags, message)
