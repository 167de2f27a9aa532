from __future__ import annotations

import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand

from workflows.ticker import Ticker


class Command(BaseCommand):
    help = "Wakes the workers when something is due; several may run at once."

    def handle(self, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))
        ticker = Ticker()
        try:
            ticker.run()
        finally:
            ticker.close()
