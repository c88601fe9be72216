"""Releases as somebody may see them: known of, frozen, given."""

from django.http import Http404
from django.shortcuts import get_object_or_404

from corpus.permissions import LEAD, with_role
from releases.models import Diff, Release


def release_of(request, pk, *roles):
    """A release that the person may know of; before it is frozen, leads alone. Raises Http404."""
    release = get_object_or_404(Release.objects.of(request.user), pk=pk)
    with_role(request, release.corpus, *roles)
    return release


def frozen_of(request, pk, *roles):
    """The same for what shows something of a frozen release.

    Raises Http404, also before it is frozen, and Withheld while the person annotates blind.
    """
    release = release_of(request, pk, *roles)
    if not release.is_frozen:
        raise Http404
    release.guard_blind(request.user)
    return release


def given_of(request, pk):
    """A frozen release whose content the person may have: of a withdrawn one leads alone.

    Raises Http404, Withheld.
    """
    release = release_of(request, pk)
    guard_given(request, release)
    return release


def guard_given(request, release):
    """Raises Http404 unless the release is frozen and, but for leads, not withdrawn; Withheld while
    the person annotates blind.
    """
    led = release.corpus.role_of(request.user) == LEAD
    if not release.is_frozen or (release.is_withdrawn and not led):
        raise Http404
    release.guard_blind(request.user)


def diff_of(request, pk):
    """A diff both of whose releases the person may have. Raises Http404, Withheld."""
    diff = get_object_or_404(Diff.objects.of(request.user), pk=pk)
    with_role(request, diff.other.corpus)
    for release in (diff.one, diff.other):
        guard_given(request, release)
    return diff
