"""Why there is no view, in the words of contracts/signals.ts."""

from typing import Literal

Reason = Literal["not_configured", "wrong_model", "timeout", "unavailable", "no_snapshot", "invalid_answer", "not_enough_data"]


class Refused(Exception):
    """No view, with its reason and a sentence for a person: what is missing, and how to mend it."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail
