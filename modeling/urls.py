from django.urls import path

from modeling import views

urlpatterns = [
    path("corpora/<int:pk>/runs/", views.runs, name="runs"),
    path("corpora/<int:pk>/runs/new/", views.new_run, name="new_run"),
    path("runs/<int:pk>/", views.run, name="run"),
    path("runs/<int:pk>/progress/", views.progress, name="run_progress"),
    path("runs/<int:pk>/stop/", views.stop, name="stop_run"),
    path("runs/<int:pk>/looks/", views.look, name="look"),
    path("looks/<int:pk>/progress/", views.look_progress, name="look_progress"),
    path("runs/<int:pk>/evaluation.json", views.evaluation_json, name="evaluation_json"),
    path("runs/<int:pk>/evaluation.tex", views.evaluation_tex, name="evaluation_tex"),
    path("runs/<int:pk>/features/", views.measure_again, name="measure_again"),
    path("runs/<int:pk>/attempts/", views.attempt, name="attempt_run"),
]
