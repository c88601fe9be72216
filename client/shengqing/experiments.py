"""Experiments and their runs: started, watched, evaluated; what can be trained; named models."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from shengqing.jobs import Jobs
from shengqing.rows import (
    Encoder,
    Experiment,
    ExperimentDetail,
    Job,
    Model,
    ModelDetail,
    Recipe,
    Results,
    Run,
    State,
)
from shengqing.tables import to_pandas
from shengqing.transport import Row, Transport

if TYPE_CHECKING:
    import pandas

Event = Mapping[str, Any]


class Experiments:
    """The experiments of corpora that you lead."""

    def __init__(self, transport: Transport, jobs: Jobs) -> None:
        self.transport, self.jobs = transport, jobs

    def recipes(self) -> Iterator[Recipe]:
        """What can be trained, with the defaults of what can be set."""
        return cast("Iterator[Recipe]", self.transport.pages("recipes/"))

    def encoders(self) -> Iterator[Encoder]:
        """The pretrained encoders that the installation has."""
        return cast("Iterator[Encoder]", self.transport.pages("encoders/"))

    def list(self, corpus: int, *, release: int | None = None) -> Iterator[Experiment]:
        """Those of a corpus, the newest first."""
        path = f"corpora/{corpus}/experiments/"
        return cast("Iterator[Experiment]", self.transport.pages(path, release=release))

    def get(self, experiment: int) -> ExperimentDetail:
        """An experiment with its configurations."""
        return cast(ExperimentDetail, self.transport.get(f"experiments/{experiment}/"))

    def start(
        self,
        corpus: int,
        release: int,
        recipes: Sequence[str],
        *,
        seeds: int = 1,
        settings: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Experiment:
        """Train each recipe on a release with each of so many seeds. `settings` are those of
        `recipes()` that shall differ; `name`, `minutes`, `device`, `on_failure`, `search` are as in
        the API's reference.
        """
        body = {"release": release, "recipes": [*recipes], "seeds": seeds, **more}
        body["settings"] = dict(settings or {})
        return cast(Experiment, self.transport.post(f"corpora/{corpus}/experiments/", body))

    def wait(
        self,
        experiment: int,
        *,
        timeout: float | None = None,
        progress: Callable[[Experiment], None] | None = None,
    ) -> ExperimentDetail:
        """An experiment once no run and no evaluation of it waits or works; `progress` hears of it
        at each look. How runs ended stands in each of them. Raises TimeoutError.
        """
        path = f"experiments/{experiment}/"
        for found in cast("Iterator[ExperimentDetail]", self.jobs.looks(path, timeout)):
            if progress:
                progress(found)
            if not found["active"]:
                return found
        raise AssertionError("unreachable")

    def stop(self, experiment: int) -> Experiment:
        """Stop every run that waits or works; each keeps its checkpoint. A search ends."""
        return cast(Experiment, self.transport.post(f"experiments/{experiment}/stop/"))

    def resume(self, experiment: int) -> Experiment:
        """Go on with a search that was stopped or has given up."""
        return cast(Experiment, self.transport.post(f"experiments/{experiment}/attempts/"))

    def repeat(self, experiment: int, *, wanted: bool = True) -> Experiment:
        """Repeat it on each release that is frozen from now on, or no longer."""
        path = f"experiments/{experiment}/repetition/"
        return cast(Experiment, self.transport.post(path, {"wanted": wanted}))

    def evaluate(self, experiment: int) -> Experiment:
        """Evaluate its runs on the test set, once each; every evaluation is counted."""
        return cast(Experiment, self.transport.post(f"experiments/{experiment}/evaluations/"))

    def results(self, experiment: int) -> Iterator[Row]:
        """Every metric of every run that has ended, a row a run, split and task."""
        return self.transport.lines(f"experiments/{experiment}/results.ndjson")

    def tensorboard(self, experiment: int, target: Path | str) -> Path:
        """Download TensorBoard's files of its runs, a zip with a folder each."""
        path = f"experiments/{experiment}/tensorboard.zip"
        return self.transport.download(path, Path(target))

    def table(self, experiment: int) -> "pandas.DataFrame":
        """The same as a table of pandas."""
        return to_pandas(self.results(experiment))

    def delete(self, experiment: int) -> None:
        """Delete it with its runs; not one that was evaluated on the test set."""
        self.transport.delete(f"experiments/{experiment}/")


