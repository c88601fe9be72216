"""Every address, app by app. Those of probes are answered before: see jobs/probes.py."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("api/", include("annotation.api.urls")),  # first: asked for most
    path("api/", include("people.api.urls")),
    path("api/", include("corpus.api.urls")),
    path("api/", include("releases.api.urls")),
    path("api/", include("modeling.api.urls")),
    path("", include("annotation.urls")),  # first of the pages, for the same reason
    path("", include("people.urls")),
    path("", include("corpus.urls")),
    path("", include("releases.urls")),
    path("", include("modeling.urls")),
    path("", include("backups.urls")),
    path("", include("demo.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "core.middleware.bad_request"
handler404 = "core.middleware.not_found"
handler500 = "core.middleware.server_error"
