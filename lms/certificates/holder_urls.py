"""The holder's pages, in Thai and under /en/."""

from django.urls import path

from lms.certificates import views

app_name = "certificates"
urlpatterns = [
    path("<str:number>/", views.holding, name="holding"),
    path("<str:number>/share/", views.share, name="share"),
    path("<str:number>/share/<int:pk>/end/", views.end_share, name="end_share"),
]
