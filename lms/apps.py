"""The roof as a Django application: templates tags, system checks."""

from django.apps import AppConfig


class LmsConfig(AppConfig):
    name = "lms"

    def ready(self) -> None:
        from lms import checks  # noqa: F401, PLC0415 - registers on import, once the registry is there
