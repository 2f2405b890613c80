"""The list of trusted issuers, as a Django application."""

from django.apps import AppConfig


class TrustConfig(AppConfig):
    name = "lms.trust"
