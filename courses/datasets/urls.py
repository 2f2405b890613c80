"""The library of data sets, in Thai and under /en/."""

from django.urls import path

from courses.datasets import views

app_name = "datasets"
urlpatterns = [
    path("", views.library, name="library"),
    path("<slug:slug>/", views.dataset, name="dataset"),
    path("<slug:slug>/package.json", views.description, name="description"),
    path("<slug:slug>/files/<int:pk>/", views.file, name="file"),
]
