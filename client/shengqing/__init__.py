"""The client of Shengqing's HTTP API.

from shengqing import Client

with Client("https://example.org", token="sq_…") as client:
    for corpus in client.corpora.list():
        print(corpus["id"], corpus["name"])
"""

from shengqing.client import Client
from shengqing.errors import (
    Conflict,
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

__all__ = [
    "Client",
    "Conflict",
    "Invalid",
    "JobFailed",
    "NotAllowed",
    "NotFound",
    "Overtaken",
    "Problem",
    "ShengqingError",
    "Throttled",
    "Unreachable",
]
