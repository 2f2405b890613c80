"""Personal data, in Thai and under /en/."""

from django.urls import path

from lms.privacy import views

app_name = "privacy"
urlpatterns = [
    path("privacy/", views.notice, name="notice"),
    path("privacy/versions/<str:version>/", views.notice, name="notice_version"),
    path("privacy/data/", views.data, name="data"),
    path("my/privacy/", views.mine, name="mine"),
    path("my/privacy/consent/", views.consent, name="consent"),
    path("my/privacy/export/", views.export, name="export"),
    path("my/privacy/erase/", views.erase, name="erase"),
    path("my/privacy/stay/", views.stay, name="stay"),
]
