import pytest
from django.urls import reverse

from annotation.models import TableImport


@pytest.fixture
def send(lead, client, corpus, django_capture_on_commit_callbacks):
    """Post to a page as the lead; workers' work is done at once. The newest import."""
    client.force_login(lead)

    def post(name, pk, **data):
        with django_capture_on_commit_callbacks(execute=True):
            response = client.post(reverse(name, args=[pk]), data)
        assert response.status_code in (200, 302)
        post.response = response
        return TableImport.objects.first()

    return post
