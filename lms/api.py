"""The API, for other systems: /api/v1/docs describes it."""

from ninja import NinjaAPI

from lms.credentials.api import router as credentials
from lms.records.api import router as records
from lms.verification.api import router as batches

api = NinjaAPI(title="Data skills", version="1", urls_namespace="api")
api.add_router("/credentials/batches", batches)
api.add_router("/credentials", credentials)
api.add_router("/learning-records", records)
