from django.urls import path

from corpus.api import audit_log, corpora, jobs

urlpatterns = [
    path("corpora/", corpora.Corpora.as_view(), name="api_corpora"),
    path("corpora/<int:pk>/", corpora.CorpusThing.as_view(), name="api_corpus"),
    path("corpora/<int:pk>/archival/", corpora.CorpusArchival.as_view(), name="api_archival"),
    path("corpora/<int:pk>/audit-log/", audit_log.AuditLog.as_view(), name="api_audit_log"),
    path("corpora/<int:pk>/jobs/", jobs.CorpusJobs.as_view(), name="api_corpus_jobs"),
    path("jobs/<slug:kind>/<int:pk>/", jobs.JobThing.as_view(), name="api_job"),
    path("jobs/<slug:kind>/<int:pk>/stop/", jobs.JobStop.as_view(), name="api_job_stop"),
    path(
        "jobs/<slug:kind>/<int:pk>/attempts/", jobs.JobAttempts.as_view(), name="api_job_attempts"
    ),
]
