"""The reference page: every operation, in both languages, without anything from elsewhere."""

import json
import re
from unittest.mock import Mock

import pytest
import yaml
from django.urls import reverse

from people.api import reference
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


@pytest.mark.one_database
def test_the_description_is_made_once_for_each_language_and_form(client_of, monkeypatch):
    client = client_of(make_person())
    reference._description.cache_clear()
    asked = [
        ("/api/schema/", "en"),
        ("/api/schema/?format=json", "en"),
        ("/api/schema/", "zh-hans"),
    ]
    first = [client.get(address, headers={"accept-language": spoken}) for address, spoken in asked]
    assert {answer.status_code for answer in first} == {200}
    assert len({answer.content for answer in first}) == 3
    assert json.loads(first[1].content)["openapi"] == yaml.safe_load(first[0].content)["openapi"]
    made = Mock(side_effect=AssertionError)
    monkeypatch.setattr(reference.SchemaGenerator, "get_schema", made)
    for answer, (address, spoken) in zip(first, asked, strict=True):
        again = client.get(address, headers={"accept-language": spoken})
        assert again.content == answer.content
        assert again["Content-Type"] == answer["Content-Type"]
