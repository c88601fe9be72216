"""Links that give a release to people without an account: making, closing, and following one."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from corpus.jobs import Refused, sentence
from corpus.scope import LEAD, posted
from releases.formats import FORMATS, ExportError
from releases.forms import GrantForm, ShareForm
from releases.models import Grant, Share
from releases.views.downloads import give_archive, give_file, give_layout
from releases.views.releases import FORMAT_NAMES, release_of, shown


@require_POST
def links(request, pk):
    """Make a link."""
    release = release_of(request, pk, LEAD)
    form = ShareForm(request.POST)
    if form.is_valid():
        try:
            Share.give(request.user, release, **form.cleaned_data)
            messages.success(request, _("The link is made. Copy it from the list below."))
        except Refused as refusal:
            messages.error(request, sentence(refusal))
        return redirect("release", pk)
    return render(
        request, "releases/release.html", shown(request, release, share_form=form), status=422
    )


@require_POST
def revocation(request, pk):
    """Close a link."""
    found = get_object_or_404(Share.objects.select_related("release"), pk=pk)
    release = release_of(request, found.release_id, LEAD)
    found.revoke(request.user)
    return redirect("release", release.pk)


@login_not_required
def shared(request, token):
    """The terms of a link; who accepts them gets an address to download from."""
    found = _alive(get_object_or_404(Share.objects.select_related("release__corpus"), token=token))
    form = GrantForm(posted(request))
    if request.method == "POST" and form.is_valid():
        accepted = {name: form.cleaned_data[name] for name in ("name", "affiliation", "email")}
        return redirect("grant", found.accept(**accepted).token)
    page = {"share": found, "release": found.release, "form": form}
    return render(request, "releases/shared.html", page)


@login_not_required
def grant(request, token):
    """What somebody who accepted the terms may download."""
    found = _grant(token)
    page = {
        "grant": found,
        "release": found.share.release,
        "formats": [(key, FORMAT_NAMES[key]) for key in FORMATS],
    }
    return render(request, "releases/grant.html", page)


@login_not_required
def granted_archive(request, token):
    found = _grant(token)
    return give_archive(request, found.share.release, found.share)


@login_not_required
def granted_file(request, token, path):
    found = _grant(token)
    return give_file(request, found.share.release, path, found.share)


@login_not_required
def granted_layout(request, token, name):
    found = _grant(token)
    try:
        return give_layout(found.share.release, name, found.share)
    except ExportError as error:
        messages.error(request, sentence(error))
        return redirect("grant", token)


def _grant(token):
    found = get_object_or_404(Grant.objects.select_related("share__release__corpus"), token=token)
    _alive(found.share)
    return found


def _alive(share):
    if not share.alive:
        raise Http404
    return share
