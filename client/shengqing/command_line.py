"""`shengqing` on the command line."""

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from shengqing.client import Client
from shengqing.credentials import (
    Credentials,
    forget_credentials,
    load_credentials,
    save_credentials,
)
from shengqing.errors import JobFailed, ShengqingError
from shengqing.experiments import Event, event_words
from shengqing.local_release import MEDIA, LocalRelease
from shengqing.progress import ByteProgress
from shengqing.rows import Job, Results

FAILED, USAGE, INTERRUPTED = 1, 2, 130
Command = Callable[[str, Any, str], argparse.ArgumentParser]


def build_parser() -> argparse.ArgumentParser:
    """The commands with their options."""
    top = argparse.ArgumentParser(prog="shengqing", description="Shengqing from a terminal.")
    top.add_argument("--json", action="store_true", help="print what the server sends")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Any, description: str) -> argparse.ArgumentParser:
        parser = commands.add_parser(name, help=description, description=description)
        parser.set_defaults(handler=run)
        return parser

    login = command("login", log_in, "keep a server's address and a token of your account")
    login.add_argument("url")
    login.add_argument("--token", help="asked for unless given; “-” reads it from standard input")
    logout = command("logout", log_out, "forget the address and the token")
    logout.add_argument("--revoke", action="store_true", help="end the token, too")
    command("account", show_account, "who the token acts as, and what it may do")
    command("tokens", list_tokens, "your tokens; they are made on your account page")
    revoke = command("revoke", revoke_token, "end a token of yours at once")
    revoke.add_argument("token", type=int)
    command("corpora", list_corpora, "the corpora that you belong to")
    jobs = command("jobs", list_jobs, "the jobs of a corpus that you lead")
    jobs.add_argument("corpus", type=int)
    jobs.add_argument("--state", choices=["queued", "running", "done", "failed", "stopped"])
    watch = command("watch", watch_job, "follow a job to its end")
    watch.add_argument("kind")
    watch.add_argument("id", type=int)
    push = command("push", push_episode, "send a film, its transcript, or both, and have it cut")
    push.add_argument("corpus", type=int)
    push.add_argument("--media", type=Path)
    push.add_argument("--transcript", type=Path)
    push.add_argument("--title", default="", help="the name of the file unless given")
    push.add_argument("--draft", action="store_true", help="let a person confirm how it is read")
    push.add_argument("--publish", action="store_true", help="make its dialogues ready at once")
    issues = command("issues", list_issues, "the issues of a corpus that you lead")
    issues.add_argument("corpus", type=int)
    issues.add_argument("--kind", help="such as overlap")
    issues.add_argument("--anew", action="store_true", help="have them listed anew, and wait")
    members = command("members", list_members, "the members of a corpus that you lead")
    members.add_argument("corpus", type=int)
    invite = command("invite", invite_person, "ask somebody to join; prints the link")
    invite.add_argument("corpus", type=int)
    invite.add_argument("role", choices=["annotator", "adjudicator", "lead"])
    whom = invite.add_mutually_exclusive_group()
    whom.add_argument("--email")
    whom.add_argument("--username", help="of an account; without either, whoever has the link")
    rounds = command("rounds", list_rounds, "the rounds of a corpus that you lead or adjudicate")
    rounds.add_argument("corpus", type=int)
    assign = command("assign", open_round, "open a round: who judges, and how many judge each")
    assign.add_argument("corpus", type=int)
    assign.add_argument("name")
    assign.add_argument("--annotators", type=int, nargs="+", required=True, metavar="PERSON")
    assign.add_argument("--overlap", type=int, default=2)
    assign.add_argument("--due", help="YYYY-MM-DD")
    agreement = command("agreement", show_agreement, "Krippendorff's alpha of each task of a round")
    agreement.add_argument("round", type=int)
    _add_releases(command)
    _add_learning(command)
    get = command("get", get_path, "whatever is at a path of the API, all pages of a list")
    get.add_argument("path", help="such as corpora/1/")
    return top


