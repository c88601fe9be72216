"""How many jobs of a corpus have failed, for the navigation."""

from django import template

from jobs.job_list import failed_count

register = template.Library()


@register.simple_tag
def failed_jobs(corpus):
    """The failed jobs of a corpus that nobody has tried again."""
    return failed_count(corpus)
