from django.urls import path

from core.redirects import moved
from modeling.views import (
    comparison,
    encoders,
    error_analysis,
    evaluations,
    experiments,
    new_run,
    registered_models,
    relations,
    run_list,
    runs,
    tensorboard,
)

urlpatterns = [
    path("installation/encoders/", encoders.installation_encoders, name="installation_encoders"),
    path("installation/encoders/downloads/", encoders.download_encoder, name="download_encoder"),
    path("installation/encoders/imports/", encoders.import_encoder, name="import_encoder"),
    path("installation/encoders/removal/", encoders.remove_encoder, name="remove_encoder"),
    path(
        "installation/encoders/imports/<int:pk>/progress/",
        encoders.encoder_progress,
        name="encoder_progress",
    ),
    path("corpora/<int:pk>/runs/", run_list.runs, name="runs"),
    path("corpora/<int:pk>/runs/new/", new_run.new_run, name="new_run"),
    path("corpora/<int:pk>/runs/new/costs/", new_run.tuning_costs, name="tuning_costs"),
    path("corpora/<int:pk>/runs/comparison/", comparison.compare_runs, name="compare_runs"),
    path("experiments/<int:pk>/", experiments.experiment, name="experiment"),
    path(
        "experiments/<int:pk>/progress/",
        experiments.experiment_progress,
        name="experiment_progress",
    ),
    path("experiments/<int:pk>/stop/", experiments.stop_experiment, name="stop_experiment"),
    path("experiments/<int:pk>/attempts/", experiments.resume_experiment, name="resume_experiment"),
    path(
        "experiments/<int:pk>/repetition/", experiments.repeat_experiment, name="repeat_experiment"
    ),
    path(
        "experiments/<int:pk>/evaluations/",
        experiments.evaluate_experiment,
        name="evaluate_experiment",
    ),
    path("experiments/<int:pk>/deletion/", experiments.delete_experiment, name="delete_experiment"),
    path(
        "experiments/<int:pk>/tensorboard.zip",
        tensorboard.experiment_tensorboard,
        name="experiment_tensorboard",
    ),
    path("experiments/<int:pk>/results.csv", experiments.experiment_csv, name="experiment_csv"),
    moved("studies/<int:pk>/", "experiment"),
    moved("studies/<int:pk>/study.csv", "experiment_csv"),
    moved("studies/<int:pk>/tensorboard.zip", "experiment_tensorboard"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/progress/", runs.progress, name="run_progress"),
    path("runs/<int:pk>/stop/", runs.stop, name="stop_run"),
    path("runs/<int:pk>/attempts/", runs.attempt, name="attempt_run"),
    path("runs/<int:pk>/deletion/", runs.delete, name="delete_run"),
    path("runs/<int:pk>/features/", runs.extract_features, name="extract_features"),
    path("runs/<int:pk>/tensorboard.zip", tensorboard.run_tensorboard, name="run_tensorboard"),
    path("runs/<int:pk>/errors/", error_analysis.errors, name="run_errors"),
    path("runs/<int:pk>/relations/", relations.relations, name="run_relations"),
    path("runs/<int:pk>/registration/", registered_models.register, name="register_model"),
    path("corpora/<int:pk>/models/", registered_models.models, name="models"),
    path("models/<int:pk>/", registered_models.model, name="model"),
    path("models/<int:pk>/card.md", registered_models.model_card, name="model_card"),
    path("runs/<int:pk>/evaluations/", evaluations.evaluate_run, name="evaluate_run"),
    path(
        "evaluations/<int:pk>/progress/",
        evaluations.evaluation_progress,
        name="evaluation_progress",
    ),
    path("runs/<int:pk>/evaluation.json", evaluations.evaluation_json, name="evaluation_json"),
    path("runs/<int:pk>/evaluation.tex", evaluations.evaluation_tex, name="evaluation_tex"),
]
