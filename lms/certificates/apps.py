"""Certificates, badges and what their holders show of them, as a Django application."""

from django.apps import AppConfig


class CertificatesConfig(AppConfig):
    name = "lms.certificates"
