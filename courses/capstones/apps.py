"""Capstones, as a Django application."""

from django.apps import AppConfig


class CapstonesConfig(AppConfig):
    name = "courses.capstones"
