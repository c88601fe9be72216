from django.urls import path

from core.redirects import moved
from releases.views import diffs, downloads, personal_data, releases, sharing

urlpatterns = [
    path("corpora/<int:pk>/releases/", releases.releases, name="releases"),
    path("corpora/<int:pk>/settings/releases/", releases.release_settings, name="release_settings"),
    path("corpora/<int:pk>/releases/new/", releases.new_release, name="new_release"),
    path("corpora/<int:pk>/personal-data/", personal_data.personal_data, name="personal_data"),
    path(
        "corpora/<int:pk>/personal-data/progress/",
        personal_data.progress,
        name="personal_data_progress",
    ),
    path(
        "corpora/<int:pk>/personal-data/searches/",
        personal_data.search,
        name="search_personal_data",
    ),
    moved("corpora/<int:pk>/sightings/", "personal_data"),
    path(
        "utterances/<int:pk>/personal-data-reviews/",
        personal_data.personal_data_review,
        name="personal_data_review",
    ),
    path("releases/<int:pk>/", releases.release, name="release"),
    path("releases/<int:pk>/card/", releases.card, name="release_card"),
    path("releases/<int:pk>/progress/", releases.progress, name="release_progress"),
    path("releases/<int:pk>/attempts/", releases.attempt, name="attempt_release"),
    path("releases/<int:pk>/stop/", releases.stop, name="stop_release"),
    path("releases/<int:pk>/disposal/", releases.discard, name="discard_release"),
    path("releases/<int:pk>/retractions/", releases.retraction, name="retraction"),
    path("releases/<int:pk>/verification/", releases.verification, name="verification"),
    path("releases/<int:pk>/archive.zip", downloads.archive, name="archive"),
    path("releases/<int:pk>/files/", releases.files, name="release_files"),
    path("releases/<int:pk>/files/<path:path>", downloads.file, name="release_file"),
    path("releases/<int:pk>/as/<slug:name>.zip", downloads.layout, name="release_layout"),
    path("releases/<int:pk>/member-access/", sharing.member_access, name="member_access"),
    path("releases/<int:pk>/links/", sharing.links, name="release_links"),
    path("links/<int:pk>/revocation/", sharing.revocation, name="revoke_link"),
    path("shared/<str:token>/", sharing.shared, name="shared"),
    path("grants/<str:token>/", sharing.grant, name="grant"),
    path("grants/<str:token>/archive.zip", sharing.granted_archive, name="granted_archive"),
    path("grants/<str:token>/files/<path:path>", sharing.granted_file, name="granted_file"),
    path("grants/<str:token>/as/<slug:name>.zip", sharing.granted_layout, name="granted_layout"),
    path("diffs/", diffs.diff, name="diff"),
    path("diffs/<int:pk>/", diffs.release_diff, name="release_diff"),
    path("diffs/<int:pk>/progress/", diffs.diff_progress, name="diff_progress"),
    path("diffs/<int:pk>/summary.json", diffs.diff_json, name="diff_json"),
]
