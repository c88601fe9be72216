"""A script in tests: a client of the API with a token of somebody."""

from rest_framework.test import APIClient

from tests.factories import make_token

PIECE = "application/offset+octet-stream"


def script_of(person):
    client = APIClient()
    token = make_token(person, ["read", "annotate", "write", "manage"])
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client


def send(script, address, body=None, method="post"):
    return getattr(script, method)(address, {} if body is None else body, format="json")


def rows(script, address):
    response = script.get(address)
    assert response.status_code == 200, response.content
    return response.json()["results"]


def uploaded(script, corpus, name, data):
    """The token of a file that was sent."""
    begun = send(script, f"/api/corpora/{corpus.pk}/uploads/", {"name": name, "size": len(data)})
    url = begun.json()["url"]
    assert script.patch(url, data, content_type=PIECE, headers={"upload-offset": "0"}).json()
    return begun.json()["token"]
