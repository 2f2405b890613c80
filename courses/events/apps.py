"""Events, as a Django application."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "courses.events"
