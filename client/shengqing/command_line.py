"""`shengqing` on the command line."""

import argparse
import getpass
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shengqing.client import Client, Job
from shengqing.credentials import (
    Credentials,
    forget_credentials,
    load_credentials,
    save_credentials,
)
from shengqing.errors import JobFailed, ShengqingError

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
    return "–" if value in (None, "") else str(value).replace("\t", " ").replace("\n", " ")


def _show_progress(job: Job) -> None:
    left = f", about {job['seconds_left']} s left" if job["seconds_left"] else ""
    print(f"{job['state']} {job['progress']:.0%}{left}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
