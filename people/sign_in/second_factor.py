"""The second factor: codes of an app and recovery codes, each once, and passkeys."""

import base64
import hashlib
import time
from io import BytesIO
from typing import Any

import segno
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from cryptography.fernet import Fernet
from django import forms
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from people.sign_in.lockout import count_failure, message_if_locked

USED = "used"  # in the data of an authenticator: digests of the codes of the last minutes


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("The code is not right, or it was used before."),
    }

    def get_totp_label(self, user):
        return user.username

    def build_totp_svg(self, url):
        picture = BytesIO()
        segno.make(url).save(picture, kind="svg", scale=5, border=3, light="#fff", xmldecl=False)
        return picture.getvalue().decode()

    def _fernet(self):
        key = hashlib.sha256(f"second factor {settings.SECRET_KEY}".encode()).digest()
        return Fernet(base64.urlsafe_b64encode(key))

    def encrypt(self, text):
        return self._fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text):
        return self._fernet().decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user, type):
        count = Authenticator.objects.filter(user=user, type=type).count()
        return gettext("Passkey %(number)d") % {"number": count + 1}


class _CodeOnce:
    """A form with a code, which works once; wrong ones count towards the lock-out."""

    fields: Any  # what the forms have that this is mixed into
    user: Any
    authenticator: Any

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code of the app, or a recovery code")
        self.fields["code"].max_length = 20
        self.fields["code"].widget.attrs = {
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
            "autofocus": True,
        }

    def clean_code(self):
        request, account = self.adapter_request(), self.user.username
        if words := message_if_locked(request, account):
            request.axes_locked_out = True
            raise forms.ValidationError(words)
        try:
            code = super().clean_code()  # type: ignore[misc]
            if not claim_code(self.authenticator, code):
                raise SecondFactorAdapter().validation_error("incorrect_code")
        except forms.ValidationError:
            count_failure(request, account)
            if words := message_if_locked(request, account):
                raise forms.ValidationError(words) from None
            raise
        return code

    def adapter_request(self):
        return SecondFactorAdapter().request


class CodeForm(_CodeOnce, AuthenticateForm):
    """After the password."""


class CodeAgainForm(_CodeOnce, ReauthenticateForm):
    """Before something that is worth asking again."""


class SetUpForm(ActivateTOTPForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code that the app shows")
        self.fields["code"].max_length = 20
        self.fields["code"].widget.attrs = {"autocomplete": "one-time-code", "inputmode": "numeric"}


class PasskeyForm(AddWebAuthnForm):
    """A passkey signs in by itself: whoever uses it is verified by the device."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields.pop("passwordless", None)
        self.fields["name"].label = _("Name of this passkey")
        self.fields["name"].max_length = 60

    def clean(self):
        self.cleaned_data["passwordless"] = True
        return super().clean()


@transaction.atomic
def claim_code(authenticator, code):
    """True for the first time that a code of an app comes; any worker knows of it."""
    if authenticator.type != Authenticator.Type.TOTP:
        return True  # recovery codes are marked as used by themselves
    locked = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
    now = time.time()
    recent = {digest: at for digest, at in locked.data.get(USED, {}).items() if at > now - 300}
    digest = hashlib.sha256(f"{locked.pk} {code.strip()}".encode()).hexdigest()
    if digest in recent:
        return False
    locked.data[USED] = recent | {digest: now}
    locked.save(update_fields=["data"])
    return True


def second_factor_of(person):
    """What a person has set up: app, recovery codes that are left, passkeys."""
    rows = list(Authenticator.objects.filter(user=person).order_by("pk"))
    by_type = {row.type: row for row in rows}
    codes = by_type.get(Authenticator.Type.RECOVERY_CODES)
    return {
        "app": by_type.get(Authenticator.Type.TOTP),
        "codes": codes,
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "passkeys": [row for row in rows if row.type == Authenticator.Type.WEBAUTHN],
    }


@transaction.atomic
def remove_second_factor(person, by):
    """Take everything away that asks for more than a password, of somebody who has lost it."""
    if Authenticator.objects.filter(user=person).delete()[0]:
        by.record("remove second factor", person, username=person.username)
