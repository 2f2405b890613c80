"""The addresses of learning that are not pages of the tree."""

from django.urls import include, path

from courses import (
    desk,
    document_views,
    enrolling,
    exercise_views,
    practice,
    quiz_views,
    rehearsing,
    trying,
    workbench_views,
)

app_name = "courses"
urlpatterns = [
    path("my/", desk.desk, name="desk"),
    path("", include("courses.learning_urls")),
    path("enroll/<uuid:course_key>/", enrolling.enroll, name="enroll"),
    path("enroll/<uuid:course_key>/leave/", enrolling.leave, name="leave"),
    path("lessons/<uuid:lesson_key>/done/", enrolling.mark_lesson, name="mark_lesson"),
    path("lessons/<uuid:lesson_key>/try/", trying.begin, name="try_lesson"),
    path("practice/", practice.practices, name="practices"),
    path("practice/<uuid:pk>/", workbench_views.framed(practice.practice), name="practice"),
    path("practice/<uuid:pk>/delete/", practice.delete, name="practice_delete"),
    path("exercises/<slug:slug>/", workbench_views.framed(exercise_views.exercise), name="exercise"),
    path("exercises/<slug:slug>/release.ipynb", exercise_views.release, name="release"),
    path("exercises/<slug:slug>/files/<str:name>", exercise_views.file, name="file"),
    path("exercises/<slug:slug>/hand-in/", workbench_views.framed(exercise_views.hand_in), name="hand_in"),
    path("exercises/<slug:slug>/check/", rehearsing.check, name="check"),
    path("exercises/<slug:slug>/check/state/", rehearsing.state, name="check_state"),
    path("workbench/<uuid:pk>/versions/", document_views.versions, name="document_versions"),
    path("workbench/<uuid:pk>/restore/", document_views.restore, name="document_restore"),
    path("workbench/<uuid:pk>/start-over/", document_views.start_over, name="document_start_over"),
    path("workbench/<uuid:pk>/reset-cell/", document_views.reset_cell, name="document_reset_cell"),
    path("workbench/<uuid:pk>/new-release/", document_views.take_new_release, name="document_new_release"),
    path("workbench/<uuid:pk>/token/", workbench_views.token, name="workbench_token"),
    path("workbench/<uuid:pk>/state/", workbench_views.state, name="workbench_state"),
    path("workbench/<uuid:pk>/notebook.ipynb", workbench_views.notebook, name="workbench_notebook"),
    path("submissions/<uuid:pk>/", exercise_views.submission, name="submission"),
    path("submissions/<uuid:pk>/state/", exercise_views.submission_state, name="submission_state"),
    path("submissions/<uuid:pk>/notebook.ipynb", exercise_views.submission_notebook, name="submission_notebook"),
    path("submissions/<uuid:pk>/requeue/", exercise_views.requeue, name="requeue"),
    path("submissions/<uuid:pk>/appeal/", exercise_views.appeal, name="appeal"),
    path("appeals/<int:pk>/withdraw/", exercise_views.withdraw_appeal, name="withdraw_appeal"),
    path("quizzes/<slug:slug>/", quiz_views.quiz, name="quiz"),
    path("quizzes/<slug:slug>/start/", quiz_views.start, name="quiz_start"),
    path("quizzes/<slug:slug>/practice/", quiz_views.practice, name="quiz_practice"),
    path("quiz-attempts/<uuid:pk>/", quiz_views.attempt, name="quiz_attempt"),
    path("quiz-attempts/<uuid:pk>/save/", quiz_views.save, name="quiz_save"),
    path("quiz-attempts/<uuid:pk>/finish/", quiz_views.finish, name="quiz_finish"),
]
