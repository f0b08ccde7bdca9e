"""One evaluation from question to summary, and finished ones read back."""
