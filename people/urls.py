from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from people import account, preferences, views

urlpatterns = [
    path(
        "sign-in/",
        LoginView.as_view(template_name="people/sign_in.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
    path("language/", preferences.language, name="set_language"),
    path("theme/", preferences.theme, name="theme"),
    path("account/", account.profile, name="account"),
    path("account/tokens/", account.tokens, name="account_tokens"),
    path(
        "account/tokens/<int:pk>/revocation/",
        account.token_revocation,
        name="account_token_revocation",
    ),
    path("account/shortcuts/", account.shortcuts, name="account_shortcuts"),
    path("account/notifications/", account.notifications, name="account_notifications"),
    path("account/deletion/", account.deletion, name="account_deletion"),
]
