"""Benchmarks beside what one would use instead: `make bench`, or `python -m bench NAME …`; docs/performance.md.

Nothing here is a part of the bot, and nothing of the bot knows it.
"""
