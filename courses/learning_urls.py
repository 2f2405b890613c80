"""The addresses of learning together and by a plan; names are ``courses:…`` as everywhere on this floor."""

from django.urls import path

from courses import cohort_views

urlpatterns = [
    path("cohorts/join/", cohort_views.join, name="join_cohort"),
    path("cohorts/<int:pk>/leave/", cohort_views.leave, name="leave_cohort"),
    path("checklist/<uuid:course_key>/", cohort_views.checklist, name="checklist"),
    path("activity/", cohort_views.active, name="active"),
]
