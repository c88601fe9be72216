"""The WSGI entry point."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import resolve

from core.request_bodies import RequestBodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = RequestBodies(get_wsgi_application(), settings.WEB_THREADS)
resolve("/")  # imports every view now, which would else take half a second of the first request
