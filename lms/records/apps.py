"""Learning records, as a Django application."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "lms.records"
