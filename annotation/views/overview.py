"""Parts of overviews: results and progress of a round, and the pace of the people of a corpus."""

from django.shortcuts import render

from annotation import pace
from annotation.agreement import item_counts
from annotation.agreement.bootstrap import MIN_CLUSTERS
from annotation.models import DailyWork, Participant, Report
from annotation.models.items import counted_submissions
from annotation.progress import forecast, history
from annotation.templatetags.scheme import colour
from annotation.views.access import results_of, round_of
from annotation.views.agreement import bring_up, drawn_measures, few_of
from corpus.permissions import LEAD, corpus_of

RECENT = 14  # days without work after which somebody is called quiet
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
        "measures": measures,
        "few": few_of(measures),
        "needed": MIN_CLUSTERS,
        "distributions": distributions(totals),
        "report": Report.of(found, Report.Kind.AGREEMENT),
        "submissions": counted_submissions(found),
    }
    return render(request, "annotation/_round_results.html", page)


def distributions(totals):
    """Each task with its values: how often each was chosen, its share, its place in a bar."""
    found = []
    for task in totals.scheme.tasks:
        counts = sum(totals.given(task).values(), start=[0] * len(task.keys))
        whole = sum(int(count) for count in counts)
        if not whole:
            continue
        place, segments = 0.0, []
        for value, count in zip(task.values, counts, strict=True):
            share = 100 * int(count) / whole
            segments.append(
                {
                    "value": value,
                    "key": value.key,
                    "colour": colour(value),
                    "n": int(count),
                    "x": round(place, 2),
                    "share": round(share, 2),
                }
            )
            place += share
        found.append({"task": task, "n": whole, "segments": segments})
    return found


def round_progress(request, pk):
    """Submissions over time, and when the round will be done at this pace."""
    found = round_of(request, pk)
    done, wanted = found.share_done()
    known = history(found)
    page = {
        "round": found,
        "corpus": found.corpus,
        "done": done,
        "wanted": wanted,
        "history": known,
        "forecast": forecast(found, done, wanted, known),
    }
    return render(request, "annotation/_round_history.html", page)


def corpus_pace(request, pk):
    """Everybody who annotates in an open round: how much this week, how fast beside usual."""
    corpus = corpus_of(request, pk, LEAD)
    seats = Participant.objects.filter(round__corpus=corpus, left_at=None, round__closure=None)
    people = {seat.person_id: seat.person for seat in seats.select_related("person")}
    found = pace.paces(DailyWork.objects.filter(round__corpus=corpus, person__in=people))
    rows: list[dict] = [
        {"person": person, "pace": found.get(who, pace.Pace({}))} for who, person in people.items()
    ]
    rows.sort(key=lambda row: (-row["pace"].week.utterances, str(row["person"])))
    page = {"corpus": corpus, "rows": rows[:MOST_PEOPLE], "more": len(rows) - MOST_PEOPLE}
    return render(request, "annotation/_corpus_pace.html", page)
