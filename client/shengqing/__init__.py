"""The client of Shengqing's HTTP API.

from shengqing import Client

with Client("https://example.org", token="sq_…") as client:
    for corpus in client.corpora.list():
        print(corpus["id"], corpus["name"])
"""

from shengqing.client import Client
from shengqing.errors import (
    Conflict,
    Damaged,
    Invalid,
    JobFailed,
    NotAllowed,
    NotFound,
    Overtaken,
    Problem,
    ShengqingError,
    Throttled,
    Unreachable,
)
from shengqing.local_release import LocalRelease

__all__ = [
    "Client",
    "Conflict",
    "Damaged",
    "Invalid",
    "JobFailed",
    "LocalRelease",
    "NotAllowed",
    "NotFound",
    "Overtaken",
    "Problem",
    "ShengqingError",
    "Throttled",
    "Unreachable",
]
