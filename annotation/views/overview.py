"""Parts of overviews: results and progress of a round, and the pace of the people of a corpus."""

from django.shortcuts import render

from annotation.agreement import item_counts
from annotation.agreement.bootstrap import MIN_CLUSTERS
from annotation.models import Report
from annotation.models.items import counted_submissions
from annotation.pace import at_work
from annotation.progress import forecast, history
from annotation.views import agreement_charts, progress_charts
from annotation.views.access import results_of, round_of
from annotation.views.agreement import are_paired, bring_up, drawn_measures, few_of
from corpus.permissions import LEAD, corpus_of

MOST_PEOPLE = 12


def round_results(request, pk):
    """Agreement and label distribution of each task."""
    found = results_of(request, pk)
    left = bring_up(found)
    totals = item_counts.totals(found)
    measures = drawn_measures(found, totals)
    page = {
        "round": found,
        "corpus": found.corpus,
        "left": left,
        "agreement_chart": agreement_charts.of_tasks(found, measures),
        "few": few_of(measures),
        "paired": are_paired(measures),
        "needed": MIN_CLUSTERS,
        "label_chart": agreement_charts.distribution(found, totals),
        "report": Report.of(found, Report.Kind.AGREEMENT),
        "submissions": counted_submissions(found),
    }
    return render(request, "annotation/_round_results.html", page)


def round_progress(request, pk):
    """Submissions over time, and when the round will be done at this pace."""
    found = round_of(request, pk)
    done, wanted = found.share_done()
    known = history(found)
    expected = forecast(found, done, wanted, known)
    page = {
        "round": found,
        "corpus": found.corpus,
        "done": done,
        "wanted": wanted,
        "forecast": expected,
        "chart": progress_charts.submissions(found, known, done, wanted, expected),
    }
    return render(request, "annotation/_round_history.html", page)


def corpus_pace(request, pk):
    """Everybody who annotates in an open round: how much this week, how fast beside usual."""
    corpus = corpus_of(request, pk, LEAD)
    rows = at_work(corpus)
    page = {
        "corpus": corpus,
        "rows": rows[:MOST_PEOPLE],
        "more": len(rows) - MOST_PEOPLE,
        "chart": progress_charts.by_day(corpus, [(row["person"], row["pace"]) for row in rows]),
    }
    return render(request, "annotation/_corpus_pace.html", page)
