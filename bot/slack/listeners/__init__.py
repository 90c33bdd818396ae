"""One module for each noun; each registers what it listens to."""
