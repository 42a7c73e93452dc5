"""A demo news site in Kazakh and Russian: prepared articles, an RSS feed in WordPress's manner, plain pages.

It stands for a real site in the sandbox and in tests; it knows nothing of Telegram and nothing of the bot.
"""

from sandbox.site.articles import LANGUAGES, Article, Misprint
from sandbox.site.news import NewsSite

__all__ = ["LANGUAGES", "Article", "Misprint", "NewsSite"]
