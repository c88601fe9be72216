from django.urls import path

from releases.api import diffs, files, links, personal_data, releases

urlpatterns = [
    path("corpora/<int:pk>/releases/", releases.Releases.as_view(), name="api_releases"),
    path(
        "corpora/<int:pk>/settings/releases/",
        releases.ReleaseSettings.as_view(),
        name="api_release_settings",
    ),
    path(
        "corpora/<int:pk>/personal-data.ndjson",
        personal_data.PersonalDataLines.as_view(),
        name="api_personal_data",
    ),
    path(
        "utterances/<int:pk>/personal-data-reviews/",
        personal_data.PersonalDataReviews.as_view(),
        name="api_personal_data_review",
    ),
    path("releases/<int:pk>/", releases.ReleaseThing.as_view(), name="api_release"),
    path(
        "releases/<int:pk>/retractions/",
        releases.ReleaseRetractions.as_view(),
        name="api_retractions",
    ),
    path(
        "releases/<int:pk>/member-access/",
        releases.ReleaseMemberAccess.as_view(),
        name="api_member_access",
    ),
    path(
        "releases/<int:pk>/verification/",
        releases.ReleaseVerification.as_view(),
        name="api_verification",
    ),
    path("releases/<int:pk>/files/", files.ReleaseFiles.as_view(), name="api_release_files"),
    path(
        "releases/<int:pk>/files/<path:path>",
        files.ReleaseFile.as_view(),
        name="api_release_file",
    ),
    path("releases/<int:pk>/archive.zip", files.ReleaseArchive.as_view(), name="api_archive"),
    path(
        "releases/<int:pk>/as/<slug:name>.zip",
        files.ReleaseLayout.as_view(),
        name="api_release_layout",
    ),
    path(
        "releases/<int:pk>/label-studio.json",
        files.ReleaseTasks.as_view(),
        name="api_release_tasks",
    ),
    path(
        "releases/<int:pk>/utterances.ndjson",
        files.ReleaseUtterances.as_view(),
        name="api_release_utterances",
    ),
    path("releases/<int:pk>/links/", links.ReleaseLinks.as_view(), name="api_release_links"),
    path("links/<int:pk>/grants/", links.LinkGrants.as_view(), name="api_link_grants"),
    path("links/<int:pk>/revocation/", links.LinkRevocation.as_view(), name="api_revoke_link"),
    path("diffs/", diffs.Diffs.as_view(), name="api_diffs"),
    path("diffs/<int:pk>/", diffs.DiffThing.as_view(), name="api_diff"),
    path("diffs/<int:pk>/changes.ndjson", diffs.DiffChanges.as_view(), name="api_diff_changes"),
]
