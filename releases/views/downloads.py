"""Files of a release, one by one, as one archive, or in the layout of another tool.

For members here; through a link that was shared in releases/views/sharing.py. Each request asks
anew whether the person may have it, also one that goes on after a break.
"""

from django.contrib import messages
from django.shortcuts import redirect

from core.translation import translate_error
from releases.file_delivery import give_archive, give_file, give_layout
from releases.formats import ExportError
from releases.permissions import given_of


def archive(request, pk):
    return give_archive(request, given_of(request, pk))


def file(request, pk, path):
    return give_file(request, given_of(request, pk), path)


def layout(request, pk, name):
    release = given_of(request, pk)
    try:
        return give_layout(request, release, name)
    except ExportError as error:
        messages.error(request, translate_error(error))
        return redirect("release", pk)
