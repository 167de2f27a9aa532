"""How many requests a token may make: counted in one statement, limited by the plan."""

from __future__ import annotations

from dataclasses import dataclass

from crm.api.errors import ApiError
from crm.features import API_BURST, API_DAILY
from crm.models import ApiToken
from crm.sql import rows, sql

WINDOW_SECONDS = 10
DAY_SECONDS = 86_400


class TooManyRequests(ApiError):
    status = 429
    category = "RATE_LIMITS"

    def __init__(self, policy: str, retry_after: int) -> None:
        super().__init__(f"You have reached your {policy.lower()} limit.")
        self.policy = policy
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}

    def body(self) -> dict[str, object]:
        # JavaScript clients wait and try again when they find this policy's name.
        return super().body() | {"errorType": "RATE_LIMIT", "policyName": self.policy}


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a token has used so far, this request included, and what the plan allows."""

    burst: int
    daily: int
    #: None is unlimited.
    most_burst: int | None
    most_daily: int | None
    #: Until the present ten seconds, and the present day, are over.
    burst_left_seconds: int
    day_left_seconds: int

    def require(self) -> None:
        """Raise TooManyRequests unless this request is within the plan."""
        if self.most_daily is not None and self.daily > self.most_daily:
            raise TooManyRequests("DAILY", self.day_left_seconds)
        if self.most_burst is not None and self.burst > self.most_burst:
            raise TooManyRequests("TEN_SECONDLY_ROLLING", self.burst_left_seconds)

    def headers(self) -> dict[str, str]:
        headers = {"Interval-Milliseconds": WINDOW_SECONDS * 1000}
        if self.most_burst is not None:
            headers["Max"] = self.most_burst
            headers["Remaining"] = max(self.most_burst - self.burst, 0)
        if self.most_daily is not None:
            headers["Daily"] = self.most_daily
            headers["Daily-Remaining"] = max(self.most_daily - self.daily, 0)
        return {f"X-HubSpot-RateLimit-{name}": str(value) for name, value in headers.items()}


def count(token: ApiToken) -> Usage:
    """Count a request of a token; in every web process it is the same counter."""
    ((burst, daily, second),) = rows(
        sql(
            """
            INSERT INTO crm_apiusage AS u
                (token_id, burst_window, burst, day, daily, last_used_at)
            SELECT {token}, second / {window}, 1, second / {day}, 1, app_now()
            FROM (SELECT floor(extract(epoch FROM app_now()))::bigint AS second) moment
            ON CONFLICT (token_id) DO UPDATE SET
                burst = CASE WHEN u.burst_window = excluded.burst_window
                    THEN u.burst + 1 ELSE 1 END,
                daily = CASE WHEN u.day = excluded.day THEN u.daily + 1 ELSE 1 END,
                burst_window = excluded.burst_window,
                day = excluded.day,
                last_used_at = excluded.last_used_at
            RETURNING burst, daily, floor(extract(epoch FROM last_used_at))::bigint
            """,
            token=token.pk,
            window=WINDOW_SECONDS,
            day=DAY_SECONDS,
        )
    )
    return Usage(
        burst=burst,
        daily=daily,
        most_burst=API_BURST.value(),
        most_daily=API_DAILY.value(),
        burst_left_seconds=WINDOW_SECONDS - second % WINDOW_SECONDS,
        day_left_seconds=DAY_SECONDS - second % DAY_SECONDS,
    )
