from django.urls import include, path

from people import installation_audit_log, installation_people

urlpatterns = [
    path("", include("people.sign_in.sign_in_urls")),
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
