"""What is taught, and who takes it."""

from courses.models.activity import ActiveTime, Presence
from courses.models.cohorts import Cohort, CohortMember, DueDate, Reminder
from courses.models.enrollment import Enrollment, LessonCompletion
from courses.models.pages import CourseIndexPage, CoursePage, HomePage, LessonPage, ModulePage

__all__ = [
    "ActiveTime",
    "Cohort",
    "CohortMember",
    "CourseIndexPage",
    "CoursePage",
    "DueDate",
    "Enrollment",
    "HomePage",
    "LessonCompletion",
    "LessonPage",
    "ModulePage",
    "Presence",
    "Reminder",
]
