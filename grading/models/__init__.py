"""What can be graded, what was handed in, what came of it, and what people decided about that."""

from grading.models.audit import AppendOnly, AuditEntry, record
from grading.models.documents import Document, DocumentFile, DocumentVersion
from grading.models.exercises import DataFile, Exercise, ExerciseVersion, PublishRefused
from grading.models.grades import Grade
from grading.models.people import Appeal, Extension, Judgement
from grading.models.preflights import PreflightReport
from grading.models.providers import Provider, ProviderMember
from grading.models.quizzes import ItemBank, Quiz, QuizAttempt, QuizDraw, QuizItem, QuizItemVersion
from grading.models.regrades import Regrade, RegradeItem
from grading.models.rehearsals import Rehearsal
from grading.models.similarity import SimilarityReport, SimilarPair
from grading.models.submissions import HandInRefused, Submission, pause_after
from grading.models.texts import in_language, storable
from grading.models.verdicts import Verdict

__all__ = [
    "Appeal",
    "AppendOnly",
    "AuditEntry",
    "DataFile",
    "Document",
    "DocumentFile",
    "DocumentVersion",
    "Exercise",
    "ExerciseVersion",
    "Extension",
    "Grade",
    "HandInRefused",
    "ItemBank",
    "Judgement",
    "PreflightReport",
    "Provider",
    "ProviderMember",
    "PublishRefused",
    "Quiz",
    "QuizAttempt",
    "QuizDraw",
    "QuizItem",
    "QuizItemVersion",
    "Regrade",
    "RegradeItem",
    "Rehearsal",
    "SimilarPair",
    "SimilarityReport",
    "Submission",
    "Verdict",
    "in_language",
    "pause_after",
    "record",
    "storable",
]
