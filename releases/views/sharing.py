"""Who else gets a release: members of the corpus, and people without an account by links."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import UserError
from core.parameters import posted
from core.translation import translate_error
from corpus.permissions import LEAD
from people.throttle import throttled
from releases.file_delivery import give_archive, give_file, give_layout
from releases.formats import FORMATS, ExportError
from releases.forms import GrantForm, ShareForm
from releases.models import Grant, MemberAccess, Share
from releases.permissions import frozen_of, release_of
from releases.views.releases import FORMAT_NAMES, shown


@require_POST
def member_access(request, pk):
    """Let members of the corpus read a release, or leads alone again."""
    release = release_of(request, pk, LEAD)
    try:
        if request.POST.get("allowed") == "1":
            MemberAccess.allow(request.user, frozen_of(request, pk, LEAD))
        else:
            MemberAccess.disallow(request.user, release)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    return redirect("release", pk)


@require_POST
def links(request, pk):
    """Make a link."""
    release = frozen_of(request, pk, LEAD)
    form = ShareForm(request.POST)
    if form.is_valid():
        try:
            Share.give(request.user, release, **form.cleaned_data)
            messages.success(request, _("The link is made. Copy it from the list below."))
        except UserError as refusal:
            messages.error(request, translate_error(refusal))
        return redirect("release", pk)
    return render(
        request, "releases/release.html", shown(request, release, share_form=form), status=422
    )


@require_POST
def revocation(request, pk):
    """Close a link."""
    link = get_object_or_404(Share.objects.select_related("release"), pk=pk)
    release = release_of(request, link.release_id, LEAD)
    link.revoke(request.user)
    return redirect("release", release.pk)


@login_not_required
@throttled
def shared(request, token):
    """The terms of a link; who accepts them gets an address to download from."""
    link = get_object_or_404(Share.objects.select_related("release__corpus"), token=token)
    _guard(request, link)
    form = GrantForm(posted(request))
    if request.method == "POST" and form.is_valid():
        accepted = {name: form.cleaned_data[name] for name in ("name", "affiliation", "email")}
        return redirect("grant", link.accept_terms(**accepted).token)
    page = {"share": link, "release": link.release, "form": form}
    return render(request, "releases/shared.html", page)


@login_not_required
@throttled
def grant(request, token):
    """What somebody who accepted the terms may download."""
    granted = _grant(request, token)
    page = {
        "grant": granted,
        "release": granted.share.release,
        "formats": [(key, FORMAT_NAMES[key]) for key in FORMATS],
    }
    return render(request, "releases/grant.html", page)


@login_not_required
@throttled
def granted_archive(request, token):
    granted = _grant(request, token)
    return give_archive(request, granted.share.release, granted)


@login_not_required
@throttled
def granted_file(request, token, path):
    granted = _grant(request, token)
    return give_file(request, granted.share.release, path, granted)


@login_not_required
@throttled
def granted_layout(request, token, name):
    granted = _grant(request, token)
    try:
        return give_layout(request, granted.share.release, name, granted)
    except ExportError as error:
        messages.error(request, translate_error(error))
        return redirect("grant", token)


def _grant(request, token):
    granted = get_object_or_404(Grant.objects.select_related("share__release__corpus"), token=token)
    _guard(request, granted.share)
    return granted


def _guard(request, share):
    """Raises Http404 if the link is over, and Withheld for somebody who is signed in and annotates
    these dialogues blind. Who follows a link without signing in is not known.
    """
    if not share.alive:
        raise Http404
    if request.user.is_authenticated:
        share.release.guard_blind(request.user)
