"""`{{ message|undo_address }}`: where what a message says is undone."""

from django import template

from core.undo import undo_address

register = template.Library()
register.filter(undo_address)
