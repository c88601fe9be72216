from django.urls import path

from modeling.api import (
    comparison,
    experiments,
    features,
    protocols,
    recipes,
    registered_models,
    runs,
)

urlpatterns = [
    path("recipes/", recipes.RecipeList.as_view(), name="api_recipes"),
    path("encoders/", recipes.Encoders.as_view(), name="api_encoders"),
    path(
        "corpora/<int:pk>/experiments/", experiments.Experiments.as_view(), name="api_experiments"
    ),
    path(
        "corpora/<int:pk>/runs/comparison/",
        comparison.RunComparison.as_view(),
        name="api_compare_runs",
    ),
    path("corpora/<int:pk>/runs/", runs.CorpusRuns.as_view(), name="api_runs"),
    path("corpora/<int:pk>/protocols/", protocols.Protocols.as_view(), name="api_protocols"),
    path(
        "corpora/<int:pk>/protocols/plans/",
        protocols.ProtocolPlans.as_view(),
        name="api_protocol_plans",
    ),
    path("corpora/<int:pk>/models/", registered_models.Models.as_view(), name="api_models"),
    path(
        "corpora/<int:pk>/feature-imports/",
        features.FeatureImports.as_view(),
        name="api_feature_imports",
    ),
    path(
        "feature-imports/<int:pk>/",
        features.FeatureImportThing.as_view(),
        name="api_feature_import",
    ),
    path(
        "feature-imports/<int:pk>/confirmation/",
        features.FeatureImportConfirmation.as_view(),
        name="api_confirm_feature_import",
    ),
    path(
        "corpora/<int:pk>/features/", features.CorpusFeatures.as_view(), name="api_corpus_features"
    ),
    path("features/<int:pk>/", features.FeaturesThing.as_view(), name="api_features"),
    path(
        "corpora/<int:pk>/language-model-judges/",
        features.LanguageModelJudges.as_view(),
        name="api_language_model_judges",
    ),
    path("runs/<int:pk>/features/", features.RunFeatures.as_view(), name="api_extract_features"),
    path("experiments/<int:pk>/", experiments.ExperimentThing.as_view(), name="api_experiment"),
    path(
        "experiments/<int:pk>/stop/",
        experiments.ExperimentStop.as_view(),
        name="api_stop_experiment",
    ),
    path(
        "experiments/<int:pk>/attempts/",
        experiments.ExperimentAttempts.as_view(),
        name="api_resume_experiment",
    ),
    path(
        "experiments/<int:pk>/repetition/",
        experiments.ExperimentRepetition.as_view(),
        name="api_repeat_experiment",
    ),
    path(
        "experiments/<int:pk>/evaluations/",
        experiments.ExperimentEvaluations.as_view(),
        name="api_evaluate_experiment",
    ),
    path(
        "experiments/<int:pk>/results.ndjson",
        experiments.ExperimentResults.as_view(),
        name="api_experiment_results",
    ),
    path(
        "experiments/<int:pk>/tensorboard.zip",
        experiments.ExperimentTensorBoard.as_view(),
        name="api_experiment_tensorboard",
    ),
    path("runs/<int:pk>/", runs.RunThing.as_view(), name="api_run"),
    path("runs/<int:pk>/results/", runs.RunResults.as_view(), name="api_run_results"),
    path("runs/<int:pk>/events.ndjson", runs.RunEvents.as_view(), name="api_run_events"),
    path(
        "runs/<int:pk>/predictions.ndjson",
        runs.RunPredictions.as_view(),
        name="api_run_predictions",
    ),
    path(
        "runs/<int:pk>/tensorboard.zip", runs.RunTensorBoard.as_view(), name="api_run_tensorboard"
    ),
    path(
        "runs/<int:pk>/suggestions/", runs.RunSuggestions.as_view(), name="api_suggest_predictions"
    ),
    path("runs/<int:pk>/evaluations/", runs.RunEvaluations.as_view(), name="api_evaluate_run"),
    path("runs/<int:pk>/registration/", runs.RunRegistration.as_view(), name="api_register_model"),
    path("evaluations/<int:pk>/", runs.EvaluationThing.as_view(), name="api_evaluation"),
    path("models/<int:pk>/", registered_models.ModelThing.as_view(), name="api_model"),
    path("models/<int:pk>/card.md", registered_models.ModelCard.as_view(), name="api_model_card"),
    path("protocols/<int:pk>/", protocols.ProtocolThing.as_view(), name="api_protocol"),
    path("protocols/<int:pk>/stop/", protocols.ProtocolStop.as_view(), name="api_stop_protocol"),
    path(
        "protocols/<int:pk>/attempts/",
        protocols.ProtocolAttempts.as_view(),
        name="api_resume_protocol",
    ),
    path(
        "protocols/<int:pk>/report/",
        protocols.ProtocolReport.as_view(),
        name="api_report_protocol",
    ),
    path(
        "protocols/<int:pk>/files/<str:name>",
        protocols.ProtocolFile.as_view(),
        name="api_protocol_file",
    ),
]
