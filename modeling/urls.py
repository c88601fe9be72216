from django.urls import path

from modeling import views

urlpatterns = [
    path("corpora/<int:pk>/runs/", views.runs, name="runs"),
    path("corpora/<int:pk>/runs/new/", views.new_run, name="new_run"),
    path("runs/<int:pk>/", views.run, name="run"),
    path("runs/<int:pk>/progress/", views.progress, name="run_progress"),
    path("runs/<int:pk>/stop/", views.stop, name="stop_run"),
    path("runs/<int:pk>/attempts/", views.attempt, name="attempt_run"),
]
