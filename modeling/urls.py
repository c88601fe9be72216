from django.urls import path

from modeling.views import errors, looks, registered, relations, runs, studies

urlpatterns = [
    path("corpora/<int:pk>/runs/", studies.runs, name="runs"),
    path("corpora/<int:pk>/runs/new/", studies.new_run, name="new_run"),
    path("studies/<int:pk>/", studies.study, name="study"),
    path("studies/<int:pk>/progress/", studies.study_progress, name="study_progress"),
    path("studies/<int:pk>/stop/", studies.stop_study, name="stop_study"),
    path("studies/<int:pk>/looks/", studies.look_study, name="look_study"),
    path("studies/<int:pk>/deletion/", studies.delete_study, name="delete_study"),
    path("studies/<int:pk>/study.csv", studies.study_csv, name="study_csv"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/progress/", runs.progress, name="run_progress"),
    path("runs/<int:pk>/stop/", runs.stop, name="stop_run"),
    path("runs/<int:pk>/attempts/", runs.attempt, name="attempt_run"),
    path("runs/<int:pk>/deletion/", runs.delete, name="delete_run"),
    path("runs/<int:pk>/features/", runs.measure_again, name="measure_again"),
    path("runs/<int:pk>/errors/", errors.errors, name="run_errors"),
    path("runs/<int:pk>/relations/", relations.relations, name="run_relations"),
    path("runs/<int:pk>/registration/", registered.register, name="register_model"),
    path("models/<int:pk>/", registered.model, name="model"),
    path("models/<int:pk>/card.md", registered.model_card, name="model_card"),
    path("runs/<int:pk>/looks/", looks.look, name="look"),
    path("looks/<int:pk>/progress/", looks.look_progress, name="look_progress"),
    path("runs/<int:pk>/evaluation.json", looks.evaluation_json, name="evaluation_json"),
    path("runs/<int:pk>/evaluation.tex", looks.evaluation_tex, name="evaluation_tex"),
]
