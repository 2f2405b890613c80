"""Personal data, as a Django application."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "lms.privacy"

    def ready(self) -> None:
        from lms.privacy import notice  # noqa: PLC0415 - listens for logins

        notice.listen()
