"""What is taught, and who takes it."""

from courses.models.activity import ActiveTime, Presence
from courses.models.cohorts import Cohort, CohortMember, DueDate, Reminder
from courses.models.competencies import (
    ChosenPath,
    Competency,
    CourseCompetency,
    Framework,
    Path,
    PathStep,
    Prerequisite,
    Role,
    RoleTarget,
    SelfAssessment,
)
from courses.models.discussion import Post, PostReport, UnwantedLetter
from courses.models.enrollment import Enrollment, LessonCompletion
from courses.models.facets import Area, Licence, RoleGroup
from courses.models.packages import IncomingPackage
from courses.models.pages import CourseIndexPage, CoursePage, HomePage, LessonPage, ModulePage
from courses.models.reviewing import SecondPersonTask

__all__ = [
    "ActiveTime",
    "Area",
    "ChosenPath",
    "Cohort",
    "CohortMember",
    "Competency",
    "CourseCompetency",
    "CourseIndexPage",
    "CoursePage",
    "DueDate",
    "Enrollment",
    "Framework",
    "HomePage",
    "IncomingPackage",
    "LessonCompletion",
    "LessonPage",
    "Licence",
    "ModulePage",
    "Path",
    "PathStep",
    "Post",
    "PostReport",
    "Prerequisite",
    "Presence",
    "Reminder",
    "Role",
    "RoleGroup",
    "RoleTarget",
    "SecondPersonTask",
    "SelfAssessment",
    "UnwantedLetter",
]
