"""The roof as a Django application: templates tags, system checks."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from grading import thai_collation


class LmsConfig(AppConfig):
    name = "lms"

    def ready(self) -> None:
        connection_created.connect(thai_collation.teach)
        from lms import checks  # noqa: F401, PLC0415 - registers on import, once the registry is there
