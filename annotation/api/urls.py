from django.urls import path

from annotation.api import (
    imports,
    label_studio,
    own_work,
    progress,
    republishing,
    results,
    rounds,
    schemes,
    suggestions,
    work,
)

urlpatterns = [
    path("rounds/<int:pk>/assignments/", work.RoundWork.as_view(), name="api_round_work"),
    path("assignments/<int:pk>/", work.AssignmentWork.as_view(), name="api_assignment"),
    path("assignments/<int:pk>/comments/", results.OwnComments.as_view(), name="api_own_comments"),
    path("assignments/<int:pk>/skip/", own_work.AssignmentSkip.as_view(), name="api_skip"),
    path(
        "assignments/<int:pk>/reopening/",
        own_work.AssignmentReopening.as_view(),
        name="api_reopen_assignment",
    ),
    path("tasks/", rounds.Tasks.as_view(), name="api_tasks"),
    path("corpora/<int:pk>/schemes/", schemes.Schemes.as_view(), name="api_schemes"),
    path(
        "corpora/<int:pk>/schemes/<int:version>/",
        schemes.SchemeThing.as_view(),
        name="api_scheme",
    ),
    path(
        "corpora/<int:pk>/settings/annotation/",
        schemes.AnnotationSettings.as_view(),
        name="api_annotation_settings",
    ),
    path("corpora/<int:pk>/guidelines/", schemes.Guidelines.as_view(), name="api_guidelines"),
    path("corpora/<int:pk>/pace/", progress.CorpusPace.as_view(), name="api_pace"),
    path("rounds/<int:pk>/progress/", progress.RoundProgress.as_view(), name="api_progress"),
    path(
        "account/judgements.ndjson",
        own_work.OwnJudgementLines.as_view(),
        name="api_own_judgements",
    ),
    path("corpora/<int:pk>/imports/", imports.Imports.as_view(), name="api_imports"),
    path(
        "corpora/<int:pk>/label-studio/",
        label_studio.TasksImport.as_view(),
        name="api_import_tasks",
    ),
    path(
        "rounds/<int:pk>/label-studio.json",
        label_studio.RoundTasks.as_view(),
        name="api_round_tasks",
    ),
    path(
        "corpora/<int:pk>/suggestions/", suggestions.Suggestions.as_view(), name="api_suggestions"
    ),
    path("imports/<int:pk>/", imports.ImportThing.as_view(), name="api_import"),
    path(
        "imports/<int:pk>/confirmation/",
        imports.ImportConfirmation.as_view(),
        name="api_confirm_import",
    ),
    path("imports/<int:pk>/mapping/", imports.ImportMapping.as_view(), name="api_import_mapping"),
    path("imports/<int:pk>/reading/", imports.ImportReading.as_view(), name="api_import_reading"),
    path(
        "imports/<int:pk>/problems.ndjson",
        imports.ImportProblemLines.as_view(),
        name="api_import_problems",
    ),
    path("imports/<int:pk>/undo/", imports.ImportUndo.as_view(), name="api_undo_import"),
    path("guidelines/<int:pk>/", schemes.GuidelineThing.as_view(), name="api_guideline"),
    path("corpora/<int:pk>/rounds/", rounds.Rounds.as_view(), name="api_rounds"),
    path("rounds/<int:pk>/", rounds.RoundThing.as_view(), name="api_round"),
    path("rounds/<int:pk>/closure/", rounds.RoundClosure.as_view(), name="api_closure"),
    path("rounds/<int:pk>/pause/", rounds.RoundPause.as_view(), name="api_pause"),
    path("rounds/<int:pk>/extension/", rounds.RoundExtension.as_view(), name="api_extension"),
    path("rounds/<int:pk>/consensus/", rounds.RoundConsensus.as_view(), name="api_consensus"),
    path("rounds/<int:pk>/comparison/", rounds.RoundComparison.as_view(), name="api_comparison"),
    path("rounds/<int:pk>/participants/", rounds.Participants.as_view(), name="api_participants"),
    path("participants/<int:pk>/", rounds.ParticipantThing.as_view(), name="api_participant"),
    path("rounds/<int:pk>/dialogues/", rounds.RoundDialogues.as_view(), name="api_round_dialogues"),
    path(
        "rounds/<int:pk>/dialogues/<int:item>/withdrawal/",
        rounds.RoundDialogueWithdrawal.as_view(),
        name="api_withdrawal",
    ),
    path("rounds/<int:pk>/reports/", rounds.RoundReports.as_view(), name="api_reports"),
    path("rounds/<int:pk>/reports/<str:kind>/", rounds.RoundReport.as_view(), name="api_report"),
    path("rounds/<int:pk>/agreement/", work.RoundAgreement.as_view(), name="api_agreement"),
    path("rounds/<int:pk>/items/", results.Items.as_view(), name="api_items"),
    path("rounds/<int:pk>/judgements/", results.Judgements.as_view(), name="api_judgements"),
    path(
        "rounds/<int:pk>/judgements.ndjson",
        results.JudgementLines.as_view(),
        name="api_judgement_lines",
    ),
    path(
        "rounds/<int:pk>/adjudications/", results.Adjudications.as_view(), name="api_adjudications"
    ),
    path("rounds/<int:pk>/comments/", results.RoundComments.as_view(), name="api_comments"),
    path("comments/<int:pk>/replies/", results.CommentReplies.as_view(), name="api_replies"),
    path(
        "comments/<int:pk>/resolution/", results.CommentResolution.as_view(), name="api_resolution"
    ),
    path(
        "dialogues/<int:pk>/republication/",
        republishing.Republication.as_view(),
        name="api_republication",
    ),
    path(
        "dialogues/<int:pk>/expert-labels/",
        results.ExpertLabels.as_view(),
        name="api_expert_labels",
    ),
    path("rounds/<int:pk>/quality-flags/", results.QualityFlags.as_view(), name="api_quality"),
    path(
        "quality-flags/<int:pk>/reviews/",
        results.QualityFlagReviews.as_view(),
        name="api_flag_reviews",
    ),
]
