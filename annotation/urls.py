from django.urls import path

from annotation.views import (
    agreement,
    agreement_files,
    annotation_history,
    comparison,
    expert_labels,
    items,
    judgements,
    my_tasks,
    quality,
    republishing,
    round_management,
    rounds,
    schemes,
    utterance_search,
    workbench,
)
from core.redirects import moved

urlpatterns = [
    path(
        "corpora/<int:pk>/utterances/", utterance_search.utterance_search, name="utterance_search"
    ),
    path("tasks/", my_tasks.my_tasks, name="my_tasks"),
    path("assignments/<int:pk>/", workbench.workbench, name="assignment"),
    path("assignments/<int:pk>/judgements/", judgements.judgements, name="judgements"),
    path("assignments/<int:pk>/submission/", workbench.submission, name="submission"),
    path("assignments/<int:pk>/skip/", workbench.skip, name="skip"),
    path("assignments/<int:pk>/return/", workbench.undo_skip_of, name="undo_skip"),
    path("assignments/<int:pk>/presence/", workbench.presence, name="presence"),
    path("assignments/<int:pk>/comments/", judgements.comments, name="comments"),
    path("assignments/<int:pk>/warnings/", judgements.warnings, name="warnings"),
    path("rounds/<int:pk>/next/", workbench.next_assignment, name="next_assignment"),
    path("tasks/history/", annotation_history.annotation_history, name="annotation_history"),
    path("corpora/<int:pk>/rounds/", rounds.rounds, name="rounds"),
    path("corpora/<int:pk>/rounds/new/", rounds.new_round, name="new_round"),
    path("rounds/<int:pk>/", rounds.round_page, name="round"),
    path("rounds/<int:pk>/agreement/", agreement.agreement, name="agreement"),
    path("rounds/<int:pk>/agreement.<str:kind>", agreement_files.download, name="agreement_file"),
    path("rounds/<int:pk>/comparison/", comparison.comparison, name="comparison"),
    path("rounds/<int:pk>/reports/<str:kind>/", agreement.reports, name="reports"),
    path(
        "rounds/<int:pk>/reports/<str:kind>/progress/",
        agreement.report_progress,
        name="report_progress",
    ),
    path("rounds/<int:pk>/quality/", quality.quality, name="quality"),
    path("quality-flags/<int:pk>/reviews/", quality.reviews, name="quality_flag_reviews"),
    path("rounds/<int:pk>/items/", items.items, name="items"),
    path("rounds/<int:pk>/adjudication/", items.adjudication, name="adjudication"),
    path("rounds/<int:pk>/adjudications/", items.adjudications, name="adjudications"),
    path("rounds/<int:pk>/consensus/", items.consensus, name="consensus"),
    path("rounds/<int:pk>/closure/", round_management.closure, name="closure"),
    path("rounds/<int:pk>/reopening/", round_management.reopening, name="reopening"),
    path("rounds/<int:pk>/pause/", round_management.pause, name="pause"),
    path("rounds/<int:pk>/resumption/", round_management.resume, name="resume"),
    path("rounds/<int:pk>/extension/", round_management.extension, name="extension"),
    path("rounds/<int:pk>/participants/", round_management.participants, name="participants"),
    path("participants/<int:pk>/", round_management.participant, name="participant"),
    path("rounds/<int:pk>/dialogues/", round_management.round_dialogues, name="round_dialogues"),
    path(
        "rounds/<int:pk>/dialogues/<int:item>/",
        round_management.round_dialogue,
        name="round_dialogue",
    ),
    path("rounds/<int:pk>/comments/", round_management.comments, name="round_comments"),
    path("comments/<int:pk>/", round_management.comment, name="comment"),
    path(
        "corpora/<int:pk>/settings/annotation/",
        schemes.annotation_settings,
        name="annotation_settings",
    ),
    path("corpora/<int:pk>/schemes/", schemes.schemes, name="schemes"),
    path("corpora/<int:pk>/schemes/new/", schemes.new_scheme, name="new_scheme"),
    path("corpora/<int:pk>/schemes/preview/", schemes.preview, name="scheme_preview"),
    path("corpora/<int:pk>/guidelines/new/", schemes.new_guideline, name="new_guideline"),
    path("guidelines/<int:pk>/", schemes.guideline, name="guideline"),
    path("corpora/<int:pk>/expert-labels/", expert_labels.expert_labels, name="expert_labels"),
    path(
        "dialogues/<int:pk>/expert-labels/",
        expert_labels.dialogue_expert_labels,
        name="dialogue_expert_labels",
    ),
    path("dialogues/<int:pk>/republication/", republishing.republication, name="republication"),
]

# addresses that people may have kept, and the page that is there now
MOVED = {
    "work/": "my_tasks",
    "work/history/": "annotation_history",
    "corpora/<int:pk>/gold/": "expert_labels",
    "dialogues/<int:pk>/gold/": "dialogue_expert_labels",
    "rounds/<int:pk>/remarks/": "round_comments",
}
urlpatterns += [moved(old, name) for old, name in MOVED.items()]
