"""The library of data sets, as a Django application."""

from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    name = "courses.datasets"
