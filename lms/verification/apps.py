"""Verification for people without an account as a Django application."""

from django.apps import AppConfig


class VerificationConfig(AppConfig):
    name = "lms.verification"
