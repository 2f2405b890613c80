"""Addresses without a language: documents and identities, read by machines."""

from django.urls import path

from lms.certificates import urls as certificate_urls
from lms.credentials import views
from lms.dossiers import views as dossiers

app_name = "credentials"
urlpatterns = [
    path(".well-known/did.json", views.did, name="did"),
    path("issuers/trusted.json", views.trusted_issuers, name="trusted_issuers"),
    path("issuers/<slug:slug>/did.json", views.issuer_did, name="issuer_did"),
    path("status/<int:number>", views.status_list, name="status_list"),
    path("schemas/learning-record.json", views.record_schema, name="record_schema"),
    path("schemas/course-package.json", views.package_schema, name="package_schema"),
    path("schemas/course-dossier.json", dossiers.schema, name="dossier_schema"),
    path("schemas/credential.json", views.schema, name="schema"),
    *certificate_urls.urlpatterns,
]
