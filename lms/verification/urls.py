"""Verification pages, in Thai and under /en/."""

from django.urls import path, re_path

from lms.credentials import views as credential_views
from lms.verification import views

app_name = "verify"
urlpatterns = [
    path("", views.form, name="form"),
    path("batches/<uuid:pk>/", views.batch, name="batch"),
    path("batches/<uuid:pk>/delete/", views.batch_delete, name="batch_delete"),
    re_path(r"^batches/(?P<pk>[0-9a-f-]{36})/result\.(?P<form>csv|xlsx)$", views.batch_result, name="batch_result"),
    path("issuers/", views.issuers, name="issuers"),
    path("offline/", views.offline, name="offline"),
    path("offline/bundle.zip", views.offline_bundle, name="offline_bundle"),
    path("offline/verify.html", views.offline_html, name="offline_html"),
    path("<str:number>/", credential_views.credential, name="credential"),
    path("<str:number>/name/", views.name, name="name"),
    path("<str:number>/qr.svg", credential_views.qr, name="qr"),
]
