"""The human step: a local page on which reviewers keep, edit or drop chains of thought."""