def _add_releases(command: Command) -> None:
    releases = command("releases", list_releases, "the releases of a corpus")
    releases.add_argument("corpus", type=int)
    freeze = command("freeze", freeze_release, "freeze a release, and wait for it")
    freeze.add_argument("corpus", type=int)
    freeze.add_argument("--version", help="the next one unless given")
    freeze.add_argument("--rounds", type=int, nargs="+", metavar="ROUND")
    freeze.add_argument("--media", choices=["dialogues", "utterances", "features", "none"])
    freeze.add_argument("--shares", help="of train, valid and test in percent, such as 70/15/15")
    freeze.add_argument("--licence", help="such as cc-by-4.0")
    pull = command("pull", pull_release, "download a release, and check it; goes on after a break")
    pull.add_argument("release", type=int)
    pull.add_argument("--to", type=Path, help="the folder; release-ID-VERSION unless given")
    pull.add_argument("--without-media", action="store_true", help="no clips and no features")
    pull.add_argument("--zip", action="store_true", help="as one zip, --to names it")
    verify = command("verify", verify_release, "check a downloaded release against its checksums")
    verify.add_argument("folder", type=Path)
    verify.add_argument("--digest", default="", help="the published one")
    verify.add_argument("--without-media", action="store_true", help="clips and features may lack")
    diff = command("diff", diff_releases, "what is different from one release to another")
    diff.add_argument("one", type=int)
    diff.add_argument("other", type=int)
    diff.add_argument("--rows", action="store_true", help="every change, a JSON line each")


def _add_learning(command: Command) -> None:
    command("recipes", list_recipes, "what can be trained")
    train = command("train", train_recipes, "train recipes on a release, and follow the runs")
    train.add_argument("corpus", type=int)
    train.add_argument("release", type=int)
    train.add_argument("recipes", nargs="+", metavar="RECIPE")
    train.add_argument("--seeds", type=int, default=1, help="how many")
    train.add_argument("--name", default="")
    train.add_argument(
        "--set", dest="settings", type=_setting, action="append", default=[], metavar="NAME=VALUE",
        help="a setting of the recipes, such as epochs=20; the value as JSON, or a word",
    )  # fmt: skip
    train.add_argument("--detach", action="store_true", help="do not wait")
    runs = command("runs", list_runs, "the runs of a corpus that you lead")
    runs.add_argument("corpus", type=int)
    runs.add_argument("--experiment", type=int)
    results = command("results", show_results, "the metrics of a run, a line a split and task")
    results.add_argument("run", type=int)
    evaluate = command("evaluate", evaluate_run, "evaluate a run on the test set; it is counted")
    evaluate.add_argument("run", type=int)
    predictions = command("predictions", show_predictions, "what a run predicted, a JSON line each")
    predictions.add_argument("run", type=int)
    predictions.add_argument("--split", choices=["validation", "test"], default="validation")
    suggest = command("suggest", suggest_predictions, "offer what a run predicted to annotators")
    suggest.add_argument("run", type=int)
    suggest.add_argument("--split", choices=["validation", "test"], default="validation")


