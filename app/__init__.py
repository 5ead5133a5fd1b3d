"""The edge: HTTP, browser and command line. No rule and no SQL lives here."""
