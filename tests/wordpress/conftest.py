"""The tests of this folder share one WordPress."""

from tests.support.wordpress import wordpress, wordpress_site

__all__ = ["wordpress", "wordpress_site"]
