"""Making certificates, as the queue sees it: in a process of its own that holds the seal and nothing else."""

import logging

from celery import shared_task

from lms.certificates import printing
from lms.certificates.models import Certificate
from lms.credentials.seals import SealUnavailable

log = logging.getLogger(__name__)


@shared_task(name="lms.certificates.tasks.make", soft_time_limit=60, time_limit=90)
def make(certificate_id: int) -> bool:
    """Makes one certificate; what cannot be made now is left for ``make_waiting``."""
    certificate = Certificate.objects.select_related("credential__achievement").filter(pk=certificate_id).first()
    try:
        return certificate is not None and printing.make(certificate)
    except SealUnavailable as error:
        log.error("no certificate can be made: %s", error)
    except Exception:
        log.exception("a certificate could not be made", extra={"certificate": certificate_id})
    return False


@shared_task(name="lms.certificates.tasks.make_waiting", soft_time_limit=240, time_limit=300)
def make_waiting() -> int:
    try:
        return printing.make_waiting()
    except SealUnavailable as error:
        log.error("no certificate can be made: %s", error)
    return 0
