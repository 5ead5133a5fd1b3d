"""Code that meets a stranger's file: it runs in a child process of its own (``loans.sheets``).

Kept apart and imported by nothing heavy, so that the child starts fast and holds little.
"""
