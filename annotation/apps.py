"""The annotation app; it tells the corpus what rounds withhold, and which one can join."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy

from core.page_slots import fill


class AnnotationConfig(AppConfig):
    name = "annotation"

    def ready(self):
        # models are not loaded before this
        from annotation import event_words
        from annotation.blinding import withheld_details, withheld_dialogues, withholding_rounds
        from annotation.figures import figures
        from annotation.findable import FINDERS
        from annotation.first_steps import add_steps
        from annotation.invited_rounds import InvitedRounds
        from annotation.overview import add_to_overview
        from annotation.places import PLACES
        from annotation.publication_guard import guard_annotated
        from annotation.rounds import leave_rounds
        from annotation.shortcuts import register_shortcuts
        from annotation.source_deletion import guard_rounds, withdraw_from_rounds
        from annotation.views.my_tasks import start_tasks
        from annotation.webhook_events import KINDS, announce_complete_rounds
        from core import findable, metrics, places
        from corpus import archive, deletion, publication_undo, round_offers, start_page, visibility
        from corpus.webhooks import kinds
        from jobs.recovery import STEPS
        from people import account_deletion
        from people.event_words import register

        register(event_words.NOUNS, event_words.SENTENCES)
        places.register(*PLACES)
        findable.register(*FINDERS)
        metrics.collect.append(figures)
        kinds.register(*KINDS)
        STEPS["told webhooks %s times of complete rounds"] = announce_complete_rounds

        add_steps()
        add_to_overview()
        start_page.add_part(start_page.Part("annotation/_start_tasks.html", start_tasks))
        visibility.withheld_by.append(withheld_dialogues)
        visibility.because.append(withholding_rounds)
        visibility.details_withheld_by.append(withheld_details)
        round_offers.register(InvitedRounds())
        archive.nouns |= {
            "rounds": ("annotation.Round", "corpus"),
            "assignments": ("annotation.Assignment", "round__corpus"),
            "participants": ("annotation.Participant", "round__corpus"),
            "comments": ("annotation.Comment", "assignment__round__corpus"),
            "quality-flags": ("annotation.QualityFlag", "round__corpus"),
            "guidelines": ("annotation.Guideline", "corpus"),
            "imports": ("annotation.TableImport", "corpus"),
        }
        deletion.losses |= {
            "annotation.round": gettext_lazy("rounds"),
            "annotation.judgement": gettext_lazy("judgements"),
            "annotation.expertlabel": gettext_lazy("expert labels"),
        }
        deletion.source_guards.append(guard_rounds)
        publication_undo.guards.append(guard_annotated)
        deletion.source_preparations.append(withdraw_from_rounds)
        fill("corpus_settings_tabs", "annotation/_settings_tab.html", order=20)
        account_deletion.removers.append(leave_rounds)
        register_shortcuts()
        fill("tab_bar", "annotation/_tab_bar.html")
        fill("forbidden_links", "annotation/_tasks_link.html")
        fill("utterance_search_url", "annotation/_utterance_search_url.html")
        fill("corpus_actions", "annotation/_import_link.html")
        fill("corpus_links", "annotation/_imports_link.html")
        fill("republication_url", "annotation/_republication_url.html")
