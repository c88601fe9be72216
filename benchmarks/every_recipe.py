"""Every recipe that the dashboard offers, trained from its form by name on one release.

    python -m benchmarks.every_recipe http://localhost:8000 --corpus 1 --username NAME
        [--release VERSION] [--epochs 2] [--without NAME ...] [--modalities text]

Signs in as a person does (the password comes from SHENGQING_PASSWORD), sends the form *Start runs*
with all recipes that it shows but those left out, waits for the runs, and prints of each how it
ended, its seconds, and the mean macro-F1 on the validation set. The recipe of a language model
needs scores of one: it is left out unless `--likelihoods DIGEST` names them. The exit status is 1
where a run has failed.
"""

import argparse
import csv
import io
import os
import re
import sys
import time
from collections import defaultdict
from statistics import mean

import httpx2

LOOK = 2.0  # seconds between two looks
ENDED = ("done", "failed", "stopped")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


class Browser:
    """A session of a person who has signed in."""

    def __init__(self, url: str, username: str, password: str) -> None:
        # a connection of its own for each request: the server closes one that waits between looks
        alone = httpx2.Limits(max_keepalive_connections=0)
        self.session = httpx2.Client(base_url=url, follow_redirects=True, timeout=120, limits=alone)
        self.send("/sign-in/", {"username": username, "password": password})

    def get(self, address: str, **parameters: str) -> httpx2.Response:
        response = self.session.get(address, params=parameters)
        response.raise_for_status()
        return response

    def send(self, address: str, fields: dict[str, object]) -> httpx2.Response:
        """Fill in the form of a page; the page that it leads to."""
        found = TOKEN.search(self.get(address).text)
        assert found, f"{address} has no form"
        origin = {"Referer": str(self.session.base_url.join(address))}
        data = {**fields, "csrfmiddlewaretoken": found[1]}
        response = self.session.post(address, data=data, headers=origin)
        response.raise_for_status()
        return response


def offered(page: str) -> list[str]:
    """The recipes of the form, in its order."""
    return re.findall(r'name="recipes" value="([\w-]+)"', page)


def chosen_release(page: str, version: str) -> str:
    """The number of a release in the form: the first unless a version is asked for."""
    select = re.search(r'<select name="release".*?</select>', page, re.S)
    assert select, "the corpus has no release to train on"
    rows = re.findall(r'<option value="(\d+)"[^>]*>\s*([^<]*?)\s*<', select[0])
    return next(number for number, name in rows if version in ("", name))


def wait(browser: Browser, corpus: int, experiment: int, count: int) -> dict[int, dict]:
    """The runs of the experiment by number, once all have ended."""
    pages = browser.get(f"/experiments/{experiment}/").text
    numbers = {int(each) for each in re.findall(r'href="/runs/(\d+)/"', pages)}
    while True:
        found = {number: state_of(browser, number) for number in sorted(numbers)}
        if len(found) == count and all(each["state"] in ENDED for each in found.values()):
            return found
        time.sleep(LOOK)


def state_of(browser: Browser, number: int) -> dict:
    return browser.get(f"/api/jobs/trainingrun/{number}/").json()


def report(runs: dict[int, dict], results: bytes) -> str:
    """A line a run."""
    scores, recipes = defaultdict(list), {}
    for row in csv.DictReader(io.StringIO(results.decode("utf-8-sig"))):
        recipes[int(row["run"])] = row["recipe"]
        if row["held_out"] == "False" and row["macro_f1"]:
            scores[int(row["run"])].append(float(row["macro_f1"]))
    lines = ["| run | recipe | state | macro-F1, validation |", "|---|---|---|---|"]
    for number, job in runs.items():
        said = f"{100 * mean(scores[number]):.1f}" if scores[number] else job["failure"] or "–"
        lines.append(f"| {number} | {recipes.get(number, job['name'])} | {job['state']} | {said} |")
    return "\n".join(lines)


def main() -> int:
    """Start the runs, wait, print; 1 where one did not end well."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("url")
    options.add_argument("--corpus", type=int, required=True)
    options.add_argument("--username", required=True)
    options.add_argument("--release", default="")
    options.add_argument("--epochs", type=int, default=2)
    options.add_argument("--without", nargs="*", default=[])
    options.add_argument("--modalities", nargs="*", default=[])
    options.add_argument("--likelihoods", default="")
    chosen = options.parse_args()
    browser = Browser(chosen.url, chosen.username, os.environ["SHENGQING_PASSWORD"])
    address = f"/corpora/{chosen.corpus}/runs/new/"
    page = browser.get(address).text
    without = {*chosen.without} | (set() if chosen.likelihoods else {"language-model"})
    recipes = [each for each in offered(page) if each not in without]
    fields = {
        "release": chosen_release(page, chosen.release), "recipes": recipes, "seeds": 1,
        "on_failure": "missing", "epochs": chosen.epochs, "name": "every recipe",
        "modalities": chosen.modalities, "likelihoods": chosen.likelihoods,
    }  # fmt: skip
    started = browser.send(address, fields)
    found = re.search(r"/experiments/(\d+)/", started.url.path)
    if not found:
        errors = re.findall(r'class="errorlist[^"]*".*?<li>(.*?)</li>', started.text, re.S)
        print("The form was refused:", *errors, sep="\n")
        return 1
    runs = wait(browser, chosen.corpus, int(found[1]), len(recipes))
    print(report(runs, browser.get(f"/experiments/{found[1]}/results.csv").content))
    return int(any(each["state"] != "done" for each in runs.values()))


if __name__ == "__main__":
    sys.exit(main())
