"""Verification pages, in Thai and under /en/."""

from django.urls import path

from lms.credentials import views

app_name = "verify"
urlpatterns = [
    path("", views.form, name="form"),
    path("<str:number>/", views.credential, name="credential"),
    path("<str:number>/qr.svg", views.qr, name="qr"),
]
