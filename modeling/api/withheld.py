"""What is withheld of the rows of a list from people who annotate blind."""

from releases.models import Release


def mark(person, rows, release_of=lambda row: row.release):
    """Set on each row why its results are withheld from the person now, "" where they are not."""
    releases = {release_of(row).pk: release_of(row) for row in rows}
    found = Release.objects.filter(pk__in=releases).withheld_from(person) if releases else []
    reasons = {row.pk: releases[row.pk].why_withheld(person) for row in found}
    for row in rows:
        row.withheld = reasons.get(release_of(row).pk, "")
    return rows
