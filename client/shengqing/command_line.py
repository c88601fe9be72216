"""`shengqing` on the command line."""

import argparse
import getpass
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
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
from shengqing.rows import Job

FAILED, USAGE, INTERRUPTED = 1, 2, 130


def build_parser() -> argparse.ArgumentParser:
    """The commands with their options."""
    top = argparse.ArgumentParser(prog="shengqing", description="Shengqing from a terminal.")
    top.add_argument("--json", action="store_true", help="print what the server sends")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Any, description: str) -> argparse.ArgumentParser:
        parser = commands.add_parser(name, help=description, description=description)
        parser.set_defaults(run=run)
        return parser

    login = command("login", log_in, "keep a server's address and a token of your account")
    login.add_argument("url")
    login.add_argument("--token", help="asked for unless given; “-” reads it from standard input")
    command("logout", log_out, "forget the address and the token")
    command("account", show_account, "who the token acts as, and what it may do")
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
    get = command("get", get_path, "whatever is at a path of the API, all pages of a list")
    get.add_argument("path", help="such as corpora/1/")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 with a sentence on standard error."""
    options = build_parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except ShengqingError as error:
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
    print("Forgotten." if forget_credentials() else "There was nothing to forget.")


def show_account(options: argparse.Namespace) -> None:
    with connect() as client:
        show(options, [client.account()], ["username", "name", "scopes"])


def list_corpora(options: argparse.Namespace) -> None:
    with connect() as client:
        show(options, client.corpora.list(), ["id", "name", "language", "role"])


def list_jobs(options: argparse.Namespace) -> None:
    with connect() as client:
        jobs = client.jobs.list(options.corpus, state=options.state)
        show(options, jobs, ["kind", "id", "state", "progress", "name", "failure"])


def watch_job(options: argparse.Namespace) -> int:
    """0 once it is done, 1 where it failed or was stopped."""
    with connect() as client:
        job = client.jobs.get(options.kind, options.id)
        try:
            client.jobs.wait(job, progress=None if options.json else _show_progress)
        except JobFailed as failed:
            print(f"shengqing: {failed}", file=sys.stderr)
            return FAILED
        if options.json:
            print(json.dumps(client.jobs.get(options.kind, options.id), ensure_ascii=False))
    return 0


def push_episode(options: argparse.Namespace) -> None:
    """The source, once it is cut (or read, of a draft)."""
    for path in filter(None, (options.media, options.transcript)):
        if not path.is_file():
            raise ShengqingError(f"{path} is no file.")
    watch = None if options.json else _show_progress
    with connect() as client:
        source = client.sources.push(
            options.corpus, media=options.media, transcript=options.transcript,
            title=options.title, progress=None if options.json else _show_bytes,
        )  # fmt: skip
        if not options.draft:
            client.jobs.wait(client.sources.confirm(source["id"]), progress=watch)
            if options.publish:
                client.sources.publish(source["id"])
        show(options, [client.sources.get(source["id"])], ["id", "title", "state", "counts"])


ROUND = ["id", "name", "state", "submitted", "wanted", "due"]


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
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items())
    return "–" if value in (None, "") else str(value).replace("\t", " ").replace("\n", " ")


def _show_bytes(done: int, total: int) -> None:
    print(f"{done:,} of {total:,} bytes", file=sys.stderr)


def _show_progress(job: Job) -> None:
    left = f", about {job['seconds_left']} s left" if job["seconds_left"] else ""
    print(f"{job['state']} {job['progress']:.0%}{left}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
