"""Files as a browser sends them to an import, and what is in the database."""

from django.core.files.uploadedfile import SimpleUploadedFile

from annotation.models import Assignment, ExpertLabel, Judgement, Round
from corpus.models import Dialogue, Source, Speaker, Utterance


def files(**named):
    return [SimpleUploadedFile(name.replace("__", "."), content) for name, content in named.items()]


def counts():
    models = (Source, Dialogue, Utterance, Speaker, Round, Assignment, Judgement, ExpertLabel)
    return [model.objects.count() for model in models]
