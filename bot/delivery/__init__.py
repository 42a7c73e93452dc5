"""How words leave Dauys: the outbox's engine, lanes and pacing, and our side of PTB's ports."""

import os

# PTB 22's documented way to have RetryAfter carry a timedelta; without it every 429 warns. It is read whenever such an
# error is made, so it stands where everybody who sends comes by.
os.environ.setdefault("PTB_TIMEDELTA", "true")
