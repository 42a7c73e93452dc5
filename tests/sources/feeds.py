"""Small feeds as tests want them."""

from xml.sax.saxutils import escape


def item(number: int, **parts: str) -> str:
    """One RSS item; `parts` replace or add elements, an empty one leaves it out. `content` is content:encoded."""
    elements = {
        "title": f"Жаңалық {number}",
        "link": f"https://site.kz/2026/{number}/",
        "guid": f"https://site.kz/?p={number}",
        "pubDate": f"Sun, 01 Mar 2026 10:{number % 60:02}:00 +0000",
        "description": f"Қысқаша мазмұны {number}.",
    } | parts
    tags = {name: "content:encoded" if name == "content" else name for name in elements}
    inner = "".join(f"<{tags[name]}>{escape(value)}</{tags[name]}>" for name, value in elements.items() if value)
    return f"<item>{inner}</item>"


def rss(*items: str, title: str = "Сынақ сайты", head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    namespace = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    opening = f'{head}<rss version="2.0" {namespace}><channel><title>{title}</title><link>https://site.kz</link>'
    return opening + "".join(items) + "</channel></rss>"


def atom(*titles: str) -> str:
    entries = "".join(
        f'<entry><title type="html">{title}</title><link rel="alternate" href="/{place}"/><id>tag:{place}</id>'
        f"<updated>2026-03-01T10:0{place}:00+05:00</updated><summary>Қысқаша.</summary>"
        f'<content type="html">&lt;p&gt;Толық {place}&lt;/p&gt;</content></entry>'
        for place, title in enumerate(titles)
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Атом</title>{entries}</feed>'
