"""Correction of what was read: alternatives of the recogniser, weighed by a language model, behind a guard."""
