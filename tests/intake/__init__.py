"""How updates come in, and come to the handlers."""
