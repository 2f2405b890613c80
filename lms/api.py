"""The API, for other systems: /api/v1/docs describes it."""

from ninja import NinjaAPI

from lms.credentials.api import router as credentials

api = NinjaAPI(title="Data skills", version="1", urls_namespace="api")
api.add_router("/credentials", credentials)
