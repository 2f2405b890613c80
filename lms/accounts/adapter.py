"""How allauth behaves here: Thai names on registration, e-mails in the person's language, redirects that keep it."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation

from lms.privacy import notice

NAME_FIELDS = ("title", "given_name", "family_name", "name_en")


class AccountAdapter(DefaultAccountAdapter):
    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        user = super().save_user(request, user, form, commit=False)
        for name in NAME_FIELDS:
            setattr(user, name, form.cleaned_data.get(name, ""))
        user.language = (translation.get_language() or "th")[:2]
        if commit:
            user.save()
            # It stands on the page where the data was asked for.
            notice.acknowledge(user)
        return user

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the person's language; in the page's when the address belongs to nobody."""
        language = getattr(context.get("user"), "language", None) or translation.get_language() or "th"
        with translation.override(language):
            super().send_mail(template_prefix, email, context)

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return reverse("wagtail_serve", args=[""])
