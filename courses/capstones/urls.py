"""The addresses of capstones, in Thai and under /en/."""

from django.urls import path

from courses.capstones import views

app_name = "capstones"
urlpatterns = [
    path("projects/<slug:slug>/", views.project, name="project"),
    path("project/<uuid:pk>/take-back/", views.withdraw, name="withdraw"),
    path("project/<uuid:pk>/gallery/", views.share, name="share"),
    path("my/reviews/", views.reviews, name="reviews"),
    path("my/reviews/<uuid:pk>/", views.review, name="review"),
    path("gallery/", views.gallery_list, name="gallery"),
    path("gallery/<uuid:pk>/", views.gallery_project, name="gallery_project"),
]
