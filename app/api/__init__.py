"""The HTTP API under /api/v1: one router per journey, request and answer schemas beside it."""
