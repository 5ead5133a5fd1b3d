"""Commands of the terminal, one file a topic; each calls the same functions as HTTP does."""
