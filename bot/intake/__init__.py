"""Updates in: fetched, stored before Telegram is told, handled in order for each person. Knows nothing of features."""
