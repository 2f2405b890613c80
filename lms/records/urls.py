"""One's own learning record, in Thai and under /en/."""

from django.urls import path

from lms.records import views

app_name = "records"
urlpatterns = [
    path("", views.record, name="record"),
    path("record.json", views.json_file, name="json"),
    path("record.csv", views.csv_file, name="csv"),
    path("take-over/", views.take_over, name="take_over"),
    path("brought/<uuid:uid>/drop/", views.drop, name="drop"),
    path("tokens/", views.grant, name="grant"),
    path("tokens/<int:pk>/end/", views.end, name="end"),
    path("send/<slug:slug>/", views.send, name="send"),
]
