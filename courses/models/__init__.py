"""What is taught, and who takes it."""

from courses.models.enrollment import Enrollment, LessonCompletion
from courses.models.pages import CourseIndexPage, CoursePage, HomePage, LessonPage, ModulePage

__all__ = [
    "CourseIndexPage",
    "CoursePage",
    "Enrollment",
    "HomePage",
    "LessonCompletion",
    "LessonPage",
    "ModulePage",
]
