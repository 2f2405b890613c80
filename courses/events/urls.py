"""The addresses of events, in Thai and under /en/."""

from django.urls import path

from courses.events import views

app_name = "events"
urlpatterns = [
    path("", views.events, name="events"),
    path("<slug:slug>/", views.event, name="event"),
    path("<slug:slug>/board/", views.board, name="board"),
    path("<slug:slug>/team/", views.found, name="found"),
    path("<slug:slug>/join/", views.join, name="join"),
    path("<slug:slug>/leave/", views.leave, name="leave"),
]
