"""The reference page: every operation, in both languages, without anything from elsewhere."""

import re

import pytest
from django.urls import reverse

from tests.factories import make_person

pytestmark = pytest.mark.django_db


def test_it_has_every_operation(client_of):
    client = client_of(make_person())
    schema = client.get("/api/schema/?format=json").json()
    page = client.get(reverse("api_reference"))
    text = page.content.decode()
    for path, methods in schema["paths"].items():
        assert path in text
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in text
            assert {"400", "401", "404", "429"} <= set(operation["responses"])
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert sorted(ids) == sorted({*ids})  # also none that the frame of pages has
    assert schema["openapi"].startswith("3.1")
    assert not re.findall(r'(?:src|href)="https?://', text)
    assert "开始使用" in client.get(
        reverse("api_reference"), headers={"accept-language": "zh-hans"}
    ).content.decode()  # fmt: skip
