"""`gre report`: finished runs side by side."""
