"""What people decide about credentials, in the back office: withdraw, replace, award by two, withdraw a key.

Nothing is signed here: the pages write orders, and the worker that holds the keys carries them out.
"""

import uuid
from dataclasses import dataclass
from typing import Any, cast

from celery import current_app
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from courses.back_office import needs
from lms.accounts.models import User
from lms.credentials import awarding, keys, revoking
from lms.credentials.models import Achievement, AuditEntry, Award, Credential, Issuer, IssuerKey, Replacement

MAY_WITHDRAW = "credentials.change_credential"
MAY_PROPOSE = "credentials.add_award"
MAY_DECIDE = "credentials.change_award"
MAY_WITHDRAW_KEYS = "credentials.change_issuerkey"
ON_A_PAGE = 50
POLL_SECONDS = 2
FAILURES_SHOWN = 50
Crumb = tuple[str, str]


def _page(
    request: HttpRequest, template: str, title: str, context: dict[str, Any], *parents: Crumb, status: int = 200
) -> HttpResponse:
    """A page of the back office; ``parents`` are (address, label) pairs that lead to it."""
    crumbs = [*({"url": url, "label": label} for url, label in parents), {"url": "", "label": title}]
    shown = {"page_title": title, "header_title": title, "header_icon": "success", "breadcrumbs_items": crumbs}
    return render(request, template, shown | context, status=status)


def _me(request: HttpRequest) -> User:
    return cast(User, request.user)


# --- One credential ---------------------------------------------------------------------------------------------------


class WithdrawForm(forms.Form):
    """For good: nothing takes its place."""

    reason = forms.ChoiceField(
        label=pgettext_lazy("a credential", "Why it is withdrawn"),
        choices=[(one.value, one.label) for one in Credential.Reason if one not in Credential.REPLACING],
        widget=forms.RadioSelect,
        help_text=gettext_lazy("The holder and everybody who verifies it can read this."),
    )
    is_sure = forms.BooleanField(label=gettext_lazy("I know that this cannot be undone."))


