"""Addresses of signing in and of the account's pages; their names are those that allauth knows."""

from allauth.socialaccount.providers.openid_connect.views import callback
from django.urls import path

from people.sign_in import sign_in_views as views

urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="login"),
    path("sign-in/", views.SignIn.as_view(), name="account_login"),  # as allauth calls it
    path("sign-in/second-step/", views.SecondStep.as_view(), name="mfa_authenticate"),
    path("sign-in/passkey/", views.PasskeySignIn.as_view(), name="mfa_login_webauthn"),
    path(
        "sign-in/service/",
        views.service_sign_in,
        {"provider_id": views.PROVIDER},
        name="openid_connect_login",
    ),
    path(
        "sign-in/service/answer/",
        callback,
        {"provider_id": views.PROVIDER},
        name="openid_connect_callback",
    ),
    path("sign-out/", views.sign_out, name="logout"),
    path("account/security/", views.security, name="account_security"),
    path("account/password/", views.ChangePassword.as_view(), name="account_change_password"),
    path("account/password/first/", views.SetPassword.as_view(), name="account_set_password"),
    path("account/password/reset/", views.ResetRequest.as_view(), name="account_reset_password"),
    path(
        "account/password/reset/<str:uidb36>/<str:key>/",
        views.NewPassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path("account/confirmation/", views.Confirm.as_view(), name="account_reauthenticate"),
    path("account/confirmation/code/", views.ConfirmByCode.as_view(), name="mfa_reauthenticate"),
    path(
        "account/confirmation/passkey/",
        views.ConfirmByPasskey.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
    path("account/app/", views.SetUpApp.as_view(), name="mfa_activate_totp"),
    path("account/app/removal/", views.RemoveApp.as_view(), name="mfa_deactivate_totp"),
    path("account/recovery-codes/", views.RecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path(
        "account/recovery-codes/new/",
        views.NewRecoveryCodes.as_view(),
        name="mfa_generate_recovery_codes",
    ),
    path("account/passkeys/new/", views.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path(
        "account/passkeys/<int:pk>/removal/",
        views.RemovePasskey.as_view(),
        name="mfa_remove_webauthn",
    ),
    path("account/linked/", views.Linked.as_view(), name="socialaccount_connections"),
    path("account/e-mail/", views.Addresses.as_view(), name="account_email"),
    path(
        "account/e-mail/confirmation/<str:key>/",
        views.ConfirmAddress.as_view(),
        name="account_confirm_email",
    ),
    path("account/sessions/", views.sessions, name="account_sessions"),
    path("account/sessions/others/", views.other_sessions, name="account_other_sessions"),
    path("account/sessions/<int:pk>/", views.session, name="account_session"),
]
