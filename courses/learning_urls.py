"""The addresses of learning together and by a plan; names are ``courses:…`` as everywhere on this floor."""

from django.urls import path

from courses import cohort_views, competence_views, discussion_views

urlpatterns = [
    path("cohorts/join/", cohort_views.join, name="join_cohort"),
    path("cohorts/<int:pk>/leave/", cohort_views.leave, name="leave_cohort"),
    path("checklist/<uuid:course_key>/", cohort_views.checklist, name="checklist"),
    path("my/competencies/", competence_views.competencies, name="competencies"),
    path("paths/", competence_views.paths, name="paths"),
    path("paths/<slug:slug>/", competence_views.path, name="path"),
    path("paths/<slug:slug>/choose/", competence_views.choose, name="choose_path"),
    path("exercises/<slug:slug>/discussion/", discussion_views.topics, name="topics"),
    path("exercises/<slug:slug>/discussion/<int:pk>/", discussion_views.topic, name="topic"),
    path("discussion/<int:pk>/", discussion_views.act, name="post_act"),
    path("my/letters/", discussion_views.wanted_letters, name="wanted_letters"),
    path("activity/", cohort_views.active, name="active"),
]
