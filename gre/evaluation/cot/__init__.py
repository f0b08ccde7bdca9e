"""Quality of reasoning: chains of thought held against the key steps of GREval-Bench."""
