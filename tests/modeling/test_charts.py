"""Charts of runs and experiments: what is drawn is what was measured."""

from types import SimpleNamespace

import pytest

from annotation.scheme import DEFAULT
from modeling.charts import (
    comparison_chart,
    confusion_chart,
    experiment_curves,
    loss_curves,
    relation_chart,
    score_chart,
    score_curves,
    trial_chart,
)
from modeling.learner.seed_statistics import mean_interval
from modeling.search_space import Trial

TASKS = {task.key: task for task in DEFAULT.tasks}
SARCASM, HUMOR = TASKS["sarcasm"], TASKS["humor"]


def epoch(number, loss, **scores):
    return {"event": "epoch", "epoch": number, "epochs": 9, "loss": loss,
            "losses": {"sarcasm": loss}, "validation_macro_f1": scores}  # fmt: skip


def values(series):
    return [point.value for point in series.points]


def test_curves_have_a_line_a_task_and_one_in_the_mean():
    epochs = [epoch(1, 0.9, sarcasm=0.2, humor=0.4), epoch(2, 0.5, sarcasm=0.3, humor=0.5)]
    scores, losses = (curves([SARCASM, HUMOR], epochs) for curves in (score_curves, loss_curves))
    assert scores.places == [1, 2] and values(scores.series[0]) == pytest.approx([0.3, 0.4])
    assert [values(line) for line in scores.series[1:]] == [[0.2, 0.3], [0.4, 0.5]]
    assert [line.name for line in losses.series] == ["all tasks", "sarcasm"]  # humor has no loss
    assert scores.smooth and scores.data["high"] == 1.0
    assert score_curves([SARCASM], []).is_empty


def test_runs_of_an_experiment_have_a_line_each_and_a_hue_a_configuration():
    def run(seed, *scores):
        events = [epoch(n, 1.0, sarcasm=score) for n, score in enumerate(scores, start=1)]
        return SimpleNamespace(recipe="hard-text", seed=seed, events=lambda: events)

    groups = [
        SimpleNamespace(letter="A", runs=[run(1, 0.1, 0.2, 0.3), run(2, 0.2)]),
        SimpleNamespace(letter="B", runs=[run(1, 0.4), run(2)]),
    ]
    chart = experiment_curves(groups)
    assert [line.name for line in chart.series] == [
        "hard-text A · 1", "hard-text A · 2", "hard-text B · 1",
    ]  # fmt: skip
    assert values(chart.series[1]) == [0.2, None, None]
    assert chart.series[0].hue == chart.series[1].hue != chart.series[2].hue


def test_too_few_seeds_are_points_with_the_reason_and_enough_an_interval():
    few, enough = mean_interval([0.2, 0.4]), mean_interval([0.2, 0.3, 0.4])
    table = [("one", 2, [few, None, few]), ("other", 3, [enough, enough, enough])]
    runs = {"one": SimpleNamespace(pk=3), "other": SimpleNamespace(pk=4)}
    chart = comparison_chart(table, [SARCASM, HUMOR], runs)
    assert chart.places == ["mean", "sarcasm", "humor"]  # in the order of the scheme
    one, other = chart.series
    assert one.points[0].low is None and one.points[0].seeds == [0.2, 0.4]
    assert one.points[0].note == "2 seeds; an interval needs at least 3."
    assert one.points[0].href == "/runs/3/" and other.points[1].href == "/runs/4/"
    assert one.points[2].value is None and one.points[2].note == "not evaluated"
    assert other.points[0].low < 0.3 < other.points[0].high and not other.points[0].note


def test_a_run_stands_beside_the_baseline_and_people():
    row = {"macro_f1": 0.5, "majority_macro_f1": 0.4, "human": {"macro_f1": 0.8}}
    rows = [(SARCASM, row, []), (HUMOR, None, [])]
    run = SimpleNamespace(pk=7)
    chart = score_chart(run, "held_out", rows, {}, people=True)
    assert [values(series) for series in chart.series] == [[0.5], [0.4], [0.8]]
    over_seeds = {"sarcasm": mean_interval([0.4, 0.6])}
    own = chart.series[0].points[0]
    assert own.href == chart.place_hrefs[0] == "/runs/7/errors/?where=held_out&task=sarcasm"
    chart = score_chart(run, "held_out", rows, over_seeds, people=False)
    assert chart.series[0].points[0].seeds == [0.4, 0.6] and len(chart.series) == 2


def test_a_cell_of_the_confusion_matrix_leads_to_its_utterances():
    row = {"confusion": [[3, 1], [0, 0]]}
    chart = confusion_chart(SimpleNamespace(pk=7), "validation", SARCASM, row)
    right, wrong = (series.points[0] for series in chart.series)
    assert (right.value, right.shade, wrong.shade) == (3, 0.75, 0.25)
    assert right.href.startswith("/runs/7/errors/?where=validation&task=sarcasm&gold=no")
    assert not chart.series[0].points[1].href and chart.series[0].points[1].shade == 0


def test_relations_are_by_the_gold_of_both_tasks():
    def cell(n, value):
        return {"n": n, "learned": value}

    rows = [(SARCASM.values[0], [cell(2, -0.5), cell(0, None)]),
            (SARCASM.values[1], [cell(1, 0.25), cell(4, 1.0)])]  # fmt: skip
    run = SimpleNamespace(pk=7)
    chart = relation_chart(run, "validation", (SARCASM, HUMOR), rows, "learned")
    assert [values(column) for column in chart.series] == [[-0.5, 0.25], [None, 1.0]]
    cell = chart.series[0].points[0]
    assert chart.diverging and cell.note == "2 utterances"
    assert "task=humor&gold=no&given=sarcasm%3Ano" in cell.href


def test_trials_in_their_order_with_the_best_so_far():
    def row(number, state, value=None):
        trial = Trial({}, state, value)
        return {"number": number, "run": SimpleNamespace(pk=number), "trial": trial}

    rows = [row(3, "done", 0.4), row(1, "done", 0.3), row(2, "pruned"), row(4, "running")]
    trials, best = trial_chart(rows).series
    assert values(trials) == [0.3, None, 0.4] and values(best) == [0.3, 0.3, 0.4]
    assert trials.points[0].href == "/runs/1/" and trials.points[1].note == "ended early"
