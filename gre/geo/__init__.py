"""Points on Earth, the distances between them, and the places they are in."""
