"""Credentials as a Django application."""

from django.apps import AppConfig


class CredentialsConfig(AppConfig):
    name = "lms.credentials"

    def ready(self) -> None:
        from lms.credentials import checks  # noqa: F401, PLC0415 - registers on import, once the registry is there
