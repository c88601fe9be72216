from django.urls import path

from releases import views

urlpatterns = [
    path("corpora/<int:pk>/releases/", views.releases, name="releases"),
    path("corpora/<int:pk>/releases/new/", views.new_release, name="new_release"),
    path("releases/<int:pk>/", views.release, name="release"),
    path("releases/<int:pk>/progress/", views.progress, name="release_progress"),
    path("releases/<int:pk>/attempts/", views.attempt, name="attempt_release"),
    path("releases/<int:pk>/verification/", views.verification, name="verification"),
    path("releases/<int:pk>/archive.zip", views.archive, name="archive"),
]