def _setting(words: str) -> tuple[str, Any]:
    name, equals, value = words.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{words!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 with a sentence on standard error."""
    options = build_parser().parse_args(arguments)
    try:
        return int(options.handler(options) or 0)
    except (ShengqingError, OSError) as error:
        print(f"shengqing: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def connect() -> Client:
    """A client with the credentials that are kept."""
    return Client(*load_credentials())


def log_in(options: argparse.Namespace) -> None:
    """Keep a token that the server takes."""
    token = options.token
    if token == "-":
        token = sys.stdin.readline()
    token = (token or getpass.getpass("Token (Account → Tokens): ")).strip()
    with Client(options.url, token) as client:
        account = client.account()
    path = save_credentials(Credentials(options.url, token))
    print(f"Signed in as {account['username']}; kept in {path}.")


def log_out(options: argparse.Namespace) -> None:
    if options.revoke:
        with connect() as client:
            client.tokens.revoke_own()
    print("Forgotten." if forget_credentials() else "There was nothing to forget.")


def show_account(options: argparse.Namespace) -> None:
    with connect() as client:
        show(options, [client.account()], ["username", "name", "scopes"])


def list_tokens(options: argparse.Namespace) -> None:
    with connect() as client:
        columns = ["id", "name", "scopes", "state", "expires_at", "last_used_at"]
        show(options, client.tokens.list(), columns)


def revoke_token(options: argparse.Namespace) -> None:
    with connect() as client:
        client.tokens.revoke(options.token)
    print("Revoked.")


def list_corpora(options: argparse.Namespace) -> None:
    with connect() as client:
        show(options, client.corpora.list(), ["id", "name", "language", "role"])


def list_jobs(options: argparse.Namespace) -> None:
    with connect() as client:
        jobs = client.jobs.list(options.corpus, state=options.state)
        show(options, jobs, ["kind", "id", "state", "progress", "name", "failure"])


def list_issues(options: argparse.Namespace) -> None:
    watch = None if options.json else _show_progress
    with connect() as client:
        if options.anew:
            client.jobs.wait(client.corpora.list_issues(options.corpus), progress=watch)
        rows = client.corpora.issues(options.corpus, kind=options.kind)
        show(options, rows, ["kind", "place", "dialogue", "utterance", "detail"])


def watch_job(options: argparse.Namespace) -> int:
    """0 once it is done, 1 where it failed or was stopped."""
    with connect() as client:
        job = client.jobs.get(options.kind, options.id)
        if options.kind == RUN:
            watched = _watch_runs(options, client, [options.id])
        else:
            watched = _wait(options, client, job)
        if options.json and watched:
            print(json.dumps(client.jobs.get(options.kind, options.id), ensure_ascii=False))
    return 0 if watched else FAILED


def push_episode(options: argparse.Namespace) -> None:
    """The source, once it is cut (or read, of a draft)."""
    for path in filter(None, (options.media, options.transcript)):
        if not path.is_file():
            raise ShengqingError(f"{path} is no file.")
    watch = None if options.json else _show_progress
    with connect() as client:
        source = client.sources.push(
            options.corpus, media=options.media, transcript=options.transcript,
            title=options.title, progress=None if options.json else ByteProgress("upload"),
        )  # fmt: skip
        if not options.draft:
            client.jobs.wait(client.sources.confirm(source["id"]), progress=watch)
            if options.publish:
                client.sources.publish(source["id"])
        show(options, [client.sources.get(source["id"])], ["id", "title", "state", "counts"])


ROUND = ["id", "name", "state", "submitted", "wanted", "due"]


def list_members(options: argparse.Namespace) -> None:
    with connect() as client:
        rows = ({**row, **row["person"]} for row in client.members.list(options.corpus))
        show(options, rows, ["id", "username", "name", "role"])


def invite_person(options: argparse.Namespace) -> None:
    whom = {name: value for name in ("email", "username") if (value := getattr(options, name))}
    with connect() as client:
        made = client.members.invite(options.corpus, options.role, **whom)
        show(options, [made], ["id", "role", "link", "expires_at"])


def list_rounds(options: argparse.Namespace) -> None:
    with connect() as client:
        show(options, client.rounds.list(options.corpus), ROUND)


def open_round(options: argparse.Namespace) -> None:
    settings = {"due": options.due} if options.due else {}
    with connect() as client:
        made = client.rounds.open(
            options.corpus, options.name, annotators=options.annotators, overlap=options.overlap,
            **settings,
        )  # fmt: skip
        show(options, [made], ROUND)


def show_agreement(options: argparse.Namespace) -> None:
    with connect() as client:
        rows = client.rounds.agreement(options.round)
        show(options, rows, ["task", "value", "low", "high", "units", "undefined"])


RELEASE = ["id", "version", "state", "utterances", "bytes", "digest"]


def list_releases(options: argparse.Namespace) -> None:
    with connect() as client:
        show(options, client.releases.list(options.corpus), RELEASE)


def freeze_release(options: argparse.Namespace) -> None:
    names = ("version", "rounds", "media", "shares", "licence")
    settings = {name: value for name in names if (value := getattr(options, name)) is not None}
    watch = None if options.json else _show_progress
    with connect() as client:
        made = client.releases.freeze(options.corpus, progress=watch, **settings)
        show(options, [made], RELEASE)


def pull_release(options: argparse.Namespace) -> None:
    """What has come is checked; a file that is not as it was frozen is an error."""
    with connect() as client:
        release = client.releases.get(options.release)
        name = f"release-{release['id']}-{release['version']}"
        progress = None if options.json else ByteProgress(name)
        if options.zip:
            path = client.releases.archive(release["id"], options.to or f"{name}.zip", progress)
        else:
            path = client.releases.pull(
                release["id"], options.to or name, media=not options.without_media,
                progress=progress,
            ).path  # fmt: skip
    print(path)


def verify_release(options: argparse.Namespace) -> int:
    """1 where it is not as it was frozen."""
    without = MEDIA if options.without_media else ()
    faults = LocalRelease(options.folder).verify(options.digest, without=without)
    for fault in faults:
        print(f"shengqing: {fault}", file=sys.stderr)
    return FAILED if faults else 0


def diff_releases(options: argparse.Namespace) -> None:
    with connect() as client:
        found = client.releases.diff(options.one, options.other)
        if options.rows:
            for row in client.releases.changes(found["id"]):
                print(json.dumps(row, ensure_ascii=False))
        else:
            print(json.dumps(found["summary"], ensure_ascii=False, indent=1))


def list_recipes(options: argparse.Namespace) -> None:
    with connect() as client:
        show(options, client.experiments.recipes(), ["name", "title", "modalities"])


RUN = "trainingrun"  # as the API calls the job of a run
RUNS = ["id", "recipe", "seed", "state", "validation_macro_f1", "test_macro_f1", "failure"]


def train_recipes(options: argparse.Namespace) -> int:
    """1 where a run failed or was stopped."""
    with connect() as client:
        made = client.experiments.start(
            options.corpus, options.release, options.recipes, seeds=options.seeds,
            settings=dict(options.settings), name=options.name,
        )  # fmt: skip
        watched = options.detach or _watch_runs(options, client, made["runs"])
        show(options, client.runs.list(options.corpus, experiment=made["id"]), RUNS)
    return 0 if watched else FAILED


def _watch_runs(options: argparse.Namespace, client: Client, runs: Sequence[int]) -> bool:
    """Whether all of them came to their end; each failure as a line."""
    failures = 0
    for run in runs:
        heard = None if options.json else partial(_show_event, run)
        try:
            client.runs.watch(run, event=heard)
        except JobFailed as failed:
            print(f"shengqing: {failed}", file=sys.stderr)
            failures += 1
    return not failures


def _wait(options: argparse.Namespace, client: Client, job: Job) -> bool:
    """Whether a job was done; its failure as a line."""
    try:
        client.jobs.wait(job, progress=None if options.json else _show_progress)
    except JobFailed as failed:
        print(f"shengqing: {failed}", file=sys.stderr)
        return False
    return True


def list_runs(options: argparse.Namespace) -> None:
    with connect() as client:
        rows = client.runs.list(options.corpus, experiment=options.experiment)
        show(options, rows, RUNS)


def show_results(options: argparse.Namespace) -> None:
    with connect() as client:
        _show_metrics(options, client.runs.results(options.run))


def evaluate_run(options: argparse.Namespace) -> None:
    watch = None if options.json else _show_progress
    with connect() as client:
        _show_metrics(options, client.runs.evaluate(options.run, progress=watch))


def show_predictions(options: argparse.Namespace) -> None:
    with connect() as client:
        for row in client.runs.predictions(options.run, split=options.split):
            print(json.dumps(row, ensure_ascii=False))


def suggest_predictions(options: argparse.Namespace) -> None:
    with connect() as client:
        show(options, [client.runs.suggest(options.run, split=options.split)], ["stored", "absent"])


def _show_metrics(options: argparse.Namespace, results: Results) -> None:
    rows = [
        {"split": split, "task": task, **metrics}
        for split, part in (("validation", results["validation"]), ("test", results["test"]))
        for task, metrics in (part or {}).get("tasks", {}).items()
        if metrics
    ]
    show(options, rows, ["split", "task", "n", "macro_f1", "accuracy", "majority_macro_f1"])


def get_path(options: argparse.Namespace) -> None:
    with connect() as client:
        if options.path.endswith(".ndjson"):
            for row in client.lines(options.path):
                print(json.dumps(row, ensure_ascii=False))
            return
        found = client.get(options.path)
        if {*found} == {"next", "results"}:
            for row in client.pages(options.path):
                print(json.dumps(row, ensure_ascii=False))
        else:
            print(json.dumps(found, ensure_ascii=False, indent=1))


def show(
    options: argparse.Namespace, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]
) -> None:
    """Rows as JSON lines, or as columns with tabs between them."""
    for row in rows:
        if options.json:
            print(json.dumps(row, ensure_ascii=False))
        else:
            print("\t".join(_cell(row.get(name)) for name in columns))


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items())
    return "–" if value in (None, "") else str(value).replace("\t", " ").replace("\n", " ")


def _show_event(run: int, event: Event) -> None:
    if words := event_words(event):
        print(f"run {run}, {words}", file=sys.stderr)


def _show_progress(job: Job) -> None:
    left = f", about {job['seconds_left']} s left" if job["seconds_left"] else ""
    print(f"{job['state']} {job['progress']:.0%}{left}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