class Runs:
    """The runs of corpora that you lead."""

    def __init__(self, transport: Transport, jobs: Jobs) -> None:
        self.transport, self.jobs = transport, jobs

    def list(
        self,
        corpus: int,
        *,
        experiment: int | None = None,
        release: int | None = None,
        recipe: str | None = None,
        state: State | None = None,
    ) -> Iterator[Run]:
        """Those of a corpus, the newest first."""
        filters = {"experiment": experiment, "release": release, "recipe": recipe, "state": state}
        return cast("Iterator[Run]", self.transport.pages(f"corpora/{corpus}/runs/", **filters))

    def compare(
        self, corpus: int, *, runs: Sequence[int] = (), experiments: Sequence[int] = ()
    ) -> Row:
        """Runs of one release by recipe and settings: their `configurations`, and the differences
        of every two on `validation` and `test` with intervals and p values.

        Raises Invalid where they cannot be compared.
        """
        named = {"runs": _numbers(runs), "experiments": _numbers(experiments)}
        return self.transport.get(f"corpora/{corpus}/runs/comparison/", **named)

    def get(self, run: int) -> Run:
        """A run."""
        return cast(Run, self.transport.get(f"runs/{run}/"))

    def events(self, run: int) -> Iterator[Row]:
        """What it has reported so far, oldest first: loss and scores of each epoch."""
        return self.transport.lines(f"runs/{run}/events.ndjson")

    def watch(
        self,
        run: int,
        *,
        event: Callable[[Event], None] | None = None,
        progress: Callable[[Job], None] | None = None,
        timeout: float | None = None,
    ) -> Run:
        """A run once it is done; `event` hears what it reports, once each, `progress` of its job at
        each look.

        Raises JobFailed where it failed or was stopped, TimeoutError after `timeout` seconds.
        """
        heard = 0

        def look(job: Job) -> None:
            nonlocal heard
            if event:
                rows = [*self.events(run)]
                for row in rows[heard if heard <= len(rows) else 0 :]:  # it may begin anew
                    event(row)
                heard = len(rows)
            if progress:
                progress(job)

        self.jobs.wait({"url": self.get(run)["job"]}, timeout=timeout, progress=look)
        return self.get(run)

    def stop(self, run: int) -> Job:
        """Ask it to end; it keeps its checkpoint."""
        return self.jobs.stop("trainingrun", run)

    def resume(self, run: int) -> Job:
        """Go on from its checkpoint where it failed or was stopped."""
        return self.jobs.retry("trainingrun", run)

    def extract_features(self, run: int) -> None:
        """Have a worker extract what its encoders lack of the features of its release."""
        self.transport.post(f"runs/{run}/features/")

    def judge(
        self, corpus: int, release: int, encoder: str, *, language: Literal["en", "zh"], **more: Any
    ) -> Job:
        """Ask a language model of the installation for the labels of a release, in prompts of a
        language; its scores become features of the release. `turns`, `shots`, `seed`, `half`,
        `device` are as in the API's reference. The job.
        """
        body = {"release": release, "encoder": encoder, "language": language, **more}
        path = f"corpora/{corpus}/language-model-judges/"
        return cast(Job, self.transport.post(path, body))

    def results(self, run: int) -> Results:
        """All its results. NotAllowed while you annotate dialogues of its release blind."""
        return cast(Results, self.transport.get(f"runs/{run}/results/"))

    def predictions(
        self, run: int, *, split: Literal["validation", "test"] = "validation"
    ) -> Iterator[Row]:
        """What it predicted for each utterance, by task: the class that it decided for, the most
        probable one, probabilities. NotFound for `test` before it was evaluated on it.
        """
        return self.transport.lines(f"runs/{run}/predictions.ndjson", split=split)

    def tensorboard(self, run: int, target: Path | str) -> Path:
        """Download TensorBoard's files of it, a zip."""
        return self.transport.download(f"runs/{run}/tensorboard.zip", Path(target))

    def suggest(
        self, run: int, *, split: Literal["validation", "test"] = "validation"
    ) -> dict[str, int]:
        """Store what it predicted as suggestions for annotators: how many were `stored`, and how
        many utterances are `absent` from the corpus by now.
        """
        return self.transport.post(f"runs/{run}/suggestions/", {"split": split})

    def evaluate(
        self,
        run: int,
        *,
        timeout: float | None = None,
        progress: Callable[[Job], None] | None = None,
    ) -> Results:
        """Evaluate it on the test set, and wait for that. Every evaluation is counted: choose by
        the validation set, and evaluate once. Raises JobFailed, TimeoutError.
        """
        made = self.transport.post(f"runs/{run}/evaluations/")
        self.jobs.wait({"url": made["job"]}, timeout=timeout, progress=progress)
        return self.results(run)

    def register(self, run: int, name: str, *, use: str, limits: str) -> Model:
        """Make it a model of its corpus: what it is for, and where it fails."""
        body = {"name": name, "use": use, "limits": limits}
        return cast(Model, self.transport.post(f"runs/{run}/registration/", body))

    def delete(self, run: int) -> None:
        """Delete it with its files; not one that was evaluated on the test set."""
        self.transport.delete(f"runs/{run}/")


class Models:
    """The registered models of corpora that you lead."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def list(self, corpus: int) -> Iterator[Model]:
        """Those of a corpus, the newest, which is current, first."""
        return cast("Iterator[Model]", self.transport.pages(f"corpora/{corpus}/models/"))

    def get(self, model: int) -> ModelDetail:
        """A model with what decides it."""
        return cast(ModelDetail, self.transport.get(f"models/{model}/"))

    def card(self, model: int) -> str:
        """Its card, in Markdown."""
        return self.transport.send("GET", f"models/{model}/card.md").text


def _numbers(chosen: Sequence[int]) -> str | None:
    return ",".join(map(str, chosen)) or None


def event_words(event: Event) -> str:
    """What a run reports as a line: an epoch, the features extracted, a classical system fitted;
    "" for other events.
    """
    kind = event["event"]
    if kind == "features":
        return f"features {event['done']}/{event['total']}"
    if kind not in ("epoch", "fit"):
        return ""
    scores = event["validation_macro_f1"]
    if kind == "fit":
        task = event["task"]
        return f"task {event['done']}/{event['total']} {task}: macro-F1 {scores[task]:.3f}"
    loss = "" if event["loss"] is None else f" loss {event['loss']:.3f}"
    score = f" macro-F1 {sum(scores.values()) / len(scores):.3f}" if scores else ""
    return f"epoch {event['epoch']}/{event['epochs']}:{loss}{score}"
