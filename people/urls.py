from django.urls import include, path

from people import account, installation_audit_log, installation_people, preferences, views
from people.api import reference
from people.middleware import before_setup

urlpatterns = [
    path("setup/", views.setup, name="setup"),
    path("", include("people.sign_in.sign_in_urls")),
    path("language/", before_setup(preferences.language), name="set_language"),
    path("theme/", preferences.theme, name="theme"),
    path("account/", account.profile, name="account"),
    path("api-reference/", reference.api_reference, name="api_reference"),
    path("account/tokens/", account.tokens, name="account_tokens"),
    path(
        "account/tokens/<int:pk>/revocation/",
        account.token_revocation,
        name="account_token_revocation",
    ),
    path("account/shortcuts/", account.shortcuts, name="account_shortcuts"),
    path("account/notifications/", account.notifications, name="account_notifications"),
    path("account/deletion/", account.deletion, name="account_deletion"),
    path(
        "installation/audit-log/",
        installation_audit_log.audit_log,
        name="installation_audit_log",
    ),
    path(
        "installation/audit-log.csv",
        installation_audit_log.audit_log_csv,
        name="installation_audit_log_csv",
    ),
    path(
        "installation/audit-log.jsonl",
        installation_audit_log.audit_log_jsonl,
        name="installation_audit_log_jsonl",
    ),
    path("installation/people/", installation_people.people, name="installation_people"),
    path("installation/people/<int:pk>/", installation_people.person, name="installation_person"),
    path(
        "installation/people/<int:pk>/reset-link/",
        installation_people.reset_link,
        name="installation_reset_link",
    ),
]
