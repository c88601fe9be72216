import pytest
from django.test import RequestFactory

from core.byte_ranges import ranged_response


@pytest.fixture
def ask(tmp_path):
    path = tmp_path / "file.mp4"
    path.write_bytes(bytes(range(100)))

    def get(**headers):
        response = ranged_response(RequestFactory().get("/", headers=headers), path, "video/mp4")
        body = b"".join(response.streaming_content) if response.streaming else response.content
        return response, body

    return get


def test_the_whole_file(ask):
    response, body = ask()
    assert (response.status_code, len(body)) == (200, 100)
    assert response["Accept-Ranges"] == "bytes" and response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=10-19", 10, 19), ("bytes=90-", 90, 99), ("bytes=-5", 95, 99), ("bytes=0-999", 0, 99),
     ("bytes=-500", 0, 99)],
)  # fmt: skip
def test_one_range(ask, asked, first, last):
    response, body = ask(Range=asked)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/100"
    assert response["Content-Length"] == str(len(body)) == str(last - first + 1)
    assert body == bytes(range(first, last + 1))


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=50-10", "bytes=-0"])
def test_a_range_outside_the_file(ask, asked):
    response, _ = ask(Range=asked)
    assert response.status_code == 416 and response["Content-Range"] == "bytes */100"


@pytest.mark.parametrize("asked", ["bytes=-", "lines=1-2", "bytes=1-2,4-5", "nonsense"])
def test_what_is_not_understood_gives_the_whole_file(ask, asked):
    assert ask(Range=asked)[0].status_code == 200
