"""A link for a member to set a new password, made by a lead."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from corpus.models import Corpus, Membership
from corpus.permissions import may_reset_password
from people.installation_people import show_reset_link


@require_POST
@never_cache
def member_reset_link(request, pk):
    """Shown once, to a lead of every corpus that the member belongs to."""
    led = Membership.objects.filter(corpus__in=Corpus.objects.led_by(request.user))
    member = get_object_or_404(led.select_related("person"), pk=pk)
    if not may_reset_password(request.user, member.person):
        raise Http404
    return show_reset_link(request, member.person)
