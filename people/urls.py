from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from people import installation_audit_log, views

urlpatterns = [
    path(
        "sign-in/",
        LoginView.as_view(template_name="people/sign_in.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("sign-out/", LogoutView.as_view(), name="logout"),
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
    path("invitations/<str:token>/", views.invitation, name="invitation"),
]
