"""The files of a credential: addresses without a language."""

from django.urls import path

from lms.certificates import views

urlpatterns = [
    path("credentials/<str:number>.json", views.json_file, name="json"),
    path("credentials/<str:number>.png", views.png_file, name="png"),
    path("credentials/<str:number>.svg", views.svg_file, name="svg"),
    path("credentials/<str:number>.pdf", views.pdf_file, name="pdf"),
    path("credentials/<str:number>.jwt", views.jwt_file, name="jwt"),
    path("credentials/<str:number>/share.png", views.share_picture, name="share_picture"),
]