class ReplaceForm(forms.Form):
    """Another one takes its place."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Why another one is issued"),
        choices=[(one.value, one.label) for one in (Credential.Reason.NAME_CHANGED, Credential.Reason.CORRECTED)],
        widget=forms.RadioSelect,
    )


@require_http_methods(["GET", "POST"])
@never_cache
@needs(MAY_WITHDRAW)
def credential(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """What was done to one credential so far, and the two things that can be done to it."""
    found = get_object_or_404(Credential.objects.select_related("achievement__issuer", "learner", "key"), pk=uid)
    action = request.POST.get("action", "")
    withdraw_form = WithdrawForm(request.POST if action == "withdraw" else None, prefix="withdraw")
    replace_form = ReplaceForm(request.POST if action == "replace" else None, prefix="replace")
    if action == "withdraw" and withdraw_form.is_valid():
        return _withdraw(request, found, withdraw_form.cleaned_data["reason"])
    if action == "replace" and replace_form.is_valid():
        if problem := _why_not_replaced(found, replace_form.cleaned_data["reason"]):
            replace_form.add_error("reason", problem)
        else:
            return _replace(request, found, replace_form.cleaned_data["reason"])
    context = {
        "credential": found,
        "withdraw_form": withdraw_form,
        "replace_form": replace_form,
        "name_now": found.learner.get_full_name(),
        "order": Replacement.objects.filter(old=found).select_related("new", "ordered_by").first(),
        "parts": found.parts.defer("document"),
        "stacked": revoking.resting_on(found).select_related("achievement").defer("document"),
        "replaces": Replacement.objects.filter(new=found).select_related("old").first(),
        "entries": AuditEntry.objects.filter(credential_id=found.pk).select_related("actor"),
        "reasons": dict(Credential.Reason.choices),
    }
    parent = (reverse("wagtailsnippets_credentials_credential:list"), _("Credentials issued"))
    status = 422 if request.method == "POST" else 200
    return _page(request, "credentials/desk_credential.html", found.number, context, parent, status=status)


def _withdraw(request: HttpRequest, found: Credential, reason: str) -> HttpResponse:
    if revoking.revoke(found, reason=reason, actor=_me(request)):
        messages.success(request, _("It is withdrawn, and its holder is told. Others see it within minutes."))
    else:
        messages.warning(request, _("It had been withdrawn before; nothing was changed."))
    return redirect("credential_desk", found.pk)


def _why_not_replaced(found: Credential, reason: str) -> str:
    if reason == Credential.Reason.NAME_CHANGED and found.holder_name == found.learner.get_full_name():
        return _("The name of the account is still the one on the credential. Its holder changes it first.")
    return ""


def _replace(request: HttpRequest, found: Credential, reason: str) -> HttpResponse:
    try:
        order = revoking.order(found, reason=reason, actor=_me(request))
    except revoking.NotReplaceable:
        messages.error(request, _("It was withdrawn for good: no other one is issued in its place."))
        return redirect("credential_desk", found.pk)
    if order.new_id is None:
        _hint("lms.credentials.tasks.issue_due")
    messages.success(request, _("Ordered: another one is issued within minutes, and this one ends in the same step."))
    return redirect("credential_desk", found.pk)


def _hint(task: str, *args: Any) -> None:
    """Wakes the signing worker; it finds what is due by itself as well, within a minute."""

    def send() -> None:
        current_app.send_task(task, list(args), queue="credentials", retry=False)

    transaction.on_commit(send, robust=True)


# --- Awards by two people ---------------------------------------------------------------------------------------------


class AwardForm(forms.Form):
    achievement = forms.ModelChoiceField(label=gettext_lazy("Achievement"), queryset=Achievement.objects.none())
    email = forms.EmailField(
        label=gettext_lazy("E-mail address of the holder"), help_text=gettext_lazy("As of their account here.")
    )
    grounds = forms.CharField(
        label=gettext_lazy("Grounds"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("What was shown, when, and to whom. It stays with the record."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["achievement"].queryset = Achievement.objects.filter(is_active=True)  # type: ignore[attr-defined]

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].strip().lower()
        if not User.objects.filter(email=email, is_active=True).exists():
            raise forms.ValidationError(_("There is no account with this address."))
        return str(email)


@require_http_methods(["GET", "POST"])
@never_cache
def awards(request: HttpRequest) -> HttpResponse:
    """Proposals, those that wait first; POST makes one. Whoever may only propose sees their own."""
    user = _me(request)
    if not (user.has_perm(MAY_PROPOSE) or user.has_perm(MAY_DECIDE)):
        raise PermissionDenied
    form = AwardForm(request.POST or None)
    if request.method == "POST":
        if not user.has_perm(MAY_PROPOSE):
            raise PermissionDenied
        if form.is_valid() and _propose(form, user):
            messages.success(request, _("Proposed. Somebody else decides; they have been told by e-mail."))
            return redirect("awards")
    context = {
        "form": form if user.has_perm(MAY_PROPOSE) else None,
        "awards": Paginator(_visible(user), ON_A_PAGE).get_page(request.GET.get("p")),
    }
    status = 422 if form.errors else 200
    return _page(request, "credentials/desk_awards.html", _("Awards by two people"), context, status=status)


def _propose(form: AwardForm, user: User) -> bool:
    learner = User.objects.get(email=form.cleaned_data["email"])
    try:
        awarding.propose(form.cleaned_data["achievement"], learner, grounds=form.cleaned_data["grounds"], by=user)
    except awarding.NotAllowed as refused:
        form.add_error(None, why_not(refused.code))
        return False
    return True


def _visible(user: User) -> QuerySet[Award]:
    every = Award.objects.select_related("achievement", "learner", "requested_by", "decided_by", "credential")
    every = every.order_by(F("decided_at").desc(nulls_first=True), "-requested_at", "pk")
    return every if user.has_perm(MAY_DECIDE) else every.filter(requested_by=user)


@require_http_methods(["GET", "POST"])
@never_cache
def award(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """One proposal with its grounds; POST decides on it."""
    user = _me(request)
    found = get_object_or_404(_visible(user), uid=uid)
    if not (user.has_perm(MAY_PROPOSE) or user.has_perm(MAY_DECIDE)):
        raise PermissionDenied
    if request.method == "POST":
        if not user.has_perm(MAY_DECIDE) or request.POST.get("decision") not in {"approve", "refuse"}:
            raise PermissionDenied
        return _decide(request, found, is_approved=request.POST["decision"] == "approve")
    is_other = user.pk not in {found.requested_by_id, found.learner_id}
    context = {"award": found, "may_decide": user.has_perm(MAY_DECIDE) and is_other}
    parent = (reverse("awards"), _("Awards by two people"))
    return _page(request, "credentials/desk_award.html", found.achievement.name, context, parent)


def _decide(request: HttpRequest, found: Award, *, is_approved: bool) -> HttpResponse:
    try:
        awarding.decide(found, by=_me(request), is_approved=is_approved)
    except awarding.NotAllowed as refused:
        messages.error(request, why_not(refused.code))
        return redirect("award", found.uid)
    if is_approved:
        _hint("lms.credentials.tasks.issue_due")
        messages.success(request, _("Approved: the credential is issued within minutes."))
    else:
        messages.success(request, _("Refused: nothing is issued."))
    return redirect("award", found.uid)


def why_not(code: str) -> str:
    return {
        "no_grounds": _("An award needs grounds."),
        "oneself": _("Nobody proposes an award for themselves."),
        "held": _("They hold this credential already."),
        "proposed": _("The same award is proposed already and waits for a decision."),
        "second_person": _("Neither who proposed it nor its holder can decide on it."),
        "decided": _("Somebody else has decided on it meanwhile."),
    }[code]


# --- Keys -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recovery:
    """How far everything that a withdrawn key signed has been issued again."""

    total: int
    done: int
    failed: int

    @property
    def is_over(self) -> bool:
        return self.done + self.failed >= self.total


def recovery_of(key: IssuerKey) -> Recovery:
    orders = Replacement.objects.filter(old__key=key, reason=Credential.Reason.KEY_EVENT)
    numbers = orders.aggregate(
        total=Count("pk"),
        done=Count("pk", filter=~Q(new=None)),
        failed=Count("pk", filter=Q(new=None) & ~Q(problem="")),
    )
    in_force = Credential.objects.filter(key=key, revoked_at=None).count()
    return Recovery(numbers["total"] + in_force, numbers["done"], numbers["failed"])


@require_GET
@never_cache
@needs(MAY_WITHDRAW_KEYS)
def issuer_keys(request: HttpRequest) -> HttpResponse:
    """Every issuer with its keys, and how many credentials in force each has signed."""
    in_force = Credential.objects.filter(revoked_at=None).order_by()
    signed = dict(in_force.values_list("key").annotate(Count("pk")))
    issuers = Issuer.objects.prefetch_related(Prefetch("keys", IssuerKey.objects.order_by("-begins_at", "-pk")))
    rows = [(issuer, [(key, signed.get(key.pk, 0)) for key in issuer.keys.all()]) for issuer in issuers]
    context = {"rows": rows, "now": timezone.now()}
    return _page(request, "credentials/desk_keys.html", _("Keys of the issuers"), context)


class KeyForm(forms.Form):
    key_id = forms.CharField(
        label=gettext_lazy("Type the name of the key to confirm"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, key: IssuerKey, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._key = key

    def clean_key_id(self) -> str:
        if self.cleaned_data["key_id"].strip() != self._key.key_id:
            raise forms.ValidationError(_("That is not the name of this key."))
        return self._key.key_id


@require_http_methods(["GET", "POST"])
@never_cache
@needs(MAY_WITHDRAW_KEYS)
def issuer_key(request: HttpRequest, pk: int) -> HttpResponse:
    """One key: what withdrawing it would mean; POST withdraws it; afterwards how far the rest is."""
    key = _key(pk)
    form = KeyForm(request.POST or None, key=key)
    if request.method == "POST" and form.is_valid():
        if keys.withdraw(key, actor=_me(request)):
            _hint("lms.credentials.tasks.after_key_event", key.pk)
            messages.success(request, _("The key is withdrawn. What it signed is being issued again."))
        return redirect("issuer_key", key.pk)
    context = _state(key) | {
        "form": form,
        "signed": Credential.objects.filter(key=key, revoked_at=None).count(),
        "events": key.events.select_related("actor"),
        "failures": Replacement.objects.filter(old__key=key, new=None)
        .exclude(problem="")
        .select_related("old")[:FAILURES_SHOWN],
    }
    parent = (reverse("issuer_keys"), _("Keys of the issuers"))
    status = 422 if form.errors else 200
    return _page(request, "credentials/desk_key.html", key.key_id, context, parent, status=status)


@require_GET
@never_cache
@needs(MAY_WITHDRAW_KEYS)
def issuer_key_state(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that moves; once it moves no more the whole page is asked for."""
    state = _state(_key(pk))
    response = render(request, "credentials/_desk_key_state.html", state)
    if state["recovery"].is_over:
        response["HX-Refresh"] = "true"
    return response


def _key(pk: int) -> IssuerKey:
    return get_object_or_404(IssuerKey.objects.select_related("issuer"), pk=pk)


def _state(key: IssuerKey) -> dict[str, Any]:
    return {"key": key, "recovery": recovery_of(key), "poll_seconds": POLL_SECONDS}


urls = [
    path("credentials/<uuid:uid>/", credential, name="credential_desk"),
    path("credentials/awards/", awards, name="awards"),
    path("credentials/awards/<uuid:uid>/", award, name="award"),
    path("credentials/keys/", issuer_keys, name="issuer_keys"),
    path("credentials/keys/<int:pk>/", issuer_key, name="issuer_key"),
    path("credentials/keys/<int:pk>/state/", issuer_key_state, name="issuer_key_state"),
]
