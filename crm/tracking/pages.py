"""What the tracked websites ask for: the script, and the place to report to.

Anybody may ask, so nothing of what was sent comes back, no answer says more than its status, and no
error is ever shown.
"""

from __future__ import annotations

import logging
import re
from hashlib import sha256
from pathlib import Path
from typing import Final

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from crm.tracking import addresses, collecting, reading
from crm.tracking.collecting import Answer

logger = logging.getLogger(__name__)

SCRIPT: Final = (Path(__file__).parent / "cohort.js").read_bytes()
ETAG: Final = f'"{sha256(SCRIPT).hexdigest()[:20]}"'
#: An address as browsers give it: nothing else may stand in a header of ours.
ORIGIN = re.compile(
    r"https?://((?:[a-z0-9_.-]{1,253}|\[[0-9a-f:]{2,45}\])(?::[0-9]{1,5})?)", re.ASCII
)
STATUS = {Answer.TAKEN: 204, Answer.UNKNOWN: 403, Answer.TOO_MANY: 429}


def script(request: HttpRequest) -> HttpResponse:
    """The script that a website includes; browsers ask again after an hour."""
    if request.headers.get("If-None-Match") == ETAG:
        answer = HttpResponse(status=304)
    else:
        answer = HttpResponse(SCRIPT, content_type="text/javascript; charset=utf-8")
    answer["ETag"] = ETAG
    answer["Cache-Control"] = "public, max-age=3600"
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


@csrf_exempt
def collect(request: HttpRequest) -> HttpResponse:
    """Take in a report."""
    try:
        return _answer(request)
    except (DatabaseError, InterfaceError) as error:
        # Busy, or away: what one page had to say is lost, and the site does not notice.
        logger.warning("A report was lost: %s", str(error).partition("\n")[0])
        return HttpResponse(status=503)


def _answer(request: HttpRequest) -> HttpResponse:
    origin = ORIGIN.fullmatch(request.headers.get("Origin", "").lower())
    if origin is None:
        return HttpResponse(status=403)
    if request.method == "OPTIONS":
        return _preflight(origin)
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST, OPTIONS"})
    if collecting.is_bot(request.headers.get("User-Agent", "")):
        return HttpResponse(status=204)
    return _take(request, origin)


def _take(request: HttpRequest, origin: re.Match[str]) -> HttpResponse:
    raw = request.read(reading.MOST_BYTES + 1)
    if len(raw) > reading.MOST_BYTES:
        return HttpResponse(status=413)
    try:
        report = reading.read(raw, origin[1])
    except reading.Senseless:
        return HttpResponse(status=400)
    became = collecting.collect(report, origin[1], addresses.sender(request))
    answer = HttpResponse(status=STATUS[became])
    return answer if became is Answer.UNKNOWN else _shared(answer, origin)


def _preflight(origin: re.Match[str]) -> HttpResponse:
    if not collecting.is_site(origin[1]):
        return HttpResponse(status=403)
    answer = _shared(HttpResponse(status=204), origin)
    answer["Access-Control-Allow-Methods"] = "POST"
    answer["Access-Control-Allow-Headers"] = "Content-Type"
    answer["Access-Control-Max-Age"] = "3600"
    return answer


def _shared(answer: HttpResponse, origin: re.Match[str]) -> HttpResponse:
    """Let pages of a known site see the status."""
    answer["Access-Control-Allow-Origin"] = origin[0]
    answer["Vary"] = "Origin"
    return answer
